"""Scans in reverse whose rows meet, such as a batch normalisation within lengths, as scans forward of sequences turned round.

In reverse each sequence starts at its own end, so at one step of the loop rows are at different steps of time. The scan that runs
back goes through time, row by row; where rows meet it would bring together what never met.
"""

from __future__ import annotations

from rnndsl.plan.attributes import Over, Result
from rnndsl.plan.model import Graph, Node, Scan, TensorType, all_nodes
from rnndsl.plan.rewriting import FreshIds, turned_axes, types_of
from rnndsl.records import replace


def turned(graph: Graph, fresh: FreshIds) -> Graph:
    """The same values."""
    types = types_of(graph)
    forward: dict[str, Scan] = {}
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        if isinstance(node, Scan):
            node = replace(node, body=turned(node.body, fresh))
            if _rows_meet(node, types):
                forward[node.id] = node
                nodes += _forward(node, types, fresh)
                continue
        elif isinstance(node.attrs, Result) and node.attrs.of == "output" and node.args[0] in forward:
            lengths = forward[node.args[0]].lengths
            assert lengths is not None
            made = replace(node, id=fresh.like(node.id))
            back = Node(node.id, "turn", (made.id, lengths), Over(forward[node.args[0]].axis), node.type, node.place)
            nodes += [made, back]
            continue
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _rows_meet(scan: Scan, types: dict[str, TensorType]) -> bool:
    axes = turned_axes(scan, types)
    return any(isinstance(node, Node) and not axes.isdisjoint(node.attrs.about) for node in all_nodes(scan.body))


def _forward(scan: Scan, types: dict[str, TensorType], fresh: FreshIds) -> list[Node | Scan]:
    made: list[Node | Scan] = []

    def turn(name: str) -> str:
        assert scan.lengths is not None
        made.append(Node(fresh.like(name), "turn", (name, scan.lengths), Over(scan.axis), types[name], scan.place))
        return made[-1].id

    scanned = tuple(replace(x, outer=turn(x.outer)) for x in scan.scanned)
    mask = None if scan.mask is None else turn(scan.mask)
    return [*made, replace(scan, scanned=scanned, mask=mask, reverse=False)]
