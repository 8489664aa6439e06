"""`rnndsl compile SPEC -o DIR`: a spec to an artefact. TensorFlow is imported once the spec is known to be right."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.backends.jit import JITS
from rnndsl.cli.depfile import depfile_text, write_depfile
from rnndsl.cli.parser import Parser, UsageError, add_format, add_settings, add_sizes, pairs, sizes_of
from rnndsl.cli.saying import say
from rnndsl.cli.specs import choose_models, counted, exit_status, own_variables, plan_models, print_findings
from rnndsl.driver import Emit, Job
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.fault import CallError
from rnndsl.text.faults import command as faults
from rnndsl.text.faults.files import unwritable
from rnndsl.text.wording import at

if TYPE_CHECKING:
    from argparse import Namespace

    from rnndsl.plan.model import Plan


def run(argv: Sequence[str]) -> int:
    """Compile the spec; nothing is written if it is wrong."""
    arguments = _parser().read(argv)
    if arguments.output is None and not arguments.print_after:
        raise UsageError(faults.no_output())
    if arguments.sizes and "stablehlo" not in arguments.emit:
        raise UsageError(faults.sizes_alone())
    printed: set[str] = set()
    job = Job(Path(arguments.spec), _printer(arguments.print_after, printed))
    try:
        lines = _compile(job, arguments)
    except DiagnosticsError as error:
        job.sink.extend(error.diagnostics)
        _report(job, arguments.format)
        return exit_status([job.findings])
    missing = [stage for stage in arguments.print_after if stage not in printed]
    if missing:
        raise _no_stage(missing[0], arguments.opt_level)
    _report(job, arguments.format)
    if arguments.format == "text":
        say("".join(f"{line}\n" for line in lines))
    return 0


def _parser() -> Parser:
    parser = Parser("rnndsl compile", "Compile a spec to an artefact.")
    parser.add_argument("spec", metavar="SPEC")
    parser.add_argument("-o", "--output", metavar="DIR", help="the artefact's folder")
    add_settings(parser)
    parser.add_argument(
        "--opt-level", type=int, choices=(0, 1), default=1, help="0 is the plain reference, 1 (the default) has all passes"
    )
    parser.add_argument(
        "--jit",
        choices=JITS,
        default="auto",
        help="compile recurrences with XLA: auto (the default) in training steps and where they are wide",
    )
    parser.add_argument(
        "--recompute",
        action="store_true",
        help="in training, keep the states of scans at few steps and run those between again: less memory, more time",
    )
    parser.add_argument(
        "--emit",
        choices=("meta-graph", "replicas", "stablehlo"),
        action="append",
        default=[],
        help="write a TensorFlow 1 MetaGraph, training steps that several workers take together, or StableHLO modules, too",
    )
    add_sizes(parser)
    parser.add_argument(
        "--print-after",
        metavar="STAGE",
        action="append",
        default=[],
        help="print syntax, plan, functions or a pass; without -o, write nothing",
    )
    parser.add_argument("--depfile", metavar="FILE", help="write a rule for make or ninja of all files that were read")
    add_format(parser, "text", "json")
    return parser


def _no_stage(name: str, level: int) -> UsageError:
    from rnndsl.passes import PASSES

    known = ["syntax", "plan", "functions", *(each for each, _ in PASSES if level > 0)]
    return UsageError(faults.no_stage(name, level, known))


def _printer(stages: Sequence[str], printed: set[str]) -> Callable[[str, Callable[[], str]], None]:
    def watch(stage: str, show: Callable[[], str]) -> None:
        if stage in stages:
            printed.add(stage)
            say(f"# after {stage}\n{show()}")

    return watch


def _compile(job: Job, arguments: Namespace) -> list[str]:
    module = job.resolve()
    models = choose_models(module, arguments.model, arguments.spec)
    if not models:
        job.sink.raise_if_failed()
        raise UsageError(faults.no_models(arguments.spec))
    plans = plan_models(job, module, models, pairs("--set", arguments.settings))
    plans = [job.optimise(plan, arguments.opt_level, arguments.jit, recompute=arguments.recompute) for plan in plans]
    if arguments.output is None:
        return []
    target = Path(arguments.output)
    targets = [target] if len(module.models()) == 1 or arguments.model else [target / plan.name for plan in plans]
    sizes = sizes_of(arguments.sizes)
    for plan, folder in zip(plans, targets, strict=True):
        job.check_target(plan, folder)
        _check_sizes(job, plan, arguments.emit, sizes)
    values = [job.pretrained(plan) for plan in plans]
    if arguments.depfile:
        _check_depfile(job, Path(arguments.depfile), targets)
    rule = _rule(job, targets) if arguments.depfile else ""
    for plan, folder, pretrained in zip(plans, targets, values, strict=True):
        job.write(
            plan,
            folder,
            pretrained,
            level=arguments.opt_level,
            jit=arguments.jit,
            emit=arguments.emit,
            sizes=sizes,
            recompute=arguments.recompute,
        )
    if arguments.depfile:
        _write_depfile(Path(arguments.depfile), rule)
    said = [f"{folder}: {_described(plan)}" for plan, folder in zip(plans, targets, strict=True)]
    return [*said, *(line for folder in targets if "stablehlo" in arguments.emit for line in _without(folder))]


def _check_sizes(job: Job, plan: Plan, emit: Sequence[Emit], sizes: Mapping[str, int]) -> None:
    try:
        job.check_sizes(plan, emit, sizes)
    except CallError as error:
        raise UsageError(error.fault) from None


def _without(folder: Path) -> list[str]:
    """The functions that have no StableHLO module in the artefact in `folder`, and why."""
    from rnndsl.backends.stablehlo.files import absent_in

    found = absent_in(folder).items()
    return [f"no StableHLO of `{name}`: no form for {why['operation']}{at(why['place'])}" for name, why in found]


def _check_depfile(job: Job, path: Path, folders: Sequence[Path]) -> None:
    """Raises UsageError for a file that was read, and for one in a folder that is replaced as a whole."""
    real = Path(os.path.realpath(path))
    if real in [file.location for file in job.files()]:
        raise UsageError(faults.depfile_was_read(path))
    for folder in folders:
        if real.is_relative_to(os.path.realpath(folder)):
            raise UsageError(faults.depfile_in_artefact(path, folder))


def _rule(job: Job, folders: Sequence[Path]) -> str:
    """A rule for the manifests: they have the digests of all inputs, and so change whenever one does. Raises UsageError."""
    from rnndsl.artefact.reading.plain import MANIFEST

    return depfile_text([folder / MANIFEST for folder in folders], [file.location for file in job.files()])


def _write_depfile(path: Path, rule: str) -> None:
    try:
        write_depfile(path, rule)
    except OSError as error:
        raise UsageError(unwritable(path, error)) from None


def _described(plan: Plan) -> str:
    from rnndsl.artefact.summary import summarise

    summary = summarise(plan)
    return f"model {plan.name}, {counted(own_variables(plan), 'variable')}, {counted(summary.parameters, 'parameter')}"


def _report(job: Job, form: str) -> None:
    if form == "json":
        print_findings([job.findings], form)
    elif job.findings.diagnostics:
        print_findings([job.findings], form, sys.stderr)
