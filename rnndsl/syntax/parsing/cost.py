"""How deep the tree of an expression will be, known from its tokens, so that no stage after this one recurses too far."""

from __future__ import annotations

from rnndsl.records import mutable
from rnndsl.syntax.parsing.tokens import LimitReached, Token
from rnndsl.text.codes import limits
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

MAX_NESTING = 100
MAX_OPERATORS = 1_000
PREFIXES = frozenset({"-", "not"})
"""Operators before their operand, where the token before them does not end one."""


@mutable
class Level:
    """What the expression at hand has cost inside one bracket, with what is around that bracket (`base…`).

    `operators` keeps chains such as `a + b + …` from growing without end; `depth` counts what nests with no bracket: postfixes,
    `**`, prefixes, and `if … then … else`.
    """

    base_operators: int = 0
    base_depth: int = 0
    operators: int = 0
    run: int = 0
    conditionals: int = 0
    else_ifs: int = 0

    def restart(self) -> None:
        """Another expression begins."""
        self.operators = self.base_operators
        self.run = self.conditionals = 0

    @property
    def depth(self) -> int:
        return self.base_depth + self.run + self.conditionals


class Cost:
    """Of the tokens so far. Every method may raise LimitReached (diagnosed)."""

    def __init__(self, source: SourceFile, sink: Sink) -> None:
        self.source = source
        self.sink = sink
        self.levels = [Level()]  # for each open bracket, and outside

    def restart(self) -> None:
        """Another expression begins, in the same bracket."""
        self.levels[-1].restart()

    def statement(self) -> None:
        """Another statement begins, and it is no `else if`."""
        self.levels[-1].restart()
        self.levels[-1].else_ifs = 0

    def open(self, token: Token, fresh: bool) -> None:
        """A bracket opens; with `fresh`, the body of a statement."""
        level = self.levels[-1]
        self.levels.append(Level() if fresh else Level(level.operators, level.depth, level.operators))
        self._check_depth(token)

    def close(self) -> None:
        self.levels.pop()

    def postfix(self, token: Token) -> None:
        """A call, an index or an attribute."""
        self.levels[-1].run += 1
        self._check_depth(token)

    def operator(self, token: Token, before: str, after_operand: bool) -> None:
        """An operator, `if` or `else`; `before` is the type of the token before it."""
        level, kind = self.levels[-1], token.type
        if kind == "else" and before == "}":
            level.else_ifs += 1
            if level.else_ifs > MAX_NESTING:
                self._too_deep(token)
            return
        level.operators += 1
        if level.operators > MAX_OPERATORS:
            self.sink.add(limits.expression_too_long(self._span(token), MAX_OPERATORS))
            raise LimitReached
        if kind in ("if", "else"):
            level.conditionals += kind == "if"
            level.run = 0
        elif kind == "**" or (kind in PREFIXES and not after_operand):
            level.run += 1
        else:
            level.run = 0
        self._check_depth(token)

    def _check_depth(self, token: Token) -> None:
        if len(self.levels) - 1 + self.levels[-1].depth > MAX_NESTING:
            self._too_deep(token)

    def _too_deep(self, token: Token) -> None:
        self.sink.add(limits.too_deep(self._span(token), MAX_NESTING))
        raise LimitReached

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)
