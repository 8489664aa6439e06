"""Removes what no result and no step of a function needs: nodes, whole scans, states, outputs and inputs of scans.

The function's own inputs stay: they are its interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rnndsl.plan.attributes import Asked, Result
from rnndsl.plan.model import Function, Graph, Node, Scan, ScanInput, ScanState, ScanVariable, all_nodes
from rnndsl.records import Immutable, record, replace


def remove_dead(function: Function) -> Function:
    """`function` without dead parts."""
    graph = pruned(function.graph, function.ends())
    return replace(function, graph=replace(graph, inputs=function.graph.inputs))


def pruned(graph: Graph, ends: Iterable[str]) -> Graph:
    """The part of `graph` that `ends` need."""
    live = _Live(graph)
    live.demand(ends)
    return live.prune(graph)


def needed(graph: Graph, ends: Iterable[str]) -> set[str]:
    """The ids, in bodies of scans too, that `ends` need."""
    live = _Live(graph)
    live.demand(ends)
    return live.ids


@record
class _Fed(Immutable):
    """An input of a body: who feeds it."""

    scan: Scan
    by: ScanInput | ScanState | ScanVariable


class _Live:
    """One walk over the whole graph: ids are unique in it, so bodies of scans need no walk of their own."""

    def __init__(self, graph: Graph) -> None:
        self.ids: set[str] = set()
        self.nodes: dict[str, Node | Scan] = {}
        self.fed: dict[str, _Fed] = {}
        self.outputs: dict[str, set[int]] = {}
        """By scan, the places of the outputs that something reads."""
        self.places: dict[tuple[str, Asked], dict[int, int]] = {}
        """By scan and kind of result, from the places that stay to where they are then."""
        for node in all_nodes(graph):
            self.nodes[node.id] = node
            if isinstance(node, Scan):
                self.fed.update((x.inner, _Fed(node, x)) for x in (*node.scanned, *node.given))
                self.fed.update((x.old, _Fed(node, x)) for x in (*node.states, *node.variables))

    def demand(self, ids: Iterable[str]) -> None:
        waiting = list(ids)
        while waiting:
            self._walk(waiting)
            waiting = list(self._lengths())

    def _walk(self, waiting: list[str]) -> None:
        while waiting:
            name = waiting.pop()
            if name in self.ids:
                continue
            self.ids.add(name)
            waiting.extend(self._needs(name))

    def _lengths(self) -> Iterator[str]:
        """The inputs that give live scans their lengths and are not read otherwise. Asked for when all else is known."""
        for node in self.nodes.values():
            if isinstance(node, Scan) and node.id in self.ids and not any(x.inner in self.ids for x in node.scanned):
                yield from (x.outer for x in node.scanned[:1] if x.outer not in self.ids)

    def _needs(self, name: str) -> Iterator[str]:
        if name in self.fed:
            fed = self.fed[name]
            yield fed.scan.id
            yield from (fed.by.outer,) if isinstance(fed.by, ScanInput) else (fed.by.initial, fed.by.new)
            return
        node = self.nodes.get(name)
        if isinstance(node, Scan):
            yield from self._scan_needs(node)
        elif node is not None and isinstance(node.attrs, Result):
            yield from self._result_needs(node)
        elif node is not None:
            yield from node.args

    def _scan_needs(self, scan: Scan) -> Iterator[str]:
        """What any result of the scan needs."""
        yield from (x for x in (scan.lengths, scan.mask, scan.steps, scan.first) if isinstance(x, str))
        yield from (s.old for s in scan.states if s.name == scan.until)

    def _result_needs(self, node: Node) -> Iterator[str]:
        scan = self.nodes[node.args[0]]
        assert isinstance(scan, Scan)
        told = node.told(Result)
        yield scan.id
        yield scan.source(told)
        if told.of in ("output", "last"):
            self.outputs.setdefault(scan.id, set()).add(told.at)

    def prune(self, graph: Graph) -> Graph:
        inputs = tuple(x for x in graph.inputs if x.id in self.ids)
        nodes = tuple(self._prune_node(n) for n in graph.nodes if n.id in self.ids)
        return Graph(inputs, nodes)

    def _prune_node(self, node: Node | Scan) -> Node | Scan:
        if isinstance(node, Node):
            return self._moved(node) if isinstance(node.attrs, Result) else node
        outputs = sorted(self.outputs.get(node.id, ()))
        states = [at for at, x in enumerate(node.states) if x.old in self.ids]
        variables = [at for at, x in enumerate(node.variables) if x.old in self.ids]
        stay: dict[Asked, list[int]] = {"output": outputs, "last": outputs, "final": states, "variable": variables}
        for of, kept in stay.items():
            self.places[node.id, of] = {at: place for place, at in enumerate(kept)}
        scanned = tuple(x for x in node.scanned if x.inner in self.ids) or node.scanned[:1]
        body = self.prune(node.body)
        fed = {x.id for x in body.inputs} | {x.inner for x in scanned}
        return replace(
            node,
            scanned=scanned,
            given=tuple(x for x in node.given if x.inner in self.ids),
            states=tuple(node.states[at] for at in states),
            variables=tuple(node.variables[at] for at in variables),
            outputs=tuple(node.outputs[at] for at in outputs),
            body=replace(body, inputs=tuple(x for x in node.body.inputs if x.id in fed)),
        )

    def _moved(self, node: Node) -> Node:
        """A result, by the place that it has now."""
        told = node.told(Result)
        return replace(node, attrs=Result(told.of, self.places[node.args[0], told.of][told.at]))
