"""Text to tree: the whole way."""

from __future__ import annotations

from rnndsl.syntax import tables, tree
from rnndsl.syntax.lints import documented, lint
from rnndsl.syntax.parsing.build_statements import Builder
from rnndsl.syntax.parsing.parser import Parser
from rnndsl.syntax.parsing.prepare import prepare
from rnndsl.syntax.parsing.tokens import LimitReached, Scan, Token, scan
from rnndsl.text.codes import text
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

VERSION = 1


def parse(source: SourceFile, sink: Sink) -> tree.Module:
    """The tree of `source`. What is wrong goes to `sink`, and what could be read is in the tree; nothing is raised."""
    table = tables.load()
    found = Sink()
    try:
        scanned = scan(source, table, found)
    except LimitReached:
        scanned = Scan([Token("rnn", "rnn", 0, 0), Token("NUMBER", "1", 0, 0)])
    version = _version(source, scanned, sink)
    items: tuple[tree.TopLevel, ...] = ()
    if version in (None, VERSION):
        sink.extend(found.found)
        items = _items(source, scanned, sink)
    return tree.Module(Span(source, 0, len(source.text)), source, version, items, tuple(scanned.comments))


def _items(source: SourceFile, scanned: Scan, sink: Sink) -> tuple[tree.TopLevel, ...]:
    try:
        prepared = prepare(source, scanned, sink)
    except LimitReached:
        return ()
    docs = documented(source, scanned.comments, prepared.tokens)
    builder = Builder(source, sink, {place: doc.text for place, doc in docs.items()})
    parser = Parser(tables.load(), prepared, scanned.faulty_lines, builder, sink)
    items: tuple[tree.TopLevel, ...] = tuple(parser.run())
    lint(items, docs, prepared.tokens, sink)
    return items


def _version(source: SourceFile, scanned: Scan, sink: Sink) -> int | None:
    """The N of `rnn N`, None (diagnosed) if it is missing. Only version 1 is in the grammar."""
    tokens = scanned.tokens
    if len(tokens) < 2 or tokens[0].text != "rnn" or tokens[1].type != "NUMBER":
        if tokens and tokens[0].text == "rnn":
            del tokens[: 2 if len(tokens) > 1 and not tokens[1].first else 1]
        end = tokens[0].end if tokens else 0
        start = tokens[0].start if tokens else 0
        sink.add(text.no_header(Span(source, start, end)))
        return None
    written = tokens[1].text
    if written == str(VERSION):
        return VERSION
    sink.add(text.later_version(Span(source, tokens[0].start, tokens[1].end), written))
    return int(written) if written.isdigit() else 0
