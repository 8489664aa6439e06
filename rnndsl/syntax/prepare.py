"""Between tokens and parser: which words are keywords, and brackets that pair.

Without terminators, whether `cell` or `state` is a keyword depends on where it stands; and a bracket that was forgotten would
hide every later fault. So words are told apart here, missing brackets put in and stray ones left out (diagnosed), and
the limits kept. What comes out is balanced: `closing[i]` is the partner of an opening token i, `enclosing[i]` the innermost
opening token around token i (its own for a closing one), -1 outside.
"""

from __future__ import annotations

from dataclasses import dataclass

from rnndsl.syntax import words
from rnndsl.syntax.cost import Cost
from rnndsl.syntax.tokens import Scan, Token
from rnndsl.text.codes import text
from rnndsl.text.diagnostics import Diagnostic, Sink
from rnndsl.text.source import SourceFile, Span

OPERAND_ENDS = frozenset({"NAME", "NUMBER", "STRING", ")", "]", "}", "true", "false", "training", "t"})


@dataclass(slots=True, eq=False)
class Prepared:
    """Balanced tokens, the last of type $END. `suspect`: texts that a `}` too many put outside every definition."""

    tokens: list[Token]
    enclosing: list[int]
    closing: dict[int, int]
    suspect: list[Span]


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
        self.cost = Cost(source, sink)
        self.declared: frozenset[str] = frozenset()
        self.in_update = False
        self.in_header = False
        self.last_close = Token("}", "", 0, 0)
        self.suspect: list[Span] = []

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
        return Prepared(self.tokens, self.enclosing, self.closing, self.suspect)

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
        if self.in_header and not self.open and word in words.STATEMENTS - words.FILE_STATEMENTS:
            self._open_body(token)
        token.type = word
        token.alt = word in self.declared
        if not self.round and word in words.STATEMENTS:
            self.in_update = word == "update"
            if word != "if" or before is None or before.type == "{" or self._ends_operand():
                self.cost.statement()

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
        self.in_header = token.type in words.DEFINITIONS
        self.cost.restart()
        self.declared = self._parameters(i)

    def _open_body(self, statement: Token) -> None:
        """Put in the `{` that is missing before the first statement of a definition."""
        place = self.tokens[-1].end
        self.sink.add(text.UNEXPECTED(Span(self.source, place, place), expected="`{`", found=f"`{statement.text}`"))
        self._push(Token("{", "", place, place, silent=True))

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
            self.cost.operator(token, self.tokens[-1].type if self.tokens else "", self._ends_operand())
        elif kind == ".":
            self.cost.postfix(token)
        elif kind in (",", "="):
            self.cost.restart()
        self.enclosing.append(self.open[-1] if self.open else -1)
        self.tokens.append(token)

    def _ends_operand(self) -> bool:
        return bool(self.tokens) and self.tokens[-1].type in OPERAND_ENDS

    def _push(self, token: Token) -> None:
        if token.type == "{" and self.round and self._ends_operand():
            self._close_round(token.start)
        is_round = token.type != "{"
        if is_round and self._ends_operand():
            self.cost.postfix(token)
        self._add(token)
        self.open.append(len(self.tokens) - 1)
        self.round += is_round
        self.cost.open(token, fresh=not self.round)
        if not self.round:
            self.in_update = self.in_header = False

    def _pop(self, token: Token) -> None:
        self._add(token)
        opening = self.open.pop()
        self.cost.close()
        self.closing[opening] = len(self.tokens) - 1
        self.round -= token.type != "}"
        if not self.open:
            self.last_close = token

    def _close(self, token: Token) -> None:
        if self.open and self._partner() == token.type:
            self._pop(token)
            return
        wanted = words.CLOSING[token.type]
        if not any(self.tokens[i].type == wanted for i in self.open):
            if not self._is_faulty(token.start):
                self.sink.add(self._unopened(token))
                self.faulty_lines.add(self.source.position(token.start).line)
            return
        self._report_unclosed(self.open[-1], token.start)
        while self._partner() != token.type:
            self._pop(Token(self._partner(), "", token.start, token.start, silent=True))
        self._pop(token)

    def _unopened(self, token: Token) -> Diagnostic:
        found = text.UNOPENED(self._span(token), closing=token.type)
        earlier = self.last_close
        if token.type != "}" or not earlier.end or self.tokens[-1] is earlier:
            return found
        self.suspect.append(self._span(earlier).to(self._span(token)))
        return found.note("the definition ends here already", self._span(earlier))

    def _is_unclosed_before(self, i: int) -> bool:
        """Whether token i, `z` of a line `z = …` after a finished operand, shows that a bracket was forgotten."""
        return self._kind(i + 1) == "=" and self._ends_operand()

    def _close_round(self, place: int) -> None:
        """Close the ( and [ that are open before a statement at `place`."""
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
        found = text.UNCLOSED(Span(self.source, place, place), opening=token.type, closing=words.OPENING[token.type])
        self.sink.add(found.note(f"the `{token.type}` opened here", self._span(token)))

    def _is_faulty(self, offset: int) -> bool:
        return bool(self.faulty_lines) and self.source.position(offset).line in self.faulty_lines

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)
