"""Scans in reverse whose rows meet, such as a batch normalisation within lengths, as scans forward of sequences turned round.

In reverse each sequence starts at its own end, so at one step of the loop rows are at different steps of time. The scan that runs
back goes through time, row by row; where rows meet it would bring together what never met. A scan whose steps are run again is
turned round too, since segments go forward.
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
            if _rows_meet(node, types) or (node.reverse and node.recompute and _turns(node, types)):
                forward[node.id] = node
                nodes += _forward(node, types, fresh)
                continue
        elif isinstance(node.attrs, Result) and node.attrs.of == "output" and node.args[0] in forward:
            made = replace(node, id=fresh.like(node.id))
            nodes += [made, _turn(forward[node.args[0]], made.id, node.type, node.id)]
            continue
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _rows_meet(scan: Scan, types: dict[str, TensorType]) -> bool:
    axes = turned_axes(scan, types)
    return any(isinstance(node, Node) and not axes.isdisjoint(node.attrs.about) for node in all_nodes(scan.body))


def _turns(scan: Scan, types: dict[str, TensorType]) -> bool:
    """Whether all that is scanned differs from row to row as the order of the steps does."""
    axes = turned_axes(scan, types)
    return all(axes <= {*types[x].axes} for x in (*(x.outer for x in scan.scanned), scan.mask) if x is not None)


def _forward(scan: Scan, types: dict[str, TensorType], fresh: FreshIds) -> list[Node | Scan]:
    made: list[Node | Scan] = []

    def turn(name: str) -> str:
        made.append(_turn(scan, name, types[name], fresh.like(name)))
        return made[-1].id

    scanned = tuple(replace(x, outer=turn(x.outer)) for x in scan.scanned)
    mask = None if scan.mask is None else turn(scan.mask)
    return [*made, replace(scan, scanned=scanned, mask=mask, reverse=False)]


def _turn(scan: Scan, name: str, t: TensorType, id: str) -> Node:
    """The value %name, of the type `t`, in the other order in which `scan` may go."""
    op, by = ("reverse", ()) if scan.lengths is None else ("turn", (scan.lengths,))
    return Node(id, op, (name, *by), Over(scan.axis), t, scan.place)
