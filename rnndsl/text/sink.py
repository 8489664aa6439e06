"""Where diagnostics are collected."""

from __future__ import annotations

from collections.abc import Iterable

from rnndsl.records import field, mutable
from rnndsl.text.codes import limits
from rnndsl.text.diagnostics import Diagnostic, DiagnosticsError

MAX_FOUND = 200
"""Errors of one run that are told; and warnings and lints."""


@mutable
class Sink:
    """Collects diagnostics, each place and message once, and no more than somebody would read.

    Of errors, and of warnings and lints, `MAX_FOUND` are kept; what is found beyond is left out, and one diagnostic says so.
    """

    found: list[Diagnostic] = field(default_factory=list[Diagnostic])
    _known: set[Diagnostic] = field(default_factory=set[Diagnostic])
    _errors: int = 0

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic in self._known:
            return
        is_error = diagnostic.severity == "error"
        before = self._errors if is_error else len(self.found) - self._errors
        if before > MAX_FOUND:
            return
        if before == MAX_FOUND:
            diagnostic = (limits.too_many_faults if is_error else limits.too_many_remarks)(diagnostic.span, MAX_FOUND)
        self._known.add(diagnostic)
        self.found.append(diagnostic)
        self._errors += is_error

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def failed(self) -> bool:
        return self._errors > 0

    @property
    def full(self) -> bool:
        """Whether no further error is kept, so that there is no sense in looking for one."""
        return self._errors > MAX_FOUND

    def sorted(self) -> list[Diagnostic]:
        """By file (in order of first mention), then by place."""
        files = {name: i for i, name in enumerate(dict.fromkeys(d.span.source.name for d in self.found if d.span))}
        return sorted(self.found, key=lambda d: (files[d.span.source.name], d.span.start) if d.span else (-1, 0))

    def raise_if_failed(self) -> None:
        if self.failed:
            raise DiagnosticsError(self.sorted())
