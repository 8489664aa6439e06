"""`l1({c})` and `l2({c})`: sums over the variables of a collection, spelled out once its members are known."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.elaborate.state.session import Session
from rnndsl.plan.model import Graph, Node, Scan, TensorType
from rnndsl.text.codes import training as codes
from rnndsl.text.diagnostics import Poisoned


def spell_out(session: Session, collections: Mapping[str, tuple[str, ...]]) -> Graph:
    """The top graph with each `penalty` in plain operations. An empty collection is diagnosed; then raises Poisoned."""
    nodes: list[Node | Scan] = []
    failed = False
    for node in session.graphs.builder.nodes:
        if isinstance(node, Scan) or node.op != "penalty":
            nodes.append(node)
            continue
        paths = [p for p in collections.get(node.attrs["collection"], ()) if p in session.registry.variables]
        if not paths:
            session.reports.report(codes.EMPTY_COLLECTION(session.registry.penalties.get(node.id), name=node.attrs["collection"]))
            failed = True
        nodes += _penalty(session, node, paths)
    if failed:
        raise Poisoned
    graph = session.graphs.builder.graph()
    return Graph(graph.inputs, tuple(nodes))


def _penalty(session: Session, node: Node, paths: list[str]) -> list[Node]:
    """Nodes that sum over `paths`; the last has the id of `node`."""
    made: list[Node] = []
    total: str | None = None
    for i, path in enumerate(paths):
        record = session.registry.variables[path]
        shape = TensorType(record.dtype, (), record.shape)
        last = i == len(paths) - 1
        read = Node(session.graphs.fresh(), "read", (), {"variable": path}, shape, node.place)
        each = Node(session.graphs.fresh(), node.attrs["of"], (read.id,), {}, shape, node.place)
        dims = list(range(-len(record.shape), 0))
        ident = node.id if last and total is None else session.graphs.fresh()
        summed = Node(ident, "sum", (each.id,), {"axes": [], "dims": dims}, TensorType(record.dtype), node.place)
        made += [read, each, summed]
        if total is not None:
            ident = node.id if last else session.graphs.fresh()
            made.append(Node(ident, "add", (total, summed.id), {}, TensorType(record.dtype), node.place))
        total = made[-1].id
    return made
