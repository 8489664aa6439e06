"""`rnndsl inspect SPEC|DIR`: the variables, collections and signatures of a model. Never imports TensorFlow."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.parser import Parser, UsageError, add_format, add_settings
from rnndsl.cli.saying import say, say_json
from rnndsl.cli.specs import chosen_plans, counted, exit_status, job_for, print_findings
from rnndsl.regular import is_folder
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.faults import command as faults

if TYPE_CHECKING:
    from rnndsl.artefact.summary import ModelSummary, SignatureSummary, StepSummary, VariableSummary

SHOWN_MEMBERS, SHOWN_OUTPUTS = 3, 6
"""Of a collection, and of a signature, unless all are asked for."""
WIDTH = 120
"""Columns of a table that is not printed to a terminal."""


def run(argv: Sequence[str]) -> int:
    """Print the summary of one spec or artefact."""
    parser = Parser("rnndsl inspect", "Show the variables, collections and signatures of a spec or an artefact.")
    parser.add_argument("source", metavar="SPEC|DIR")
    add_settings(parser)
    parser.add_argument("--all", action="store_true", help="list every member of a collection and every output of a signature")
    add_format(parser, "text", "json")
    arguments = parser.read(argv)
    if is_folder(Path(arguments.source)):
        if arguments.settings or arguments.model:
            raise UsageError(faults.compiled_already("--set", "--model"))
        return _print(_of_artefact(Path(arguments.source)), arguments)
    job = job_for(arguments.source)
    try:
        plans = chosen_plans(job, arguments)
    except DiagnosticsError:
        print_findings([job.findings], arguments.format, sys.stderr if arguments.format == "text" else None)
        return exit_status([job.findings])
    from rnndsl.artefact.summary import summarise

    return _print([summarise(job.derive(plan)) for plan in plans], arguments)


def _of_artefact(folder: Path) -> list[ModelSummary]:
    from rnndsl.artefact.summary import summarise_manifest
    from rnndsl.cli.artefacts import artefacts_in

    return [summarise_manifest(manifest) for manifest in artefacts_in(folder).values()]


def _print(summaries: Sequence[ModelSummary], arguments: Namespace) -> int:
    if arguments.format == "json":
        inner = ",\n".join(s.model_dump_json(indent=2) for s in summaries)
        say_json(inner if len(summaries) == 1 else f"[\n{inner}\n]")
    else:
        say("\n".join(_text(s, arguments.all) for s in summaries))
    return 0


def _text(summary: ModelSummary, whole: bool) -> str:
    """`whole`: lists are not cut."""
    from rnndsl.text.render.table import table

    settings = ", ".join(f"{k} = {_value(v)}" for k, v in summary.settings.items())
    own = [v for v in summary.variables if v.kind != "optimizer"]
    rows = [(v.path, v.type, _trained(v), v.initializer, v.initializer_origin) for v in own]
    collections = [(k, str(len(x)), _listed(x, None if whole else SHOWN_MEMBERS)) for k, x in summary.collections.items() if x]
    outputs = None if whole else SHOWN_OUTPUTS
    signatures = [(s.name, _typed(s.inputs), _typed(s.outputs, outputs)) for s in summary.signatures if not s.absent]
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    parts = [
        f"model {summary.name}({settings}), {summary.dtype}, seed {summary.seed}\n",
        table(("variable", "type", "trained", "initial values", "from"), rows, width=width) if rows else "",
        f"{_counts(summary, len(own))}\n",
        table(("collection", "size", "members"), collections, frozenset({1}), width) if collections else "",
        table(("signature", "inputs", "outputs"), signatures, width=width) if signatures else "",
        *(steps_table(s, width) for s in summary.signatures if s.kind == "train"),
        "".join(f"no `{s.name}`: {s.absent}\n" for s in summary.signatures if s.absent),
    ]
    return "\n".join(part for part in parts if part)


def steps_table(signature: SignatureSummary, width: int) -> str:
    """What a call of a training signature does, in order. A step that another one of those before it waits for is left out."""
    from rnndsl.text.render.table import table

    by_name = {s.name: s for s in signature.steps}

    implied = {name: {x for other in s.after for x in by_name[other].after} for name, s in by_name.items()}
    rows = [
        (str(k), s.name, _does(s), ", ".join(x for x in s.after if x not in implied[s.name]))
        for k, s in enumerate(signature.steps, 1)
    ]
    return table(("", f"steps of {signature.name}", "does", "after"), rows, frozenset({0}), width)


def _does(step: StepSummary) -> str:
    if step.optimizer is None:
        return f"{step.does}s {step.variables[0]}"
    return f"{step.optimizer} of {counted(len(step.variables), 'variable')}"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _trained(variable: VariableSummary) -> str:
    return "yes" if variable.trainable else f"no: {variable.not_trainable}"


def _counts(summary: ModelSummary, own: int) -> str:
    hidden = len(summary.variables) - own
    more = f"; {hidden} more of optimizers (train/...)" if hidden else ""
    return f"{counted(own, 'variable')}, {counted(summary.parameters, 'parameter')}, {summary.trainable:,} trained{more}"


def _listed(names: Sequence[str], most: int | None) -> str:
    cut = most is not None and len(names) > most
    return ", ".join([*names[:most], f"... ({len(names)}: --all)"] if cut else names)


def _typed(values: Mapping[str, str | None], most: int | None = None) -> str:
    return _listed([f"{name}: {type}" if type else name for name, type in values.items()], most)
