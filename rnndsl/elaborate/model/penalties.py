"""`l1({c})` and `l2({c})`: sums over the variables of a collection, spelled out once its members are known."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.elaborate.state.session import Session
from rnndsl.language.rules.types import widest
from rnndsl.plan.attributes import NOTHING, Attributes, OfCollection, Read, Reduction, ToDType
from rnndsl.plan.model import DType, Graph, Node, Scan, TensorType
from rnndsl.records import replace
from rnndsl.text.codes import training as codes
from rnndsl.text.diagnostics import Poisoned


def spell_out(session: Session, collections: Mapping[str, tuple[str, ...]]) -> Graph:
    """The top graph with each `penalty` in plain operations. An empty collection is diagnosed; then raises Poisoned."""
    nodes: list[Node | Scan] = []
    failed = False
    for node in session.graphs.builder.nodes:
        if isinstance(node, Scan) or not isinstance(node.attrs, OfCollection):
            nodes.append(node)
            continue
        name = node.attrs.collection
        paths = [p for p in collections.get(name, ()) if p in session.registry.variables]
        if not paths:
            session.reports.report(
                codes.empty_collection(session.registry.penalties.get(node.id), node.told(OfCollection).collection)
            )
            failed = True
        nodes += _penalty(session, node, paths)
    if failed:
        raise Poisoned
    graph = session.graphs.builder.graph()
    return Graph(graph.inputs, tuple(nodes))


def _penalty(session: Session, node: Node, paths: list[str]) -> list[Node]:
    """Nodes that sum over `paths` in the dtype of `node`, or within a variable in its own if that is wider; the last is `node`."""
    made: list[Node] = []

    def add(op: str, args: tuple[str, ...], type: TensorType, attrs: Attributes = NOTHING) -> Node:
        made.append(Node(session.graphs.fresh(), op, args, attrs, type, node.place))
        return made[-1]

    def cast(value: Node, dtype: DType) -> Node:
        if value.type.dtype == dtype:
            return value
        return add("cast", (value.id,), TensorType(dtype, (), value.type.dims), ToDType(dtype))

    total: Node | None = None
    for path in paths:
        record = session.registry.variables[path]
        dtype = widest((record.dtype, node.type.dtype))
        read = cast(add("read", (), TensorType(record.dtype, (), record.shape), Read(path)), dtype)
        each = add(node.told(OfCollection).of, (read.id,), read.type)
        every = Reduction((), tuple(range(-len(record.shape), 0)))
        summed = cast(add("sum", (each.id,), TensorType(dtype), every), node.type.dtype)
        total = summed if total is None else add("add", (total.id, summed.id), node.type)
    if made:
        made[-1] = replace(made[-1], id=node.id)
    return made
