"""How much a model may ask of the compiler: levels of nesting, applications, rounds of `for`, bytes of variables."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from rnndsl.elaborate.state.values import Value
from rnndsl.records import field, mutable
from rnndsl.text.codes import sizes as codes
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.source import Span


@mutable
class Budget:
    """rounds: of all `for`s so far. bytes: of all variables so far."""

    rounds: int = 0
    bytes: int = 0
    _calls: int = 0
    _refunded: int = 0
    _depth: int = 0
    _unwinding: bool = False
    _nested: int = 0
    _listed: int = 0
    _counted: dict[int, tuple[int, list[Value]]] = field(default_factory=dict[int, "tuple[int, list[Value]]"])
    """By the identity of a list, how many numbers it comes to; and the list, which must live as long as its identity is used."""

    @contextmanager
    def deeper(self, span: Span, name: str, limit: int, cost: int = 1) -> Generator[None]:
        """Counts `fn`s and layers, and their nesting: a definition that needs itself is diagnosed, not followed for ever.

        From there to the outermost level nothing is applied: each level on the way out would only meet the same limit again.
        """
        if self._unwinding or self._calls > codes.MAX_CALLS:
            raise Poisoned
        self._calls += cost
        if self._depth >= limit:
            self._unwinding = True
            codes.nested_too_deep(span, name, limit).throw()
        if self._calls > codes.MAX_CALLS:
            codes.too_many_calls(span).throw()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._unwinding = self._unwinding and self._depth > 0

    def check_list(self, value: list[Value], span: Span) -> int:
        """How many numbers a list comes to, those of a list that is named twice counted twice. Raises SpecError for too many."""
        count = self._count(value)
        if count > codes.MAX_LISTED:
            codes.list_too_large(span, count).throw()
        return count

    def add_constant(self, value: object, span: Span) -> None:
        """`value` becomes a constant of a graph. Raises SpecError if all lists that did have too many numbers together."""
        if not isinstance(value, list):
            return
        self._listed += self.check_list(cast("list[Value]", value), span)
        if self._listed > codes.MAX_LISTED:
            codes.lists_too_large(span, self._listed).throw()

    def _count(self, value: Value) -> int:
        """Each list is looked into once: what is the same object has the same count."""
        if not isinstance(value, list):
            return 1
        known = self._counted.get(id(value))
        if known is None:
            known = self._counted[id(value)] = sum(map(self._count, value)), value
        return known[0]

    def enter(self, span: Span) -> None:
        """An expression is evaluated within another. Raises SpecError where too many are; `leave` must follow otherwise."""
        if self._nested >= codes.MAX_DEPTH:
            codes.nested_too_deep(span, span.text, codes.MAX_DEPTH).throw()
        self._nested += 1

    def leave(self) -> None:
        self._nested -= 1

    @contextmanager
    def refunding(self) -> Generator[None]:
        """Applications made inside are counted apart, while there are few enough."""
        before = self._calls
        yield
        self._refunded += self._calls - before
        if self._refunded <= codes.FREE_CALLS:
            self._calls = before
