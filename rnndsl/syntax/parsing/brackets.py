"""Brackets that pair: missing ones are put in and stray ones left out (diagnosed), and the limits of nesting kept.

A bracket that was forgotten would hide every later fault, or have a dozen follow from it. So where brackets do not pair, their
lines, the words after them and, last of all, columns tell which one is wrong; none of that is looked at in a text that is right.
"""

from __future__ import annotations

from rnndsl.syntax import words
from rnndsl.syntax.parsing.cost import Cost
from rnndsl.syntax.parsing.tokens import Scan, Token, tell
from rnndsl.text.codes import text
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

LOOKAHEAD = 100
"""Tokens after a bracket that are looked at to tell whether it is one too many."""

OPERAND_ENDS = frozenset({"NAME", "NUMBER", "STRING", ")", "]", "}", "true", "false", "training", "t"})
OPERAND_AFTER = words.OPERATORS - {"if", "else", "in"} | {"=", "~", "<-", ",", "..", "then"}


class Brackets:
    """The tokens so far, and the brackets that are open."""

    def __init__(self, source: SourceFile, scan: Scan, sink: Sink) -> None:
        self.source = source
        self.raw = scan.tokens
        self.faulty_lines = scan.faulty_lines
        self.sink = sink
        self.tokens: list[Token] = []
        self.enclosing: list[int] = []
        self.closing: dict[int, int] = {}
        self.open: list[int] = []  # opening tokens, by their place in `tokens`
        self.item = 0  # the token that begins the definition at hand
        self.round = 0  # how many of them are ( or [
        self.cost = Cost(source, sink)
        self.declared: frozenset[str] = frozenset()
        self.of_function: frozenset[str] = frozenset()  # reserved words that name parameters of the last function
        self.in_update = False
        self.indented: dict[int, int] = {}  # the column of the line of each `{` that stands for Python's `:`
        self.header = ""  # the word of the definition or statement whose `{` is to come
        self.last_close = Token("}", "", 0, 0)
        self.suspect: list[Span] = []

    def _add(self, token: Token) -> None:
        kind = token.type
        if kind in words.OPERATORS:
            self.cost.operator(token, self.tokens[-1].type if self.tokens else "", self._ends_operand())
        elif kind == ".":
            self.cost.postfix(token)
        elif kind in (",", "="):
            self.cost.restart()
        self.enclosing.append(self.open[-1] if self.open else -1)
        self.tokens.append(token)

    def _ends_operand(self) -> bool:
        return bool(self.tokens) and self.tokens[-1].type in OPERAND_ENDS

    def _brace(self, token: Token) -> None:
        """A `{` that begins no set of names: a body's, or one too many."""
        if (self.round and not self.header) or (self.tokens and self.tokens[-1].type in OPERAND_AFTER):
            self._tell(text.unexpected(self._span(token), ["expression"], "{"), token.start)
            return
        if self.round:
            self._close_round()
        self._push(token)

    def _push(self, token: Token) -> None:
        is_round = token.type != "{"
        if is_round and self._ends_operand():
            self.cost.postfix(token)
        self._add(token)
        self.open.append(len(self.tokens) - 1)
        self.round += is_round
        self.cost.open(token, fresh=not self.round)
        if not self.round:
            self.in_update = False
            self.header = ""

    def _pop(self, token: Token) -> None:
        self._add(token)
        opening = self.open.pop()
        self.cost.close()
        self.closing[opening] = len(self.tokens) - 1
        self.round -= token.type != "}"
        if not self.open:
            self.last_close = token

    def _close(self, i: int, token: Token) -> None:
        if self.open and self._partner() == token.type:
            if token.type == "}" and len(self.open) == 1 and self._goes_on(i):
                self._tell(text.early_end(self._span(token)), token.start)
                return
            self._pop(token)
            return
        opening = next((j for j in reversed(self.open) if self.tokens[j].type == words.CLOSING[token.type]), None)
        if opening is None and not self.round:
            self._tell(self._unopened(token), token.start)
            return
        innermost = self.tokens[self.open[-1]]
        if not token.first and (opening is None or self._line(self.tokens[opening].start) < self._line(innermost.start)):
            self._mistyped(i, token)
            return
        if opening is None:
            self._tell(self._unopened(token), token.start)
            return
        self._report_unclosed(self.open[-1], token.start)
        while self._partner() != token.type:
            self._pop(Token(self._partner(), "", token.start, token.start, silent=True))
        self._pop(token)

    def _mistyped(self, i: int, token: Token) -> None:
        """A `]` or `}` inside of `(`, on its line: one too many if a `)` follows, and else in the place of one."""
        if self._closes_later(i, on_line=True):
            self._tell(self._unopened(token), token.start)
            return
        self._report_unclosed(self.open[-1], token.start)
        self._pop(Token(self._partner(), "", token.start, token.end, silent=True))

    def _closes_later(self, i: int, on_line: bool) -> bool:
        """Whether the innermost open bracket is closed after token i, on its line or, if not `on_line`, in the same statement."""
        partner, depth = self._partner(), 0
        for j in range(i + 1, min(i + LOOKAHEAD, len(self.raw))):
            token = self.raw[j]
            if token.first and (on_line or token.text in words.STATEMENTS):
                return False
            depth += (token.type in words.OPENING) - (token.type in words.CLOSING)
            if depth < 0:
                return token.type == partner
        return False

    def _goes_on(self, i: int) -> bool:
        """Whether the definition goes on after `}`, token i, which would end it."""
        if i + 1 >= len(self.raw):
            return False
        after = self.raw[i + 1]
        if after.type != "NAME":
            return not after.first and after.type != "}"
        if after.text in words.FILE_WORDS and (self._begins_item(i + 1) or self._kind(i + 2) not in ("=", "[")):
            return False
        if after.text in words.STATEMENTS - words.FILE_STATEMENTS or self._kind(i + 2) == "=":
            return True
        return self._column(after) > self._column(self.tokens[self.item]) + 1

    def _is_set(self, i: int) -> bool:
        """Whether names up to a `}` follow token i: `{losses, mine}`."""
        while self._kind(i + 1) in ("NAME", ","):
            i += 1
        return self._kind(i + 1) == "}"

    def _unopened(self, token: Token) -> Diagnostic:
        earlier = self.last_close
        if token.type != "}" or self.open or not earlier.end or self.tokens[-1] is earlier:
            return text.unopened(self._span(token), token.type, None)
        self.suspect.append(self._span(earlier).to(self._span(token)))
        return text.unopened(self._span(token), token.type, self._span(earlier))

    def _close_round(self) -> None:
        """Close the ( and [ that are open before a statement."""
        self._report_unclosed(self.open[-1], self.tokens[-1].end)
        while self.open and self.tokens[self.open[-1]].type != "{":
            self._pop(Token(self._partner(), "", self.tokens[-1].end, self.tokens[-1].end, silent=True))
        self.cost.restart()

    def _partner(self) -> str:
        return words.OPENING[self.tokens[self.open[-1]].type]

    def _report_unclosed(self, opening: int, place: int) -> None:
        token = self.tokens[opening]
        if self._is_faulty(token.start):
            return
        unclosed = text.unclosed(Span(self.source, place, place), token.type, words.OPENING[token.type], self._span(token))
        self._tell(unclosed, token.start, place)

    def _tell(self, found: Diagnostic, *places: int) -> None:
        """Adds a fault, unless its line is known to be faulty; it is from now on, as are those of `places`."""
        if not self._is_faulty(places[0]):
            tell(found, self.sink)
        self.faulty_lines.update(self._line(place) for place in places)

    def _is_faulty(self, offset: int) -> bool:
        return bool(self.faulty_lines) and self._line(offset) in self.faulty_lines

    def _line(self, offset: int) -> int:
        return self.source.line_number(offset)

    def _column(self, token: Token) -> int:
        return token.start - self.source.line_starts[self._line(token.start) - 1]

    def _indent(self, token: Token) -> int:
        """The column at which the text of the line of `token` begins."""
        start = self.source.line_starts[self._line(token.start) - 1]
        line = self.source.text[start : token.start]
        return len(line) - len(line.lstrip())

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)

    # ------------------------------------------------------------ ahead

    def _begins_item(self, i: int) -> bool:
        """Whether what follows word i makes it the start of a definition and of nothing in a body."""
        word, after, then = self.raw[i].text, self._kind(i + 1), self._kind(i + 2)
        if word == "import":
            return after == "STRING" or (after == "NAME" and then == ".")
        if word == "rnn":
            return False
        return after == "NAME" and (then in ("(", "{") or self._text(i + 2) in ("with", "for"))

    def _kind(self, i: int) -> str:
        return self.raw[i].type if i < len(self.raw) else "$END"

    def _text(self, i: int) -> str:
        return self.raw[i].text if i < len(self.raw) else ""
