"""Diagnostics as JSON: the published form, with a JSON Schema (`docs/diagnostics.schema.json`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rnndsl.text import diagnostics as found
from rnndsl.text.render import Findings
from rnndsl.text.source import Span, unicode


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(Model):
    """`line`, `column` (characters) and `utf16` (UTF-16 code units) count from 1; `offset` counts characters from 0."""

    line: int
    column: int
    utf16: int
    offset: int


class Place(Model):
    """The characters from `start` up to, not including, `end` of `file`."""

    file: str
    start: Position
    end: Position


class Note(Model):
    """A further remark; with a place, one about another place."""

    text: str
    place: Place | None = None


class Diagnostic(Model):
    """One finding. `place` is null where there is no text to point at: a missing file."""

    code: str = Field(pattern="^RNN[0-9]{4}$")
    severity: Literal["error", "warning", "lint"]
    message: str
    place: Place | None = None
    notes: tuple[Note, ...] = ()
    help: str | None = None


class Report(Model):
    """What a command found in all specs that it was given."""

    format_version: Literal[1] = 1
    diagnostics: tuple[Diagnostic, ...]
    errors: int
    warnings: int
    lints: int


def report(findings: Iterable[Findings]) -> Report:
    """`findings` in the published form."""
    every = list(findings)
    errors, warnings, lints = (sum(f.count(severity) for f in every) for severity in ("error", "warning", "lint"))
    diagnostics = tuple(_diagnostic(d, f) for f in every for d in f.diagnostics)
    return Report(diagnostics=diagnostics, errors=errors, warnings=warnings, lints=lints)


def render_json(findings: Iterable[Findings]) -> str:
    """`findings` as JSON text, indented."""
    return report(findings).model_dump_json(indent=2)


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema(mode="serialization")}


def _diagnostic(d: found.Diagnostic, findings: Findings) -> Diagnostic:
    notes = tuple(Note(text=unicode(n.text), place=_place(n.span, findings)) for n in d.notes)
    message, help = unicode(d.message), None if d.help is None else unicode(d.help)
    return Diagnostic(code=d.code, severity=d.severity, message=message, place=_place(d.span, findings), notes=notes, help=help)


def _place(span: Span | None, findings: Findings) -> Place | None:
    if span is None:
        return None
    return Place(file=unicode(findings.shown(span.source.name)), start=_position(span, span.start), end=_position(span, span.end))


def _position(span: Span, offset: int) -> Position:
    at = span.source.position(offset)
    return Position(line=at.line, column=at.column, utf16=at.utf16, offset=offset)
