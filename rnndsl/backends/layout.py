"""How the values of a function are laid out in memory: the axes of its scans come first.

A loop then reads and writes slices that lie together, and nothing is transposed between the loops that run forth and back. A
plan says what meets by name, so the order of axes is a backend's to choose. Arguments and results keep the plan's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rnndsl.plan.model import Graph, GraphInput, Node, Scan, TensorType, all_nodes
from rnndsl.plan.stretches import Segments
from rnndsl.records import replace


def steps_first(graph: Graph, order: Sequence[str]) -> tuple[Graph, tuple[str, ...]]:
    """`graph` with the axes of all its types in a new order, and that order: scanned ones, outer scans before inner ones."""
    scanned = dict.fromkeys(axis for node in all_nodes(graph) for axis in _scanned(node))
    laid = (*scanned, *(axis for axis in order if axis not in scanned))
    return (graph, laid) if laid == tuple(order) else (_laid(graph, laid), laid)


def _scanned(node: Node | Scan) -> Iterator[str]:
    """The axis that a node goes along; of one that is cut into segments, which are scanned, that too."""
    if isinstance(node, Scan):
        yield node.axis
    elif isinstance(node.attrs, Segments):
        yield node.attrs.over


def ordered(t: TensorType, order: Iterable[str]) -> TensorType:
    """`t` with its axes in `order`."""
    return t.with_axes((), order)


def _laid(graph: Graph, order: Sequence[str]) -> Graph:
    inputs = tuple(GraphInput(x.id, ordered(x.type, order)) for x in graph.inputs)
    return Graph(inputs, tuple(_laid_node(node, order) for node in graph.nodes))


def _laid_node(node: Node | Scan, order: Sequence[str]) -> Node | Scan:
    if isinstance(node, Scan):
        return replace(node, body=_laid(node.body, order))
    return replace(node, type=ordered(node.type, order))
