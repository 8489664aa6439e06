"""Checks a spec as `rnndsl check` does, for the tests of diagnostics. Imports no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rnndsl.driver import Job
from rnndsl.elaborate import SettingError
from rnndsl.text.diagnostics import Diagnostic, DiagnosticsError
from rnndsl.text.render import Findings
from rnndsl.text.render.text import render_text
from tests.described import write_described


@dataclass(frozen=True)
class Checked:
    """What was found. `text` shows files by their names relative to the spec's folder."""

    diagnostics: tuple[Diagnostic, ...]
    text: str
    models: int

    @property
    def codes(self) -> list[str]:
        return [d.code for d in self.diagnostics if d.severity != "lint"]

    @property
    def errors(self) -> list[str]:
        return [d.code for d in self.diagnostics if d.severity == "error"]


def check(spec: Path) -> Checked:
    """Check every model of the file `spec`."""
    job = Job(spec)
    plans = []
    try:
        module = job.resolve()
        plans = job.plan(module, module.models(), {})
    except DiagnosticsError:
        assert job.sink.failed
    except SettingError:
        pass  # a parameter without a default: of the command, not of the spec
    found = job.sink.sorted()
    return Checked(tuple(found), render_text(Findings(tuple(found))), len(plans))


def check_text(folder: Path, text: str, files: Mapping[str, str] | None = None, name: str = "spec.rnn") -> Checked:
    """Check `text`, written to a project in `folder`, beside `files`. The content of a `.npz` is described."""
    (folder / "rnndsl.toml").touch()
    for each, content in {**(files or {}), name: text}.items():
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        if each.endswith(".npz"):
            write_described(folder / each, content)
        else:
            (folder / each).write_text(content, encoding="utf-8")
    return check(folder / name)
