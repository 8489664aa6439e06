"""Text to tokens: one regular expression, made from the grammar's terminals, and its faults."""

from __future__ import annotations

from rnndsl.records import field, mutable
from rnndsl.syntax.tables import Tables
from rnndsl.syntax.tree import Comment
from rnndsl.text.codes import limits, text
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

MAX_NUMBER = 300
"""Characters of a number. Python refuses to read over 4,300 digits; a float has 308 before the point."""

MAX_TOKENS = 200_000
"""Words, signs and comments of a text: a tree takes up to a kilobyte for each."""

MEANT = {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "^": "**"}
"""What is meant by signs of other languages."""


class LimitReached(Exception):
    """A limit was passed (diagnosed): the file is not read further."""


def tell(diagnostic: Diagnostic, sink: Sink) -> None:
    """Adds `diagnostic` to `sink`. Raises LimitReached if that is one too many."""
    sink.add(diagnostic)
    if sink.full:
        raise LimitReached


class Token:
    """A word, number, string, mark or path.

    `type` is what the grammar calls it: NAME, NUMBER, STRING, PATH, ERROR, $END, or the text itself for a keyword or mark.
    `first`: on its line. `alt`: a reserved word that may be read as a name (a constructor parameter has this name).
    `silent`: not in the text, or already diagnosed: an error here says nothing new.
    """

    __slots__ = ("alt", "end", "first", "silent", "start", "text", "type")

    def __init__(self, kind: str, value: str, start: int, end: int, first: bool = False, silent: bool = False) -> None:
        self.type = kind
        self.text = value
        self.start = start
        self.end = end
        self.first = first
        self.alt = False
        self.silent = silent

    def __repr__(self) -> str:
        return f"Token({self.type!r}, {self.text!r}, {self.start})"


@mutable
class Scan:
    """The tokens of a text, without an end; its comments; and the lines (from 1) on which a fault was found."""

    tokens: list[Token] = field(default_factory=list[Token])
    comments: list[Comment] = field(default_factory=list[Comment])
    faulty_lines: set[int] = field(default_factory=set[int])


def scan(source: SourceFile, tables: Tables, sink: Sink) -> Scan:
    """The tokens of `source`. A faulty one is diagnosed, and what was most likely meant takes its place.

    Raises LimitReached.
    """
    scanner = _Scanner(source, sink)
    content = source.text
    tokens = scanner.result.tokens
    line_end = -1  # of the line of the last token: a token beyond it is the first of its line
    for match in tables.scanner.finditer(content):
        kind = match.lastgroup
        if kind is None or kind == "SPACE":
            continue
        start, end = match.span(kind)
        if len(tokens) + len(scanner.result.comments) >= MAX_TOKENS:
            tell(limits.text_too_long(Span(source, start, end), MAX_TOKENS), sink)
            raise LimitReached
        value = content[start:end]
        if kind == "COMMENT":
            scanner.result.comments.append(Comment(Span(source, start, end), value.rstrip()))
            continue
        first = start > line_end
        if first:
            newline = content.find("\n", start)
            line_end = newline if newline >= 0 else len(content)
        if kind == "MARK":
            kind = value
        if kind in ("NUMBER", "OPEN_STRING", "BAD", ".") or (tokens and tokens[-1].end == start and tokens[-1].type == "NUMBER"):
            scanner.special(Token(kind, value, start, end, first))
            continue
        tokens.append(Token(kind, value, start, end, first))
    return scanner.result


class _Scanner:
    def __init__(self, source: SourceFile, sink: Sink) -> None:
        self.source = source
        self.sink = sink
        self.result = Scan()
        self.quoted = 0  # the line of the last single quote

    def special(self, token: Token) -> None:
        """A token that needs a look at its neighbours."""
        tokens = self.result.tokens
        last = tokens[-1] if tokens and tokens[-1].end == token.start else None
        if token.type == "OPEN_STRING":
            self._fault(text.unterminated_string(self._span(token)))
            token.type, token.text, token.silent = "STRING", token.text.rstrip(), True
            tokens.append(token)
        elif token.type == "BAD":
            self._unknown(token, last)
        elif last and last.type == "NUMBER" and token.type in ("NAME", "NUMBER", "."):
            self._joined(last, token)
        elif token.type == "NUMBER":
            self._number(token, last)
        else:
            tokens.append(token)

    def _number(self, token: Token, last: Token | None) -> None:
        if last and last.type == "." and (len(self.result.tokens) == 1 or self.result.tokens[-2].end != last.start):
            self._fault(text.no_leading_zero(self._between(last, token), token.text))
            self.result.tokens.pop()
            token.start, token.first = last.start, last.first
        elif len(token.text) > MAX_NUMBER:
            self._fault(limits.number_too_long(self._span(token), len(token.text), MAX_NUMBER))
            token.text = "1"
        self.result.tokens.append(token)

    def _joined(self, number: Token, token: Token) -> None:
        """`3x`, `1e`, `1_000` or `1.`: what follows the number at once belongs to it."""
        if number.silent:
            number.end = token.end
            return
        span = self._between(number, token)
        if token.type == ".":
            self._fault(text.no_decimals(span, span.text))
        else:
            self._fault((text.grouped_digits if "_" in token.text else text.malformed_number)(span, span.text))
        number.end, number.silent = token.end, True

    def _unknown(self, token: Token, last: Token | None) -> None:
        span = self._span(token)
        if token.text[0].isalpha():
            self._fault(text.foreign_letter(span, token.text))
            if last and last.type == "NAME":
                last.end, last.text = token.end, last.text + token.text
                return
            token.type = "NAME"
        elif token.text == ";":
            self._fault(text.foreign_sign(span, token.text))
            return
        elif token.text in MEANT:
            self._fault(text.foreign_sign(span, token.text))
            token.type = MEANT[token.text]
        else:
            line = self.source.line_number(token.start)
            if token.text == "'" and self.quoted == line:
                return  # the second one
            self.quoted = line if token.text == "'" else self.quoted
            self._fault(text.foreign_sign(span, token.text))
            token.type, token.silent = "ERROR", True
        self.result.tokens.append(token)

    def _fault(self, diagnostic: Diagnostic) -> None:
        tell(diagnostic, self.sink)
        if diagnostic.span:
            self.result.faulty_lines.add(self.source.line_number(diagnostic.span.start))

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)

    def _between(self, first: Token, last: Token) -> Span:
        return Span(self.source, first.start, last.end)
