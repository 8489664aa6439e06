"""What the commands on specs share: choosing models, setting their parameters, printing what was found."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rnndsl.cli.parser import UsageError
from rnndsl.diagnostics import Diagnostic, did_you_mean
from rnndsl.driver import Job
from rnndsl.render import Findings, count_line
from rnndsl.resolve import ResolvedModule
from rnndsl.settings import SettingError, settings_for, unknown_setting
from rnndsl.syntax import tree

CONTENT = {"RNN0723", "RNN0724", "RNN0725"}
"""Faults of what is in a file. The others of files and folders (RNN07..) that no text leads to are the command line's."""


def choose_models(module: ResolvedModule, name: str | None, shown: str) -> list[tree.Definition]:
    """The model `name`, or all models of the file. Raises UsageError if there is no such model."""
    models = module.models()
    if name is None:
        return models
    chosen = [m for m in models if m.name.name == name]
    if chosen:
        return chosen
    known = [m.name.name for m in models]
    listed = f"the models are {', '.join(known)}" if known else "the file has no model"
    raise UsageError(f"no model `{name}` in {shown}", did_you_mean(name, known) or listed)


def model_settings(models: Sequence[tree.Definition], given: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """The parameters that `--set` gives to each model, by its name: each to those that have it. Raises UsageError."""
    try:
        for name in given:
            if not any(name == p.name for m in models for p in m.params):
                raise unknown_setting(name, models)
        return {m.name.name: settings_for(m, _of(m, given), text=True) for m in models}
    except SettingError as error:
        raise UsageError(str(error), error.help) from None


def _of(model: tree.Definition, given: Mapping[str, str]) -> dict[str, str]:
    names = {p.name for p in model.params}
    return {name: value for name, value in given.items() if name in names}


def print_findings(findings: Sequence[Findings], form: str, stream: TextIO | None = None) -> None:
    """Print `findings` in the form `text`, `json` or `sarif`; text ends with a count."""
    stream = stream or sys.stdout
    if form == "json":
        from rnndsl.render.json_report import render_json

        print(render_json(findings), file=stream)
    elif form == "sarif":
        from rnndsl import __version__
        from rnndsl.render.sarif import render_sarif

        print(render_sarif(findings, __version__), file=stream)
    else:
        _print_text(findings, stream)


def _print_text(findings: Sequence[Findings], stream: TextIO) -> None:
    from rnndsl.render.text import paint_for, render_text

    paint = paint_for(stream)
    for found in findings:
        stream.write(render_text(found, paint))
    counted = count_line(findings)
    if counted:
        print(counted, file=stream)


def exit_status(findings: Sequence[Findings]) -> int:
    """0 without errors, 2 if a file or folder of the command line could not be used, or else 1."""
    errors = [d for f in findings for d in f.diagnostics if d.severity == "error"]
    if not errors:
        return 0
    return 2 if any(_unusable(d) for d in errors) else 1


def _unusable(diagnostic: Diagnostic) -> bool:
    return diagnostic.span is None and diagnostic.code.startswith("RNN07") and diagnostic.code not in CONTENT


def job_for(spec: str) -> Job:
    """A job for the spec at `spec`."""
    return Job(Path(spec))
