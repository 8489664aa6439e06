"""Between tokens and parser: which words are keywords, and brackets that pair.

Without terminators, whether `cell` or `state` is a keyword depends on where it stands; and a bracket that was forgotten would
hide every later fault. So words are told apart here, missing brackets put in and stray ones left out (diagnosed), and
the limits kept. What comes out is balanced: `closing[i]` is the partner of an opening token i, `enclosing[i]` the innermost
opening token around token i (its own for a closing one), -1 outside.
"""

from __future__ import annotations

from dataclasses import dataclass

from rnndsl.codes import limits, text
from rnndsl.diagnostics import Sink
from rnndsl.source import SourceFile, Span
from rnndsl.syntax import words
from rnndsl.syntax.tokens import Scan, Token

MAX_NESTING = 100
MAX_OPERATORS = 1_000
OPERAND_ENDS = frozenset({"NAME", "NUMBER", "STRING", ")", "]", "}", "true", "false", "training", "t"})


class LimitReached(Exception):
    """A limit was passed (diagnosed): the file is not read further."""


@dataclass(slots=True, eq=False)
class Prepared:
    """Balanced tokens, the last of type $END."""

    tokens: list[Token]
    enclosing: list[int]
    closing: dict[int, int]


def prepare(source: SourceFile, scan: Scan, sink: Sink) -> Prepared:
    """The tokens for the parser. Raises LimitReached."""
    return _Preparer(source, scan, sink).run()


class _Preparer:
    def __init__(self, source: SourceFile, scan: Scan, sink: Sink) -> None:
        self.source = source
        self.raw = scan.tokens
        self.faulty_lines = scan.faulty_lines
        self.sink = sink
        self.tokens: list[Token] = []
        self.enclosing: list[int] = []
        self.closing: dict[int, int] = {}
        self.open: list[int] = []  # opening tokens, by their place in `tokens`
        self.round = 0  # how many of them are ( or [
        self.operators = [0]  # of the expression at hand and those around it, for each open bracket
        self.bases = [0]  # those around it alone
        self.else_ifs = [0]
        self.declared: frozenset[str] = frozenset()
        self.in_update = False

    def run(self) -> Prepared:
        end = len(self.source.text)
        for i, token in enumerate(self.raw):
            kind = token.type
            if kind == "NAME":
                if token.text in words.KEYWORDS:
                    self._word(i, token)
                elif self.round and token.first and self._is_unclosed_before(i):
                    self._close_round(token.start)
            elif kind in words.OPENING:
                self._push(token)
                continue
            elif kind in words.CLOSING:
                self._close(token)
                continue
            elif kind == "<-":
                self._arrow(token)
                continue
            self._add(token)
        if self.open:
            last = self.tokens[-1]
            self._report_unclosed(self.open[-1], last.end)
            while self.open:
                self._pop(Token(self._partner(), "", last.end, last.end, silent=True))
        self._add(Token("$END", "", end, end, first=True))
        return Prepared(self.tokens, self.enclosing, self.closing)

    # ------------------------------------------------------------ words

    def _word(self, i: int, token: Token) -> None:
        word = token.text
        before = self.tokens[-1] if self.tokens else None
        after = self._kind(i + 1)
        if before and before.type == "." and not (token.first and word in words.STATEMENTS):
            return
        if after == "=" and self.round and before and before.type in ("(", ","):
            return
        if self.round and (after == ":" or self._is_type(before)):
            return
        if word in words.FILE_WORDS:
            self._file_word(i, token)
            return
        if self.round and word in words.STATEMENTS and token.first and word != "if" and after in ("NAME", "*", "{"):
            self._close_round(token.start)
        token.type = word
        token.alt = word in self.declared
        if not self.round and word in words.STATEMENTS:
            self.in_update = word == "update"
            if word != "if" or before is None or before.type != "else":
                self.operators[-1] = self.else_ifs[-1] = 0

    def _is_type(self, before: Token | None) -> bool:
        if before is None:
            return False
        return before.type == ":" or (before.type == "[" and len(self.tokens) > 1 and self.tokens[-2].type == ":")

    def _file_word(self, i: int, token: Token) -> None:
        """A word that begins an item of a file, and is a name inside one."""
        if self.open and not (token.first and self._begins_item(i)):
            return
        if self.open:
            place = self.tokens[-1].end
            self._report_unclosed(self.open[-1], place)
            while self.open:
                self._pop(Token(self._partner(), "", place, place, silent=True))
        token.type = token.text
        self.operators[-1] = 0
        self.declared = self._parameters(i)

    def _begins_item(self, i: int) -> bool:
        """Whether what follows word i makes it the start of a definition and of nothing in a body."""
        word, after, then = self.raw[i].text, self._kind(i + 1), self._kind(i + 2)
        if word == "import":
            return after == "STRING" or (after == "NAME" and then == ".")
        if word == "rnn":
            return False
        return after == "NAME" and (then in ("(", "{") or self._text(i + 2) in ("with", "for"))

    def _parameters(self, i: int) -> frozenset[str]:
        """The reserved words among the constructor parameters of the definition at token i."""
        if self._kind(i + 2) != "(":
            return frozenset()
        found: set[str] = set()
        depth = 0
        for j in range(i + 2, len(self.raw)):
            kind = self.raw[j].type
            depth += (kind in words.OPENING) - (kind in words.CLOSING)
            if depth == 0:
                break
            if kind == "NAME" and self.raw[j].text in words.RESERVED and self._kind(j + 1) == ":":
                found.add(self.raw[j].text)
        return frozenset(found)

    def _kind(self, i: int) -> str:
        return self.raw[i].type if i < len(self.raw) else "$END"

    def _text(self, i: int) -> str:
        return self.raw[i].text if i < len(self.raw) else ""

    def _arrow(self, token: Token) -> None:
        """`<-` is one sign in an update, and where it can only be meant so; `a <-b` compares."""
        spaced = self.source.text[token.end : token.end + 1].isspace()
        if not self.round and (self.in_update or spaced):
            self.in_update = False
            self._add(token)
            return
        self._add(Token("<", "<", token.start, token.start + 1, token.first))
        self._add(Token("-", "-", token.start + 1, token.end))

    # ------------------------------------------------------------ brackets

    def _add(self, token: Token) -> None:
        kind = token.type
        if kind in words.OPERATORS:
            self._count(token)
        elif kind in (",", "="):
            self.operators[-1] = self.bases[-1]
        self.enclosing.append(self.open[-1] if self.open else -1)
        self.tokens.append(token)

    def _count(self, token: Token) -> None:
        if token.type == "else" and self.tokens and self.tokens[-1].type == "}":
            self.else_ifs[-1] += 1
            if self.else_ifs[-1] > MAX_NESTING:
                self._too_deep(token)
            return
        self.operators[-1] += 1
        if self.operators[-1] > MAX_OPERATORS:
            self.sink.add(limits.EXPRESSION_TOO_LONG(self._span(token), limit=MAX_OPERATORS))
            raise LimitReached

    def _push(self, token: Token) -> None:
        self._add(token)
        self.open.append(len(self.tokens) - 1)
        if len(self.open) > MAX_NESTING:
            self._too_deep(token)
        if token.type == "{":
            self.in_update = False
        else:
            self.round += 1
        self.bases.append(self.operators[-1] if self.round else 0)
        self.operators.append(self.bases[-1])
        self.else_ifs.append(0)

    def _too_deep(self, token: Token) -> None:
        self.sink.add(limits.TOO_DEEP(self._span(token), limit=MAX_NESTING))
        raise LimitReached

    def _pop(self, token: Token) -> None:
        self._add(token)
        opening = self.open.pop()
        self.operators.pop()
        self.bases.pop()
        self.else_ifs.pop()
        self.closing[opening] = len(self.tokens) - 1
        if token.type != "}":
            self.round -= 1

    def _close(self, token: Token) -> None:
        if self.open and self._partner() == token.type:
            self._pop(token)
            return
        wanted = words.CLOSING[token.type]
        if not any(self.tokens[i].type == wanted for i in self.open):
            if not self._is_faulty(token.start):
                self.sink.add(text.UNOPENED(self._span(token), closing=token.type))
            return
        self._report_unclosed(self.open[-1], token.start)
        while self._partner() != token.type:
            self._pop(Token(self._partner(), "", token.start, token.start, silent=True))
        self._pop(token)

    def _is_unclosed_before(self, i: int) -> bool:
        """Whether token i, `z` of a line `z = …` after a finished operand, shows that a bracket was forgotten."""
        return self._kind(i + 1) == "=" and bool(self.tokens) and self.tokens[-1].type in OPERAND_ENDS

    def _close_round(self, place: int) -> None:
        """Close the ( and [ that are open before a statement at `place`."""
        self._report_unclosed(self.open[-1], self.tokens[-1].end)
        while self.open and self.tokens[self.open[-1]].type != "{":
            self._pop(Token(self._partner(), "", self.tokens[-1].end, self.tokens[-1].end, silent=True))
        self.operators[-1] = 0

    def _partner(self) -> str:
        return words.OPENING[self.tokens[self.open[-1]].type]

    def _report_unclosed(self, opening: int, place: int) -> None:
        token = self.tokens[opening]
        if self._is_faulty(token.start):
            return
        found = text.UNCLOSED(Span(self.source, place, place), opening=token.type, closing=words.OPENING[token.type])
        self.sink.add(found.note(f"the `{token.type}` opened here", self._span(token)))

    def _is_faulty(self, offset: int) -> bool:
        return bool(self.faulty_lines) and self.source.position(offset).line in self.faulty_lines

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)
