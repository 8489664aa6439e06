"""Layouts in a plan: equations between the tensors of a file and a layer's own variables, as the text has them.

An equation says what a foreign tensor, or the sum of several, is in terms of variables. `rnndsl.derive.inverse` solves it for them.
"""

from __future__ import annotations

from rnndsl.plan.attributes import Read
from rnndsl.plan.graph import Graph, Node, TensorType
from rnndsl.plan.indices import At, Part
from rnndsl.records import Immutable, record
from rnndsl.text.source import Span


@record
class Foreign(Immutable):
    """The part of a foreign tensor that an equation is about: an item for each of its dims. `sizes`: how long each dim is; None of
    one that has other parts beside this one."""

    key: str
    items: tuple[At | Part, ...]
    sizes: tuple[int | None, ...]

    @property
    def box(self) -> tuple[tuple[int, int], ...]:
        """Where it begins and ends along each dim."""
        return tuple((x.index, x.index + 1) if isinstance(x, At) else (x.start, x.stop) for x in self.items)

    @property
    def slices(self) -> tuple[int | slice, ...]:
        """The same, as NumPy has it."""
        return tuple(x.index if isinstance(x, At) else slice(x.start, x.stop) for x in self.items)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of this shape has the part."""
        if len(shape) != len(self.items):
            return False
        ends = zip(shape, self.sizes, self.box, strict=True)
        return all(size == wanted if wanted is not None else size >= stop for size, wanted, (_, stop) in ends)

    def meets(self, other: Foreign) -> bool:
        """Whether the two have something in common."""
        same = self.key == other.key and len(self.items) == len(other.items)
        return same and all(a < d and c < b for (a, b), (c, d) in zip(self.box, other.box, strict=True))


@record
class LayoutEquation(Immutable):
    """`foreign`, summed, is the `value` of the layout's graph. `text`: as it is written at `span`, with the names filled in."""

    foreign: tuple[Foreign, ...]
    value: str
    type: TensorType
    text: str
    span: Span


@record
class Layout(Immutable):
    """`name` with its arguments: `torch(0)`. The equations' values are nodes of `graph`, which reads variables."""

    name: str
    graph: Graph
    equations: tuple[LayoutEquation, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The variables that it is about."""
        reads = (node.attrs.variable for node in self.graph.nodes if isinstance(node, Node) and isinstance(node.attrs, Read))
        return tuple(dict.fromkeys(reads))
