"""What an index selects of trailing dims."""

from __future__ import annotations

from rnndsl.plan.attributes import Attributes
from rnndsl.records import Immutable, record


@record
class All(Immutable):
    """All of a dim."""


@record
class At(Immutable):
    """One place of a dim, which is gone."""

    index: int


@record
class Part(Immutable):
    """A range of a dim: `start` up to `stop`, which is not in it."""

    start: int
    stop: int


Item = All | At | Part


@record
class Index(Attributes):
    """What is selected, an item for each trailing dim."""

    items: tuple[Item, ...]

    @property
    def columns(self) -> Part | None:
        """The range of the last dim, if nothing else is selected."""
        return _columns(self.items)


@record
class Placed(Attributes):
    """Where in `dims` the value is put, an item for each of them; the rest is zero."""

    items: tuple[Item, ...]
    dims: tuple[int, ...]

    @property
    def columns(self) -> Part | None:
        """The range of the last dim that is not zero, if it is put nowhere else."""
        return _columns(self.items)


def _columns(items: tuple[Item, ...]) -> Part | None:
    if not items:
        return None
    *rest, last = items
    return last if isinstance(last, Part) and all(isinstance(x, All) for x in rest) else None


def columns(rank: int, start: int, stop: int) -> Index:
    """A range of the last of `rank` dims."""
    return Index((*[All()] * (rank - 1), Part(start, stop)))
