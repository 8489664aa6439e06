"""What part of a leading axis is meant, or all of it as a trailing dim. Negative numbers count from its end, as in NumPy."""

from __future__ import annotations

from collections.abc import Iterator

from rnndsl.plan.attributes import Over
from rnndsl.plan.graph import Graph, Scan, all_nodes
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


def lengths_told(graph: Graph) -> Iterator[tuple[str, int]]:
    """The axes whose lengths the plan tells, in bodies of scans too: those of scans of so many steps, and those made of dims."""
    for node in all_nodes(graph):
        if isinstance(node, Scan) and isinstance(node.steps, int):
            yield node.axis, node.steps
        elif not isinstance(node, Scan) and isinstance(node.attrs, Exchanged):
            yield node.attrs.over, node.attrs.size
