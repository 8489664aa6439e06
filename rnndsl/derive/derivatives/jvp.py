"""Jacobian-vector products: the tangents of some values of a function, given those of others.

Tangents are written behind what they belong to, in the order of the graph. Those of a scan are further states and outputs of that
same scan, so that lengths, masks, the direction, `until` and `hold` are the same for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.derivatives.activity import Activity
from rnndsl.derive.derivatives.local import Local
from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.language.ops.derivative.writing import V, spread, zeros
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, GraphInput, Node, Scan, ScanInput, ScanState, TensorType
from rnndsl.plan.rewriting import FreshIds, types_of
from rnndsl.records import replace


def jvp(graph: Graph, seeds: Mapping[str, str], of: Sequence[str], order: Sequence[str]) -> tuple[Graph, dict[str, str]]:
    """`graph` with the tangents of `of`, and their ids.

    seeds: from values of the graph, which are its inputs or what it reads, to their tangents, which are defined before anything
    reads these. A tangent may have leading axes that its value lacks, many directions at once; then so has each of `of`. order: of
    the plan's axes and of those. What does not depend on a value has the tangent zero. Every variable is read outside of scans
    (see `prepare`).
    """
    types = types_of(graph)
    more = tuple(a for a in order if any(a in types[d].axes and a not in types[x].axes for x, d in seeds.items()))
    writer = GraphWriter(order, FreshIds(graph))
    sweep = _Forward(writer, Activity(graph, seeds), more, {x: V(writer, d) for x, d in seeds.items()})
    for x in graph.inputs:
        writer.know(x.id, x.type, finite=False)
    sweep.sweep(graph.nodes)
    writer.place = ""
    found = {name: sweep.whole(name).id for name in of}
    return replace(graph, nodes=tuple(writer.nodes)), found


class _Forward:
    """The sweep over one graph. `tangents`: by id, of what has been met; what is not there has the tangent zero."""

    def __init__(self, writer: GraphWriter, activity: Activity, more: tuple[str, ...], tangents: dict[str, V]) -> None:
        self.writer = writer
        self.activity = activity
        self.more = more
        self.tangents = tangents
        self.results: dict[str, dict[Result, Result]] = {}
        """By scan, from a result to the one that is its tangent."""

    def value(self, name: str) -> str:
        """Both are one graph."""
        return name

    def type(self, name: str) -> TensorType:
        """Of a tangent, with the axes of directions, over which it is never summed."""
        return self.writer.type_of(name).with_axes(self.more, self.writer.order)

    def whole(self, name: str) -> V:
        """A tangent at all its places."""
        d = self.tangents.get(name)
        return zeros(self.writer, self.type(name)) if d is None else spread(d, self.type(name))

    def sweep(self, nodes: Sequence[Node | Scan]) -> None:
        for node in nodes:
            self.writer.place = node.place
            if isinstance(node, Scan):
                self._scan(node)
                continue
            self.writer.put(node)
            if node.id in self.activity.ids and node.id not in self.tangents:
                self._node(node)

    def _node(self, node: Node) -> None:
        if isinstance(node.attrs, Result):
            self._result(node, node.attrs)
            return
        derivative = OPS[node.op].differentiate()
        if derivative is None:
            return
        d = derivative.forward(Local(self, node), [self.tangents.get(x) for x in node.args])
        if d is not None:
            self.tangents[node.id] = d

    def _result(self, node: Node, told: Result) -> None:
        other = self.results[node.args[0]].get(told)
        if other is None:
            return
        made = Node(self.writer.fresh.like("d_result"), "result", node.args, other, self.type(node.id), node.place)
        self.tangents[node.id] = V(self.writer, self.writer.put(made))

    def _scan(self, scan: Scan) -> None:
        body = GraphWriter(self.writer.order, self.writer.fresh)
        inside = _Forward(body, self.activity, self.more, {})
        outer = {x.inner: x.outer for x in (*scan.scanned, *scan.given)}
        for x in scan.body.inputs:
            body.know(x.id, x.type, finite=x.id not in outer or self.writer.is_finite(outer[x.id]))
        fed: list[GraphInput] = []
        scanned = (*scan.scanned, *(self._fed(x, inside, fed) for x in scan.scanned if x.outer in self.tangents))
        given = (*scan.given, *(self._fed(x, inside, fed) for x in scan.given if x.outer in self.tangents))
        moving = [s for s in scan.states if s.old in self.activity.ids]
        olds = {s.old: inside.own(s.old, fed) for s in moving}
        inside.sweep(scan.body.nodes)
        body.place = scan.place
        states = (*scan.states, *(ScanState(f"{s.name}'", self._start(s), olds[s.old], inside.whole(s.new).id) for s in moving))
        outputs = [*scan.outputs]
        told: dict[Result, Result] = {
            Result("final", scan.states.index(s)): Result("final", len(scan.states) + k) for k, s in enumerate(moving)
        }
        for at, name in enumerate(scan.outputs):
            if name not in inside.tangents:
                continue
            for of in ("output", "last"):
                told[Result(of, at)] = Result(of, len(outputs))
            outputs.append(inside.whole(name).id)
        self.results[scan.id] = told
        inner = Graph((*scan.body.inputs, *fed), tuple(body.nodes))
        self.writer.put_scan(replace(scan, scanned=scanned, given=given, states=states, outputs=tuple(outputs), body=inner))

    def _fed(self, x: ScanInput, inside: _Forward, fed: list[GraphInput]) -> ScanInput:
        """The tangent of what a scan is fed."""
        return ScanInput(self.whole(x.outer).id, inside.own(x.inner, fed))

    def own(self, name: str, fed: list[GraphInput]) -> str:
        """A new input of a body: the tangent of %name, which is one too."""
        t = self.type(name)
        made = GraphInput(self.writer.fresh.like("d_in"), t)
        fed.append(made)
        self.writer.know(made.id, t, finite=self.writer.is_finite(name), selected=False)
        self.tangents[name] = V(self.writer, made.id)
        return made.id

    def _start(self, state: ScanState) -> str:
        """The tangent of an initial value, which is broadcast as that is."""
        return self.whole(state.initial).id
