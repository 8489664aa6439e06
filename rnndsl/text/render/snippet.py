"""The lines of a source with a gutter of line numbers and marks under a span.

A tab is shown as four columns, a wide character takes two, a combining one none, a control character is shown as `·`. Lines
wider than the window are cut around the marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnndsl.records import Immutable, record
from rnndsl.text.source import Span

TAB = 4
WINDOW = 110
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@record
class Line(Immutable):
    """One line of a snippet: `number` None for the dots between two lines. `mark` is the line of marks below it, or empty."""

    number: int | None
    text: str
    mark: str


def printable(text: str) -> str:
    """`text` without characters that would steer a terminal."""
    return CONTROL.sub("·", text)


def visible(span: Span) -> Span:
    """`span`; if it stands at the end of the file or on a blank line before it, the end of the last line with text."""
    text = span.source.text
    if span.start < len(text.rstrip()) or not text.strip():
        return span
    end = len(text.rstrip())
    return Span(span.source, end, end)


def snippet(span: Span, mark: str = "^") -> Iterator[Line]:
    """The lines of `span`: all of one or two, the first and last of more."""
    source = span.source
    first = source.position(span.start)
    # A span that ends with a newline ends on that line, not before the first character of the next.
    last = source.position(max(span.start, span.end - 1))
    end = last.column + (span.end > span.start)
    if first.line == last.line:
        yield _marked(source.line(first.line), first.line, first.column - 1, end - 1, mark)
        return
    yield _marked(source.line(first.line), first.line, first.column - 1, None, mark)
    if last.line > first.line + 1:
        yield Line(None, "...", "")
    text = source.line(last.line)
    yield _marked(text, last.line, len(text) - len(text.lstrip()), end - 1, mark)


def _marked(text: str, number: int, start: int, stop: int | None, mark: str) -> Line:
    stop = len(text) if stop is None else min(stop, len(text))
    if len(text) > 8 * WINDOW:  # of a very long line only what surrounds the mark is looked at
        begin = max(0, start - 2 * WINDOW)
        text, start, stop = text[begin : start + 2 * WINDOW], start - begin, min(stop - begin, start - begin + 2 * WINDOW)
    widths = list(_widths(text))
    left = sum(widths[:start])
    width = max(1, sum(widths[start:stop]))
    shown = "".join(" " * w if c == "\t" else c for c, w in zip(printable(text), widths, strict=True))
    if sum(widths) <= WINDOW:
        return Line(number, shown.rstrip(), " " * left + mark * width)
    return _cut(shown, number, left, width, mark)


def _cut(shown: str, number: int, left: int, width: int, mark: str) -> Line:
    begin = max(0, left - WINDOW // 3)
    width = min(width, WINDOW - (left - begin))
    window = shown[begin : begin + WINDOW]
    head = "…" if begin else ""
    tail = "…" if begin + WINDOW < len(shown) else ""
    return Line(number, f"{head}{window.rstrip()}{tail}", " " * (left - begin + len(head)) + mark * width)


def _widths(text: str) -> Iterator[int]:
    if text.isascii():
        yield from (TAB if c == "\t" else 1 for c in text)
        return
    from unicodedata import combining, east_asian_width

    for c in text:
        if c == "\t":
            yield TAB
        elif combining(c) or c in "\u200b\u200c\u200d\ufe0f":
            yield 0
        else:
            yield 2 if east_asian_width(c) in "WF" else 1
