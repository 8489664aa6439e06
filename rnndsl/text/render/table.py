"""Tables of text: columns as wide as their content."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.render.snippet import printable


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """`rows` under `head`, a rule between; the columns in `right` are aligned to the right. A control character is shown as `·`."""
    lines = [head, *(["·".join(printable(cell).splitlines()) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    shown = [_row(line, widths, right) for line in lines]
    return "\n".join([shown[0], _row(["-" * w for w in widths], widths, right), *shown[1:]]) + "\n"


def _row(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    padded = (c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True)))
    return "  ".join(padded).rstrip()
