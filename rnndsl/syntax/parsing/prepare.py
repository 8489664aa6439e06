"""Between tokens and parser: which words are keywords, and brackets that pair.

Without terminators, whether `cell` or `state` is a keyword depends on where it stands; and a bracket that was forgotten would
hide every later fault. So words are told apart here, missing brackets put in and stray ones left out (diagnosed), and
the limits kept. What comes out is balanced: `closing[i]` is the partner of an opening token i, `enclosing[i]` the innermost
opening token around token i (its own for a closing one), -1 outside.
"""

from __future__ import annotations

from rnndsl.records import mutable
from rnndsl.syntax import words
from rnndsl.syntax.parsing.brackets import LOOKAHEAD, Brackets
from rnndsl.syntax.parsing.tokens import Scan, Token
from rnndsl.text.codes import text
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span


@mutable
class Prepared:
    """Balanced tokens, the last of type $END. `suspect`: texts that a `}` too many put outside every definition."""

    tokens: list[Token]
    enclosing: list[int]
    closing: dict[int, int]
    suspect: list[Span]


def prepare(source: SourceFile, scan: Scan, sink: Sink) -> Prepared:
    """The tokens for the parser. Raises LimitReached."""
    return _Preparer(source, scan, sink).run()


class _Preparer(Brackets):
    def run(self) -> Prepared:
        end = len(self.source.text)
        for i, token in enumerate(self.raw):
            kind = token.type
            if self.indented and token.first:
                self._dedent(self._column(token))
            if kind == "NAME" and token.text == "elif" and self.tokens and self.tokens[-1].type == "}":
                self._elif(token)
                continue
            if kind == ":" and self.header and not self.round and (i + 1 == len(self.raw) or self.raw[i + 1].first):
                self._colon(token)
                continue
            if kind == "NAME":
                if token.text in words.KEYWORDS:
                    self._word(i, token)
                elif token.first and self._kind(i + 1) == "=" and self._ends_operand():
                    self._equation(i, token)
            elif kind in words.OPENING:
                if kind == "{" and not self._is_set(i):
                    self._brace(token)
                else:
                    self._push(token)
                continue
            elif kind in words.CLOSING:
                self._close(i, token)
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

    # ------------------------------------------------------------ Python's blocks

    def _colon(self, token: Token) -> None:
        """`if c:` at the end of a line: what is indented below it is the body."""
        self._tell(text.no_body(self._span(token), ":"), token.start)
        self.indented[len(self.tokens)] = self._indent(token)
        self._push(Token("{", "", token.start, token.end, silent=True))

    def _dedent(self, column: int) -> None:
        """Close the bodies that are indented further than a line that begins at `column`."""
        while self.open and self.indented.get(self.open[-1], -1) >= column:
            place = self.tokens[-1].end
            self._pop(Token("}", "", place, place, silent=True))

    def _elif(self, token: Token) -> None:
        self._tell(text.unknown_keyword(self._span(token), "elif", "statement", "else if"), token.start)
        self._add(Token("else", "else", token.start, token.end, token.first))
        self._add(Token("if", "if", token.end, token.end))
        self.header = "if"

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
        is_own = word in self.declared or word in self.of_function
        if self.round and word in words.STATEMENTS and token.first and word != "if" and after in ("NAME", "*", "{") and not is_own:
            self._close_round()
        if word == "then":
            self.header = ""
        if word == "else" and before and before.type == "}" and not self.round:
            self.header = word
        if self._lacks_body(token, before):
            self._open_body(token)
        token.type = word
        token.alt = is_own
        if not self.round and word in words.STATEMENTS:
            self._statement(i, token, before)

    def _statement(self, i: int, token: Token, before: Token | None) -> None:
        self.in_update = token.type == "update"
        if token.type in words.FUNCTIONS:
            self.of_function = self._function_parameters(i)
        if token.type != "if" or before is None or before.type == "{" or self._ends_operand():
            self.cost.statement()
        is_scope = token.type == "scope" and self._kind(i + 1) == "NAME" and self._kind(i + 2) != "="
        is_for = token.type == "for" and self._text(i + 2) == "in"
        is_if = token.type == "if" and self._kind(i + 1) != "=" and self._begins_statement(token, before)
        if (is_scope or is_for or is_if) and not (before and before.type in words.NAMING):
            self.header = token.type

    def _begins_statement(self, token: Token, before: Token | None) -> bool:
        """Whether `if` begins a statement, and no expression."""
        if before is None or before.type == "{" or (token.first and self._ends_operand()):
            return True
        return before.type == "}" or (before.type == "else" and len(self.tokens) > 1 and self.tokens[-2].type == "}")

    def _lacks_body(self, token: Token, before: Token | None) -> bool:
        """Whether the word `token` begins a statement where the `{` before it is missing."""
        if not self.header or self.round or token.text not in words.STATEMENTS or before is None or before.type == self.header:
            return False
        if self.header in words.DEFINITIONS:
            return not self.open and token.text not in words.FILE_STATEMENTS
        return self.header == "scope" or (token.first and token.text != "if" and self.header != "layout")

    def _equation(self, i: int, token: Token) -> None:
        """A line `z = …`, at `token`, after a finished operand: what is open before it was to be closed, or opened, before."""
        if self.round and not self._closes_later(i, on_line=False):
            self._close_round()
        elif not self.round and self.header and self.tokens[-1].type != self.header:
            self._open_body(token)

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
        self.item = len(self.tokens)
        self.header = token.type if token.type in words.DEFINITIONS or token.type == "layout" else ""
        self.cost.restart()
        self.declared = self._parameters(i)

    def _open_body(self, statement: Token) -> None:
        """Put in the `{` that is missing before the first statement of a body."""
        place = self.tokens[-1].end
        if not self._is_faulty(place):
            self._tell(text.unexpected(Span(self.source, place, place), ["{"], statement.text), place)
        self._push(Token("{", "", place, place, silent=True))

    def _parameters(self, i: int) -> frozenset[str]:
        """The reserved words among the constructor parameters of the definition at token i."""
        if self._kind(i + 2) != "(":
            return frozenset()
        found: set[str] = set()
        depth = 0
        for j in range(i + 2, len(self.raw)):
            kind = self.raw[j].type
            depth += (kind in words.OPENING) - (kind in words.CLOSING)
            if depth == 0 or (self.raw[j].first and self.raw[j].text in words.DEFINITIONS and self._begins_item(j)):
                break
            if kind == "NAME" and self.raw[j].text in words.RESERVED and self._kind(j + 1) == ":":
                found.add(self.raw[j].text)
        return frozenset(found)

    def _function_parameters(self, i: int) -> frozenset[str]:
        """The reserved words among the parameters of the function at token i."""
        found: set[str] = set()
        for j in range(i + 3, min(i + LOOKAHEAD, len(self.raw))):
            if self.raw[j].type == ")":
                break
            if self.raw[j].text in words.RESERVED and self._kind(j - 1) in ("(", ",") and self._kind(j + 1) in (",", ")", "="):
                found.add(self.raw[j].text)
        return frozenset(found)

    def _arrow(self, token: Token) -> None:
        """`<-` is one sign in an update, and where it can only be meant so; `a <-b` compares."""
        spaced = self.source.text[token.end : token.end + 1].isspace()
        if not self.round and (self.in_update or spaced):
            self.in_update = False
            self._add(token)
            return
        self._add(Token("<", "<", token.start, token.start + 1, token.first))
        self._add(Token("-", "-", token.start + 1, token.end))
