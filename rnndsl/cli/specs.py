"""What the commands on specs share: choosing models, setting their parameters, printing what was found."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rnndsl.cli.parser import UsageError, pairs
from rnndsl.cli.saying import say_json
from rnndsl.driver import Emit, Job
from rnndsl.syntax import tree
from rnndsl.text.codes.artefact import DISK_FULL
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.faults import command as faults
from rnndsl.text.render import Findings, count_line

if TYPE_CHECKING:
    from rnndsl.names.modules import ResolvedModule
    from rnndsl.plan.model import Plan
    from rnndsl.weights.loading import Pretrained


def choose_models(module: ResolvedModule, name: str | None, shown: str) -> list[tree.Definition]:
    """The model `name`, or all models of the file. Raises UsageError if there is no such model."""
    models = module.models()
    if name is None:
        return models
    chosen = [m for m in models if m.name.name == name]
    if chosen:
        return chosen
    raise UsageError(faults.no_model(name, shown, [m.name.name for m in models]))


def plan_models(
    job: Job, module: ResolvedModule, models: Sequence[tree.Definition], given: Mapping[str, str], *, is_loaded: bool = True
) -> list[Plan]:
    """The plans of `models`. Each gets those of the settings `given` that it has. Raises DiagnosticsError, UsageError."""
    from rnndsl.elaborate import SettingError

    known = {m.name.name: {p.name for p in m.params} for m in models}
    every = set[str]().union(*known.values())
    settings = {m: {name: v for name, v in given.items() if name in names or name not in every} for m, names in known.items()}
    try:
        return job.plan(module, models, settings, is_loaded=is_loaded)
    except SettingError as error:
        raise UsageError(faults.with_parameters(error.fault, [(m.name.name, _parameters(m)) for m in models])) from None


def chosen_plans(job: Job, arguments: Namespace) -> list[Plan]:
    """The plans of the models that a command line of `add_settings` chooses. Raises DiagnosticsError, UsageError."""
    module = job.resolve()
    models = choose_models(module, arguments.model, arguments.source)
    if not models:
        raise UsageError(faults.no_models(arguments.source))
    return plan_models(job, module, models, pairs("--set", arguments.settings))


def one_plan(job: Job, arguments: Namespace) -> Plan:
    """The plan of the one model that a command line of `add_settings` chooses. Raises DiagnosticsError, UsageError."""
    module = job.resolve()
    models = choose_models(module, arguments.model, arguments.model_source)
    if len(models) != 1:
        raise UsageError(faults.choose_model(arguments.model_source, len(models)))
    return plan_models(job, module, models, pairs("--set", arguments.settings))[0]


@contextmanager
def compiled(job: Job, plan: Plan, pretrained: Pretrained, emit: Sequence[Emit] = ()) -> Generator[Path]:
    """An artefact of `plan` that is there as long as it is used. Raises UsageError, DiagnosticsError."""
    try:
        place = tempfile.TemporaryDirectory(prefix="rnndsl-", ignore_cleanup_errors=True)
    except OSError as error:
        raise UsageError(faults.no_temporary_folder(error)) from None
    with place as folder:
        try:
            job.write(plan, Path(folder) / "model", pretrained, level=1, emit=emit)
        except DiagnosticsError as error:
            if all(d.code != DISK_FULL.number for d in error.diagnostics):
                raise
            raise UsageError(
                faults.no_temporary_room(job.reader.shown(job.reader.name_of(job.reader.spec)), tempfile.gettempdir())
            ) from None
        yield Path(folder) / "model"


def _parameters(model: tree.Definition) -> list[str]:
    """`units: int = 4` and so on."""
    return [f"{p.name}: {f'[{p.type.name}]' if p.is_list else p.type.name}{_default(p)}" for p in model.params]


def _default(param: tree.ConstructorParam) -> str:
    return f" = {param.default.span.text}" if param.default is not None else ""


def own_variables(plan: Plan) -> int:
    """How many variables the model has; optimizers' own are not counted."""
    return sum(v.kind != "optimizer" for v in plan.variables)


def counted(number: int, noun: str) -> str:
    """`1 variable`, `2 variables`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_findings(findings: Sequence[Findings], form: str, stream: TextIO | None = None) -> None:
    """Print `findings` in the form `text`, `json` or `sarif`; text ends with a count."""
    out = stream or sys.stdout
    if form == "json":
        from rnndsl.text.render.json_report import render_json

        say_json(render_json(findings), out)
    elif form == "sarif":
        from rnndsl import __version__
        from rnndsl.text.render.sarif import render_sarif

        say_json(render_sarif(findings, __version__), out)
    else:
        _print_text(findings, out)


def _print_text(findings: Sequence[Findings], stream: TextIO) -> None:
    from rnndsl.text.render.text import paint_for, render_text

    paint = paint_for(stream)
    for found in findings:
        stream.write(render_text(found, paint))
    total = count_line(findings)
    if total:
        print(total, file=stream)


def exit_status(findings: Sequence[Findings]) -> int:
    """0 without errors, 2 if the command or its data are at fault, or else 1."""
    return max((d.status for f in findings for d in f.diagnostics if d.severity == "error"), default=0)


def job_for(spec: str) -> Job:
    """A job for the spec at `spec`."""
    return Job(Path(spec))
