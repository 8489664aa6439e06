"""The graph of a plan in one mode: in training or outside, states kept between calls or not. Nothing below asks for it again.

Outside training `if_training` is its second side, `dropout` its argument, a variable that a scan updates just the variable.
In training `if_training` is its first side. A scan that carries its states starts from nodes `carried`, and what it ends with is
known by the path of each state; in the body of another scan there is nothing to carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Carried, Result, Shape
from rnndsl.plan.model import Graph, Node, Plan, Scan, ScanInput, ScanState, TensorType
from rnndsl.plan.rewriting import FreshIds, move_result, rename_ends, rename_used, types_of
from rnndsl.records import Immutable, field, mutable, record, replace

Finals = Mapping[str, Mapping[str, str]]
"""By the id of a scan that carries: from the path of each of its states to the id of its last value."""


@record
class Specialised(Immutable):
    """`graph` in one mode; `names`: the ids that have gone, each with the one that stands for it."""

    graph: Graph
    names: Mapping[str, str]
    finals: Finals

    def of(self, name: str) -> str:
        """The id that stands for `name`."""
        return self.names.get(name, name)


def specialise(graph: Graph, *, training: bool, carry: bool) -> Specialised:
    """`graph`, the whole of a plan's, in one mode. `carry`: states are kept between calls where a scan says so."""
    return _Mode(training, FreshIds(graph)).top(graph, carry)


class Modes:
    """The graph of `plan` in each mode that is asked for, made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._carries = any(isinstance(node, Scan) and node.carry for node in plan.graph.nodes)
        self._made: dict[tuple[bool, bool], Specialised] = {}

    def of(self, *, training: bool, carry: bool) -> Specialised:
        """See `specialise`."""
        key = training, carry and self._carries
        if key not in self._made:
            self._made[key] = specialise(self.plan.graph, training=training, carry=carry)
        return self._made[key]


@mutable
class _Mode:
    training: bool
    fresh: FreshIds
    finals: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def top(self, graph: Graph, carry: bool) -> Specialised:
        chosen, names = self.graph(graph)
        nodes = tuple(x for node in chosen.nodes for x in (self.carried(node) if carry else (_afresh(node),)))
        return Specialised(replace(chosen, nodes=nodes), names, self.finals)

    def graph(self, graph: Graph) -> tuple[Graph, dict[str, str]]:
        types = types_of(graph)
        names: dict[str, str] = {}
        scans: dict[str, Scan] = {}
        places: dict[str, tuple[int, ...]] = {}
        nodes: list[Node | Scan] = []
        for node in graph.nodes:
            node = rename_used(node, names)
            if isinstance(node, Scan):
                scans[node.id] = node
                scan, places[node.id] = self.scan(node)
                nodes.append(scan)
                continue
            if isinstance(node.attrs, Result):
                node = move_result(node, places[node.args[0]])
            stands = self.stands(node, scans)
            if stands is not None and types[stands] == node.type:
                names[node.id] = stands
            else:
                nodes.append(node if stands is None else _spread(node, stands))
        return replace(graph, nodes=tuple(nodes)), names

    def scan(self, scan: Scan) -> tuple[Scan, tuple[int, ...]]:
        body, names = self.graph(scan.body)
        body = replace(body, nodes=tuple(_afresh(node) for node in body.nodes))
        scan, places = rename_ends(replace(scan, body=body), names)
        if self.training:
            return scan, places
        given = (*scan.given, *(ScanInput(v.initial, v.old) for v in scan.variables))
        return replace(scan, given=given, variables=()), places

    def stands(self, node: Node, scans: Mapping[str, Scan]) -> str | None:
        """The id whose value `node` is in this mode."""
        row = OPS[node.op]
        stands = row.in_training if self.training else row.outside_training
        if stands is not None or self.training:
            return None if stands is None else node.args[stands]
        if not isinstance(node.attrs, Result) or node.attrs.of != "variable":
            return None
        return scans[node.args[0]].variables[node.attrs.at].initial

    def carried(self, node: Node | Scan) -> Iterator[Node | Scan]:
        """`node`; of a scan that carries, with what it starts from before it and what it ends with behind."""
        if not isinstance(node, Scan) or not node.carry:
            yield node
            return
        types = {x.id: x.type for x in node.body.inputs}
        states: list[ScanState] = []
        ends: list[Node] = []
        self.finals[node.id] = {}
        for at, state in enumerate(node.states):
            path = f"{node.path}/{state.name}"
            start = Node(self.fresh.like("carried"), "carried", (state.initial,), Carried(path), types[state.old], node.place)
            yield start
            states.append(replace(state, initial=start.id))
            ends.append(Node(self.fresh.like("kept"), "result", (node.id,), Result("final", at), types[state.old], node.place))
            self.finals[node.id][path] = ends[-1].id
        yield replace(node, states=tuple(states), carry=False)
        yield from ends


def _afresh(node: Node | Scan) -> Node | Scan:
    return replace(node, carry=False) if isinstance(node, Scan) and node.carry else node


def _spread(node: Node, value: str) -> Node:
    """The narrower `value` in the place of `node`, of its type."""
    return Node(node.id, "broadcast", (value,), Shape(node.type.dims), node.type, node.place)


def spread_to(name: str, t: TensorType, fresh: FreshIds, place: str) -> Node:
    """A node that is the value `name` with the dims of `t`."""
    return Node(fresh.like("wide"), "broadcast", (name,), Shape(t.dims), t, place)
