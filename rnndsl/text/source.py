"""Where text came from: source files and spans of them.

A `Span` is two offsets into the text of a `SourceFile`. Lines and columns are worked out on demand, so that a syntax
tree of many thousands of nodes stays cheap.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from array import array

from rnndsl.records import Immutable, record


def unicode(name: str) -> str:
    """`name` with bytes that are no UTF-8, which the name of a file may have, written as escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


@record
class Position(Immutable):
    """A place in a text. `line` and `column` count from 1; `column` counts characters, `utf16` UTF-16 code units (editors)."""

    line: int
    column: int
    utf16: int


class SourceFile:
    """One `.rnn` text and its name.

    `name` is what a diagnostic prints: a path as the user gave it, or relative to the project root for an imported file, or
    `std/core.rnn` for a module of the standard library, whose text is `library`: its faults are shown where users apply it.
    """

    __slots__ = ("library", "line_starts", "name", "text")

    def __init__(self, name: str, text: str, library: bool = False) -> None:
        self.name = name
        self.text = text
        self.library = library
        self.line_starts = array("I", [0])
        """The offset of each line, in four bytes."""
        self.line_starts.extend(match.end() for match in re.finditer("\n", text))

    def line_number(self, offset: int) -> int:
        """The line of `offset`, from 1."""
        return bisect.bisect_right(self.line_starts, offset)

    def position(self, offset: int) -> Position:
        """The line and column of `offset`, clamped to the text."""
        offset = max(0, min(offset, len(self.text)))
        line = self.line_number(offset)
        start = self.line_starts[line - 1]
        utf16 = len(self.text[start:offset].encode("utf-16-le")) // 2
        return Position(line, offset - start + 1, utf16 + 1)

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its newline; empty beyond the end."""
        if not 1 <= number <= len(self.line_starts):
            return ""
        start = self.line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")

    def sha256(self) -> str:
        """The digest of the text as UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@record
class Span(Immutable):
    """The characters `start` up to, not including, `end` of `source`."""

    source: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of `other`."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __str__(self) -> str:
        at = self.source.position(self.start)
        return f"{self.source.name}:{at.line}:{at.column}"
