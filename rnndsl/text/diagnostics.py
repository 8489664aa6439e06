"""Diagnostics: what the compiler tells a user about a spec.

A kind of diagnostic is a `Code`, declared once in `rnndsl.text.codes` with its template. Calling a code with a span and the
template's fields makes a `Diagnostic`. Stages hand them to a `Sink`; an error that makes a value unusable is raised as
`SpecError` and caught at the nearest statement, so that one fault gives one diagnostic.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal, NoReturn

from rnndsl.records import Immutable, record
from rnndsl.text.source import Span

Severity = Literal["error", "warning", "lint"]

MAX_SIMILAR = 2_000
"""Names that one name is compared with."""

MAX_COMPARED = 60
"""Characters of a name for which a similar one is looked for."""


@record
class Note(Immutable):
    """A further remark; with a span, one about another place."""

    text: str
    span: Span | None = None


@record
class Diagnostic(Immutable):
    """One finding. `span` is None only where there is no text to point at (a missing file, a bad option)."""

    code: str
    severity: Severity
    message: str
    span: Span | None
    notes: tuple[Note, ...] = ()
    help: str | None = None

    def note(self, text: str, span: Span | None = None) -> Diagnostic:
        """This diagnostic with one more note."""
        return replace(self, notes=(*self.notes, Note(text, span)))

    def suggest(self, text: str | None) -> Diagnostic:
        """This diagnostic with a `help` line; unchanged if `text` is None."""
        return self if text is None else replace(self, help=text)

    def throw(self) -> NoReturn:
        """Raise this diagnostic as a `SpecError`."""
        raise SpecError(self)


@record
class Code(Immutable):
    """A kind of diagnostic: its number (`RNN0101`), a short title, and a template of the message with `{fields}`."""

    number: str
    title: str
    template: str
    severity: Severity = "error"

    def __call__(self, span: Span | None, **fields: object) -> Diagnostic:
        return Diagnostic(self.number, self.severity, self.template.format(**fields), span)


class SpecError(Exception):
    """A fault of the spec that ends the evaluation of the statement at hand. Carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Poisoned(Exception):
    """A value was needed whose definition has already been diagnosed: nothing more to say."""


class DiagnosticsError(Exception):
    """A spec was wrong. `diagnostics` are all findings, errors and warnings, in order of place."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = [d for d in diagnostics if d.severity == "error"]
        super().__init__("\n".join(f"{d.span or ''}{': ' if d.span else ''}{d.code}: {d.message}" for d in errors))
        self.diagnostics = tuple(diagnostics)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A line that names the nearest of `known`, or None if none is near. Of very many, or of very long ones, some are compared."""
    if len(name) > MAX_COMPARED:
        return None
    names = list(islice((n for n in known if abs(len(n) - len(name)) <= len(name)), MAX_SIMILAR))
    near = [n for n in names if n.casefold() == name.casefold()] or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else None
