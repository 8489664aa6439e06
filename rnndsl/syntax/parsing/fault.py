"""A fault of syntax, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rnndsl.records import Immutable, record
from rnndsl.syntax import words
from rnndsl.syntax.parsing.tokens import Token
from rnndsl.text.source import SourceFile, Span

LOOKBACK = 40
"""Tokens of the line before a fault that are looked at."""


@record
class Fault(Immutable):
    """Token `i` does not fit. `accepts` says whether a type would have."""

    source: SourceFile
    tokens: list[Token]
    i: int
    accepts: Callable[[str], bool]
    closing: dict[int, int]
    enclosing: list[int]

    @property
    def token(self) -> Token:
        return self.tokens[self.i]

    def before(self, steps: int = 1) -> Token | None:
        return self.tokens[self.i - steps] if self.i >= steps else None

    def after(self) -> Token:
        return self.tokens[min(self.i + 1, len(self.tokens) - 1)]

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)

    def is_round(self) -> bool:
        """Whether the token stands between ( and ), or [ and ]."""
        opening = self.enclosing[self.i]
        return opening >= 0 and self.tokens[opening].type in ("(", "[")

    def line_before(self) -> Iterator[Token]:
        """The tokens before the faulty one, back to the first of its line; of the line before if it is itself the first."""
        for j in range(self.i - 1, max(self.i - LOOKBACK, -1), -1):
            yield self.tokens[j]
            if self.tokens[j].first:
                return

    def is_joined(self, sign: str) -> bool:
        """Whether `sign` follows the faulty token at once: the `=` of `+=`."""
        after = self.after()
        return after.type == sign and after.start == self.token.end

    def begins_equation(self) -> bool:
        """Whether the token follows a name that could begin an equation: `y` of `y += 1`."""
        before, earlier = self.before(), self.before(2)
        if before is None or before.type != "NAME" or not self.accepts("=") or self.is_round():
            return False
        return before.first or (earlier is not None and earlier.type in ("{", "}")) or self.before(2) is None


def is_word(token: Token) -> bool:
    """Whether it is a name or a word of the language."""
    return token.type == "NAME" or token.type in words.KEYWORDS
