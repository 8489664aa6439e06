"""What part of a leading axis is meant, or all of it as a trailing dim. Negative numbers count from its end, as in NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rnndsl.plan.attributes import Over
from rnndsl.plan.graph import Graph, Node, Scan, all_nodes
from rnndsl.records import record


@record
class StepAt(Over):
    """One step."""

    at: int


@record
class Exchanged(Over):
    """All of it, exchanged for the first trailing dim, and its length."""

    size: int


@record
class Stretch(Over):
    """Each `by`-th step from `start` up to `stop`, or to the end; the axis is called `to` in the part. Steps that the axis lacks
    are left out."""

    to: str
    start: int
    stop: int | None
    by: int

    @property
    def about(self) -> tuple[str, ...]:
        return self.over, self.to


@record
class Segments(Over):
    """It cut into segments of `each` steps, or if that is not told into as many as each has steps, or one fewer. Which one is the
    axis `to`, the place in it the axis `within`. What it lacks at the end of the last is zero there. `size`: its length, if the
    plan tells it."""

    to: str
    within: str
    size: int | None = None
    each: int | None = None

    @property
    def about(self) -> tuple[str, ...]:
        return self.over, self.to, self.within

    def of(self, size: int) -> int:
        """How many steps a segment has of an axis of `size`."""
        return segment_length(size) if self.each is None else self.each


def segment_length(size: int) -> int:
    """How many steps a segment has of an axis of `size`: the root of that, rounded up, and one at least."""
    return max(math.isqrt(size - 1) + 1, 1) if size > 0 else 1


def lengths_told(graph: Graph) -> Iterator[tuple[str, int]]:
    """The axes whose lengths the plan tells, in bodies of scans too: those of scans of so many steps, those made of dims, and those
    within segments of so many steps."""
    for node in all_nodes(graph):
        if isinstance(node, Scan) and isinstance(node.steps, int):
            yield node.axis, node.steps
        elif not isinstance(node, Scan) and isinstance(node.attrs, Exchanged | Segments) and node.attrs.size is not None:
            yield node.attrs.over, node.attrs.size
        if isinstance(node, Node) and isinstance(node.attrs, Segments) and node.attrs.each is not None:
            yield node.attrs.within, node.attrs.each
