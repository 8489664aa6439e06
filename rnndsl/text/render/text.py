"""Diagnostics as text, in the form of rustc's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TextIO

from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.render import Findings
from rnndsl.text.render.snippet import Line, printable, snippet, visible
from rnndsl.text.source import Span

COLORS = {"error": "1;31", "warning": "1;33", "lint": "1;36", "note": "1;32", "help": "1;36", "frame": "1;34", "bold": "1"}
Paint = Callable[[str, str], str]


def plain(text: str, role: str) -> str:
    """`text` without colour."""
    return text


def colored(text: str, role: str) -> str:
    """`text` in the colour of `role`, by ANSI escapes."""
    return f"\x1b[{COLORS[role]}m{text}\x1b[0m" if text else ""


def paint_for(stream: TextIO) -> Paint:
    """Colour only for a terminal, and not if NO_COLOR is set (no-color.org) or the terminal is dumb."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return plain
    return colored


def render_text(findings: Findings, paint: Paint = plain) -> str:
    """All of `findings`, a blank line after each; empty for none."""
    return "".join("\n".join([*_diagnostic(d, findings.shown, paint), "", ""]) for d in findings.diagnostics)


def _diagnostic(diagnostic: Diagnostic, shown: Callable[[str], str], paint: Paint) -> Iterator[str]:
    spans = [visible(s) for s in (diagnostic.span, *(note.span for note in diagnostic.notes)) if s is not None]
    gutter = max((len(str(s.source.position(s.end).line)) for s in spans), default=1)
    yield _title(diagnostic.severity, f"[{diagnostic.code}]", diagnostic.message, paint)
    if diagnostic.span is not None:
        yield from _place(visible(diagnostic.span), shown, gutter, "^", diagnostic.severity, paint)
    for note in diagnostic.notes:
        yield _title("note", "", note.text, paint)
        if note.span is not None:
            yield from _place(visible(note.span), shown, gutter, "-", "note", paint)
    if diagnostic.help is not None:
        yield _title("help", "", diagnostic.help, paint)


def _title(kind: str, code: str, message: str, paint: Paint) -> str:
    lines = [printable(line) for line in message.split("\n")]
    head = f"{paint(kind + code, kind)}{paint(f': {lines[0]}', 'bold')}"
    return "\n".join([head, *(f"  {line}" for line in lines[1:])])


def _place(span: Span, shown: Callable[[str], str], gutter: int, mark: str, kind: str, paint: Paint) -> Iterator[str]:
    at = span.source.position(span.start)
    margin = " " * gutter
    bar = paint("|", "frame")
    yield f"{margin}{paint('-->', 'frame')} {printable(shown(span.source.name))}:{at.line}:{at.column}"
    yield f"{margin} {bar}"
    for line in snippet(span, mark):
        yield from _line(line, gutter, bar, kind, paint)


def _line(line: Line, gutter: int, bar: str, kind: str, paint: Paint) -> Iterator[str]:
    if line.number is None:
        yield paint("...", "frame")
        return
    yield f"{paint(str(line.number).rjust(gutter), 'frame')} {bar} {line.text}".rstrip()
    yield f"{' ' * gutter} {bar} {line.mark[: len(line.mark) - len(line.mark.lstrip())]}{paint(line.mark.lstrip(), kind)}"
