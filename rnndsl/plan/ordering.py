"""What running sums, numbers in order and all places of a value are told."""

from __future__ import annotations

from rnndsl.plan.attributes import Along, Attributes, Dim, Over
from rnndsl.records import record


@record
class Cumulative(Along):
    """And whether the sums run from the end."""

    back: bool = False


@record
class Put(Dim):
    """And how long it is in the result."""

    size: int


@record
class Largest(Attributes):
    """How many of the largest numbers."""

    k: int


@record
class Places(Over):
    """A new leading axis for all places of a value, and the axes that this has."""

    of: tuple[str, ...]

    @property
    def about(self) -> tuple[str, ...]:
        return self.over, *self.of
