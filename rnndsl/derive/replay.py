"""A part of a graph computed again with other values of variables: what an update reads that comes after another, or after the
optimizer. What does not depend on these variables is not written down twice; draws are the same draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rnndsl.passes.remove_dead import needed
from rnndsl.plan.attributes import Read
from rnndsl.plan.model import Graph, GraphInput, Node, Scan, ScanInput
from rnndsl.plan.rewriting import FreshIds, reads, rename_ends, rename_used
from rnndsl.records import mutable, replace

Values = Mapping[str, str]
"""From the path of a variable to the id of the value that is read in its place."""


def replay(graph: Graph, ends: Iterable[str], values: Values, fresh: FreshIds) -> tuple[Graph, dict[str, str]]:
    """`graph` with new nodes at its end, and for each of `ends` that reads one of the variables the id that is it then."""
    ends = list(ends)
    live = needed(graph, ends)
    copier = _Copier(fresh)
    names: dict[str, str] = {}
    added: list[Node | Scan] = []
    for node in graph.nodes:
        if node.id not in live:
            continue
        if _replaced(node, values, names):
            continue
        inside = isinstance(node, Scan) and not values.keys().isdisjoint(reads(node.body))
        if inside or any(x in names for x in _used(node)):
            added.append(copier.node(node, names, values))
    return replace(graph, nodes=(*graph.nodes, *added)), {x: names[x] for x in ends if x in names}


def copied(scan: Scan, fresh: FreshIds) -> Scan:
    """`scan`, reading the same, with a body under other ids."""
    return _Copier(fresh).scan(scan, {})


def _used(node: Node | Scan) -> Iterable[str]:
    return node.args if isinstance(node, Node) else node.outer_ids()


def _replaced(node: Node | Scan, values: Values, names: dict[str, str]) -> bool:
    """Whether `node` reads one of the variables; `names` then knows what stands for it."""
    if not isinstance(node, Node) or not isinstance(node.attrs, Read):
        return False
    path = node.attrs.variable
    if path in values:
        names[node.id] = values[path]
    return path in values


@mutable
class _Copier:
    """Writes nodes down again under fresh ids."""

    fresh: FreshIds

    def node(self, node: Node | Scan, names: dict[str, str], values: Values) -> Node | Scan:
        """A copy of `node` that reads the new `names`, which then know it too."""
        copy = rename_used(node, names)
        if isinstance(copy, Scan):
            copy = self.scan(copy, values)
        copy = replace(copy, id=self.fresh.like(node.id))
        names[node.id] = copy.id
        return copy

    def scan(self, scan: Scan, values: Values) -> Scan:
        types = reads(scan.body)
        inner = {path: self.fresh.like("given") for path in types if path in values}
        names = {x.id: self.fresh.like(x.id) for x in scan.body.inputs}
        nodes = [self.node(node, names, inner) for node in scan.body.nodes if not _replaced(node, inner, names)]
        inputs = [GraphInput(names[x.id], x.type) for x in scan.body.inputs]
        inputs += [GraphInput(name, types[path]) for path, name in inner.items()]
        fed = replace(
            scan,
            scanned=tuple(ScanInput(x.outer, names[x.inner]) for x in scan.scanned),
            given=(
                *(ScanInput(x.outer, names[x.inner]) for x in scan.given),
                *(ScanInput(values[path], name) for path, name in inner.items()),
            ),
            states=tuple(replace(x, old=names[x.old]) for x in scan.states),
            variables=tuple(replace(x, old=names[x.old]) for x in scan.variables),
            body=Graph(tuple(inputs), tuple(nodes)),
        )
        copy, _ = rename_ends(fed, names)
        return copy
