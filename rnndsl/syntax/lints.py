"""Lints of a file's looks, and the doc comments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.syntax.parsing.tokens import Token
from rnndsl.text.codes import text
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

UPPER_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
SNAKE = re.compile(r"[a-z_][a-z0-9_]*\Z")


@record
class Doc(Immutable):
    """A doc comment: consecutive `##` lines."""

    text: str
    span: Span


def documented(source: SourceFile, comments: list[tree.Comment], tokens: list[Token]) -> dict[int, Doc]:
    """The doc comments that stand on lines of their own, under the offset of the token that follows."""
    blocks: dict[int, list[tree.Comment]] = {}
    k = 0
    lines: list[tree.Comment] = []
    for comment in comments:
        start = comment.span.start
        if not comment.text.startswith("##"):
            continue
        line_start = source.text.rfind("\n", 0, start) + 1
        if source.text[line_start:start].strip():
            continue
        while tokens[k].start < start and tokens[k].type != "$END":
            k += 1
        if lines and source.text[lines[-1].span.end : start].strip(" \t\r") == "\n":
            lines.append(comment)
        else:
            lines = [comment]
            blocks[tokens[k].start] = lines
    return {place: Doc(_joined(lines), lines[0].span.to(lines[-1].span)) for place, lines in blocks.items()}


def _joined(lines: list[tree.Comment]) -> str:
    return "\n".join(line.text[2:].removeprefix(" ") for line in lines)


def lint(items: tuple[tree.TopLevel, ...], docs: dict[int, Doc], tokens: list[Token], sink: Sink) -> None:
    """Two statements on a line, names in another style, doc comments of nothing."""
    starts = {tokens[0].start}
    _lint_body(items, sink, starts)
    for place, doc in docs.items():
        if place not in starts and not sink.failed:
            sink.add(text.lost_doc(doc.span))


def _lint_body(body: Iterable[tree.TopLevel | tree.Statement], sink: Sink, starts: set[int]) -> None:
    body = tuple(body)
    for before, after in pairwise(body):
        between = before.span.source.text[before.span.end : after.span.start]
        if "\n" not in between:
            sink.add(text.same_line(after.span))
    for item in body:
        starts.add(item.span.start)
        _lint_names(item, sink)
        for inner in bodies(item):
            _lint_body(inner, sink, starts)


def bodies(item: tree.TopLevel | tree.Statement) -> tuple[tuple[tree.Statement, ...], ...]:
    """The blocks of statements directly inside one."""
    if isinstance(item, tree.Definition | tree.Scope | tree.For):
        return (item.body,)
    if not isinstance(item, tree.If):
        return ()
    found = [item.yes]
    while len(item.no) == 1 and isinstance(item.no[0], tree.If):
        item = item.no[0]
        found.append(item.yes)
    return (*found, item.no)


def _lint_names(item: tree.TopLevel | tree.Statement, sink: Sink) -> None:
    if isinstance(item, tree.Definition):
        if item.kind in ("block", "cell") and not UPPER_CAMEL.match(item.name.name):
            sink.add(text.naming(item.name.span, item.kind, item.name.name, "UpperCamelCase"))
        if item.kind in ("model", "optimizer"):
            _lint_snake(item.name, item.kind, sink)
        for param in item.params:
            _lint_snake(param, "parameter", sink)
        return
    if isinstance(item, tree.AxisDecl | tree.CollectionDecl):
        for name in item.names:
            _lint_snake(name, "axis" if isinstance(item, tree.AxisDecl) else "collection", sink)
        return
    if isinstance(item, tree.Input | tree.VariableDecl | tree.FunctionDef | tree.Measure):
        _lint_snake(item.name, item.kind, sink)
    elif isinstance(item, tree.State | tree.Layer | tree.Scope | tree.Train | tree.SignatureDecl | tree.Const):
        _lint_snake(item.name, type(item).__name__.removesuffix("Decl").lower(), sink)
    elif isinstance(item, tree.Equation):
        _lint_snake(item.name, "value", sink)
    elif isinstance(item, tree.For):
        _lint_snake(item.variable, "variable", sink)


def _lint_snake(node: tree.Name | tree.IndexedName | tree.ConstructorParam, what: str, sink: Sink) -> None:
    if SNAKE.match(node.name):
        return
    end = node.span.start + len(node.name)
    sink.add(text.naming(Span(node.span.source, node.span.start, end), what, node.name, "snake_case"))
