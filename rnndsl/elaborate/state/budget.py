"""How much a model may ask of the compiler: levels of nesting, applications, rounds of `for`, bytes of variables."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from rnndsl.text.codes import sizes as codes
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.source import Span


@dataclass(slots=True, eq=False)
class Budget:
    """rounds: of all `for`s so far. bytes: of all variables so far."""

    rounds: int = 0
    bytes: int = 0
    _calls: int = 0
    _refunded: int = 0
    _depth: int = 0
    _unwinding: bool = False

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
            codes.NESTED_TOO_DEEP(span, name=name, limit=limit).throw()
        if self._calls > codes.MAX_CALLS:
            most = codes.MAX_CALLS
            codes.TOO_MANY_CALLS(span, limit=most, layers=most // codes.LAYER_COST).throw()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._unwinding = self._unwinding and self._depth > 0

    @contextmanager
    def refunding(self) -> Generator[None]:
        """Applications made inside are counted apart, while there are few enough."""
        before = self._calls
        yield
        self._refunded += self._calls - before
        if self._refunded <= codes.FREE_CALLS:
            self._calls = before
