"""Diagnostics as text for people, JSON for programs and SARIF for code hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rnndsl.records import Immutable, record
from rnndsl.text.diagnostics import Diagnostic


@record
class Findings(Immutable):
    """What was found in one spec. `shown` turns the name of a file into the path to print for it."""

    diagnostics: tuple[Diagnostic, ...]
    shown: Callable[[str], str] = str

    def count(self, severity: str) -> int:
        return sum(d.severity == severity for d in self.diagnostics)


def count_line(findings: Iterable[Findings]) -> str:
    """`2 errors, 1 warning`; empty if there is nothing to count."""
    found = list(findings)
    counts = [(sum(f.count(severity) for f in found), severity) for severity in ("error", "warning", "lint")]
    return ", ".join(f"{n} {severity}{'s' if n > 1 else ''}" for n, severity in counts if n)
