"""Diagnostics: what the compiler tells a user about a spec.

A kind of diagnostic is a `Code`, declared once in `rnndsl.text.codes`. Beside it stand its constructors: a function for each
fault, which is given places, names, types and numbers, and makes the whole of what is said. Stages hand the `Diagnostic`s to a
`Sink`; an error that makes a value unusable is raised as `SpecError` and caught at the nearest statement, so that one fault gives
one diagnostic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NoReturn

from rnndsl.records import Immutable, record, replace
from rnndsl.text.source import Span

Severity = Literal["error", "warning", "lint"]


@record
class Note(Immutable):
    """A further remark; with a span, one about another place."""

    text: str
    span: Span | None = None


@record
class Code(Immutable):
    """A kind of diagnostic: its number (`RNN0101`) and a short title.

    status: what a command ends with if no text leads to the fault: 1 where the spec is at fault, 2 where the command or its data
    are. (A bug of the compiler, 3, has no code: it is no finding about a spec.)
    of_arguments: whether it may arise from what a definition is given, so that the application is shown too.
    """

    number: str
    title: str
    severity: Severity = "error"
    status: Literal[1, 2] = 1
    of_arguments: bool = False

    def __call__(self, span: Span | None, message: str) -> Diagnostic:
        return Diagnostic(self, message, span)


@record
class Diagnostic(Immutable):
    """One finding. `span` is None only where there is no text to point at (a missing file, a bad option)."""

    kind: Code
    message: str
    span: Span | None
    notes: tuple[Note, ...] = ()
    help: str | None = None

    @property
    def code(self) -> str:
        """The number of its code."""
        return self.kind.number

    @property
    def severity(self) -> Severity:
        return self.kind.severity

    @property
    def status(self) -> int:
        """What a command ends with: a file that a text names is the text's affair."""
        return self.kind.status if self.span is None else 1

    def note(self, text: str, span: Span | None = None) -> Diagnostic:
        """This diagnostic with one more note."""
        return replace(self, notes=(*self.notes, Note(text, span)))

    def suggest(self, text: str | None) -> Diagnostic:
        """This diagnostic with a `help` line; unchanged if `text` is None."""
        return self if text is None else replace(self, help=text)

    def applied(self, layer: str, at: Span) -> Diagnostic:
        """This diagnostic, with the application of `layer` that led to it."""
        return self.note(f"in this application of `{layer}`", at)

    def throw(self) -> NoReturn:
        """Raise this diagnostic as a `SpecError`."""
        raise SpecError(self)


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
