"""A scan whose steps each see all of the axis that is scanned, which all steps at once would have twice.

Inside the scan that axis gets a name of its own, by a `rename` before it.
"""

from __future__ import annotations

from typing import Any

from rnndsl.plan.attributes import Attributes, Renamed
from rnndsl.plan.model import Function, Graph, GraphInput, Node, Scan, ScanInput, TensorType
from rnndsl.plan.rewriting import FreshIds, new_axis, types_of
from rnndsl.records import replace

_OF_AXES = ("over", "to", "within", "axes", "old", "new", "shared")
"""Attributes that are leading axes."""


def with_own_axes(function: Function) -> Function:
    """`function` with another name, in `axes` behind the first, for each axis that a scan over it sees as a whole."""
    fresh = FreshIds(function.graph)
    axes = list(function.axes)
    graph = _graph(function.graph, axes, fresh)
    return replace(function, graph=graph, axes=tuple(axes))


def _graph(graph: Graph, axes: list[str], fresh: FreshIds) -> Graph:
    types = types_of(graph)
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        if isinstance(node, Scan):
            node = replace(node, body=_graph(node.body, axes, fresh))
            if any(node.axis in x.type.axes for x in node.body.inputs):
                before, node = _renamed(node, types, axes, fresh)
                nodes += before
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _renamed(scan: Scan, types: dict[str, TensorType], axes: list[str], fresh: FreshIds) -> tuple[list[Node], Scan]:
    old, new = scan.axis, _other(scan.axis, axes)
    seen = {x.id for x in scan.body.inputs if old in x.type.axes}
    before: list[Node] = []

    def outer(name: str) -> str:
        t = _type(types[name], old, new)
        before.append(Node(fresh.like(name), "rename", (name,), Renamed(old, new), t, scan.place))
        return before[-1].id

    given = tuple(ScanInput(outer(x.outer), x.inner) if x.inner in seen else x for x in scan.given)
    states = tuple(replace(x, initial=outer(x.initial)) if old in types[x.initial].axes else x for x in scan.states)
    return before, replace(scan, given=given, states=states, body=renamed(scan.body, old, new))


def _other(axis: str, axes: list[str]) -> str:
    """A new axis, with its place behind `axis` in the order."""
    name = new_axis(axis, axes)
    axes.insert(axes.index(axis) + 1, name)
    return name


def renamed(graph: Graph, old: str, new: str) -> Graph:
    """`graph` with another name for an axis, in bodies of scans too."""
    inputs = tuple(GraphInput(x.id, _type(x.type, old, new)) for x in graph.inputs)
    return Graph(inputs, tuple(_node(x, old, new) for x in graph.nodes))


def _node(node: Node | Scan, old: str, new: str) -> Node | Scan:
    if isinstance(node, Scan):
        return replace(node, axis=new if node.axis == old else node.axis, body=renamed(node.body, old, new))
    return replace(node, type=_type(node.type, old, new), attrs=_attributes(node.attrs, old, new))


def _type(t: TensorType, old: str, new: str) -> TensorType:
    return TensorType(t.dtype, tuple(_name(a, old, new) for a in t.axes), t.dims)


def _attributes(attrs: Attributes, old: str, new: str) -> Attributes:
    changed = {k: _names(v, old, new) for k, v in attrs.pairs().items() if k in _OF_AXES}
    return replace(attrs, **changed) if changed else attrs


def _name(name: str, old: str, new: str) -> str:
    return new if name == old else name


def _names(value: Any, old: str, new: str) -> Any:
    """An attribute that is an axis, several, or none."""
    if value is None or isinstance(value, str):
        return new if value == old else value
    return tuple(_name(x, old, new) for x in value)
