"""Tables of text: columns as wide as their content, or as a window has room for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rnndsl.text.render.snippet import printable

GAP = "  "
_SPACES = re.compile(r"(?<![:=]) (?!=)(?![^\[\]]*\])")
"""Where a cell may go on below: not within the brackets of a type, not in `name: type` and `name = value`."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset(), width: int | None = None) -> str:
    """`rows` under `head`, a rule between; the columns in `right` are aligned to the right. A control character is shown as `·`.

    width: of the window. Cells that find no room in it go on below, between their words; a word is never broken.
    """
    lines = [head, *(["·".join(printable(cell).splitlines()) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    if width is not None:
        words = [max(len(word) for line in lines for word in _SPACES.split(line[i])) for i in range(len(head))]
        widths = _narrowed(widths, words, width - len(GAP) * (len(head) - 1))
    shown = ["\n".join(_rows(line, widths, right)) for line in lines]
    return "\n".join([shown[0], _row(["-" * w for w in widths], widths, right), *shown[1:]]) + "\n"


def _narrowed(widths: Sequence[int], words: Sequence[int], room: int) -> list[int]:
    """The widest columns are made narrower, all to one width, as far as their longest words let them."""
    for most in range(max(widths), min(words), -1):
        found = [max(word, min(each, most)) for each, word in zip(widths, words, strict=True)]
        if sum(found) <= room:
            return found
    return list(words)


def _rows(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> Iterator[str]:
    """The lines of one row."""
    columns = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for i in range(max(map(len, columns))):
        yield _row([column[i] if i < len(column) else "" for column in columns], widths, right)


def _wrapped(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    lines = [""]
    for word in _SPACES.split(cell):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _row(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    padded = (c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True)))
    return GAP.join(padded).rstrip()
