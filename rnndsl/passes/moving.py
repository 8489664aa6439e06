"""Moves nodes out of the body of a scan into the graph around it. What moves and why is for the passes to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rnndsl.plan.model import Function, Graph, Node, Scan, ScanInput, TensorType
from rnndsl.plan.rewriting import FreshIds, add_inputs, drop_unused_inputs, follows, scan_ends, used_ids
from rnndsl.records import Immutable, record, replace

Hoist = Callable[[Scan, Mapping[str, TensorType]], "tuple[list[Node], Scan]"]
"""From a scan and the types of the graph around it to the nodes that come before the scan, and the scan without them."""


def hoist_everywhere(function: Function, hoist: Hoist) -> Function:
    """`function` with `hoist` applied to every scan, inner ones first, so that a node may move out through several."""
    return replace(function, graph=_hoist(function.graph, hoist))


def _hoist(graph: Graph, hoist: Hoist) -> Graph:
    types = {x.id: x.type for x in graph.inputs}
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        if isinstance(node, Node):
            types[node.id] = node.type
            nodes.append(node)
            continue
        before, scan = hoist(replace(node, body=_hoist(node.body, hoist)), types)
        types.update((x.id, x.type) for x in before)
        nodes += [*before, scan]
    return replace(graph, nodes=tuple(nodes))


def fixed_ids(scan: Scan, also: Callable[[Node], bool] = lambda _: False) -> set[str]:
    """The ids of the body that have the same value at every step: given values, leaves, and functions of these that are pure, or
    of which `also` says so."""
    fixed = {x.inner for x in scan.given}
    for node in scan.body.nodes:
        if isinstance(node, Scan):
            continue
        if follows(node, fixed) or (also(node) and fixed.issuperset(node.args)):
            fixed.add(node.id)
    return fixed


@record
class Move(Immutable):
    """`nodes` of the body, in order, with the types that they have outside. They leave the body; where it still needs one, it
    gets it as an input of the same id: scanned if `scanned` holds the id, else given. Leaves are written down again on the side
    that needs them."""

    scan: Scan
    nodes: tuple[Node, ...]
    types: Mapping[str, TensorType]
    scanned: frozenset[str]

    def apply(self, fresh: FreshIds) -> tuple[list[Node], Scan]:
        """The nodes for the graph around the scan, and the scan."""
        scan = self.scan
        if not self.nodes:
            return [], scan
        outer = self._outer(fresh)
        moved = {node.id for node in self.nodes}
        stays = [n for n in scan.body.nodes if n.id not in moved]
        needed = {x for n in stays for x in used_ids(n)} | set(scan_ends(scan))
        fed = [n.id for n in self.nodes if n.id in needed]
        types = {node.id: node.type for node in self.nodes}
        copied = {x for n in self.nodes for x in n.args}
        stays = [n for n in stays if n.id in needed or n.id not in copied]
        body = add_inputs(replace(scan.body, nodes=tuple(stays)), fed, types)
        inputs = [ScanInput(outer[x], x) for x in fed]
        new = replace(
            scan,
            scanned=(*scan.scanned, *(x for x in inputs if x.inner in self.scanned)),
            given=(*scan.given, *(x for x in inputs if x.inner not in self.scanned)),
            body=body,
        )
        return list(self._outside(outer, fresh)), drop_unused_inputs(new)

    def _outer(self, fresh: FreshIds) -> dict[str, str]:
        """From ids of the body to ids outside: of inputs, and of what moves."""
        outer = {x.inner: x.outer for x in (*self.scan.scanned, *self.scan.given)}
        outer.update((node.id, fresh.like(node.id)) for node in self.nodes)
        return outer

    def _outside(self, outer: dict[str, str], fresh: FreshIds) -> Iterable[Node]:
        inside = {n.id: n for n in self.scan.body.nodes if isinstance(n, Node)}
        for node in self.nodes:
            for leaf in (inside[x] for x in node.args if x not in outer):
                outer[leaf.id] = fresh.like(leaf.id)
                yield replace(leaf, id=outer[leaf.id])
            yield replace(node, id=outer[node.id], args=tuple(outer[x] for x in node.args), type=self.types[node.id])
