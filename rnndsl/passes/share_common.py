"""Computes once what is computed twice: nodes with the same operation, arguments and attributes become one.

Within each graph, bodies of scans included, and for inputs that a scan gets twice. Random draws are never shared, scans neither.
"""

from __future__ import annotations

from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Function, Graph, Node, Scan, ScanInput, TensorType
from rnndsl.plan.rewriting import is_pure, move_result, rename_ends, rename_used, with_graph
from rnndsl.records import replace


def share_common(function: Function) -> Function:
    """`function` without common subexpressions. The first of equal nodes stays."""
    graph, names = _share(function.graph, {})
    return with_graph(function, graph, names)


def _share(graph: Graph, names: dict[str, str]) -> tuple[Graph, dict[str, str]]:
    """The graph, and for each id that is gone the one that stands for it. `names`: what is known of the inputs."""
    known: dict[tuple[object, ...], str] = {}
    places: dict[str, tuple[int, ...]] = {}
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        node = rename_used(node, names)
        if isinstance(node, Scan):
            scan, places[node.id] = _share_body(node)
            nodes.append(scan)
            continue
        if isinstance(node.attrs, Result):
            node = move_result(node, places[node.args[0]])
        same = known.setdefault(_key(node), node.id) if isinstance(node.attrs, Result) or is_pure(node) else node.id
        if same != node.id:
            names[node.id] = same
            continue
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes)), names


def _key(node: Node) -> tuple[object, ...]:
    return (node.op, node.args, repr(node.attrs), node.type)


def _share_body(scan: Scan) -> tuple[Scan, tuple[int, ...]]:
    types = {x.id: x.type for x in scan.body.inputs}
    names: dict[str, str] = {}
    scanned, given = (_share_inputs(items, types, names) for items in (scan.scanned, scan.given))
    inputs = tuple(x for x in scan.body.inputs if x.id not in names)
    body, names = _share(replace(scan.body, inputs=inputs), names)
    return rename_ends(replace(scan, scanned=scanned, given=given, body=body), names)


def _share_inputs(items: tuple[ScanInput, ...], types: dict[str, TensorType], names: dict[str, str]) -> tuple[ScanInput, ...]:
    first: dict[tuple[str, TensorType], ScanInput] = {}
    for x in items:
        kept = first.setdefault((x.outer, types[x.inner]), x)
        if kept is not x:
            names[x.inner] = kept.inner
    return tuple(first.values())
