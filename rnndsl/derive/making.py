"""The graph of a function of training as it grows: what is minimised, its gradients, the updates beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.mode import Specialised, spread_to
from rnndsl.derive.preparing.prepare import prepared
from rnndsl.derive.replay import Values, replay
from rnndsl.derive.unseen import unseen
from rnndsl.language.rules.types import widest
from rnndsl.passes.remove_dead import needed
from rnndsl.plan.attributes import NOTHING, Constant, Read, ToDType
from rnndsl.plan.function import Assign, Function, Output
from rnndsl.plan.model import Graph, Named, Node, Plan, Scan, TensorType, Update, Variable
from rnndsl.plan.rewriting import FreshIds, in_order, rename_used, types_of
from rnndsl.records import mutable, replace


@mutable
class Making:
    """`graph` is the plan's in the mode `mode`, and what is written behind it."""

    mode: Specialised
    graph: Graph
    fresh: FreshIds
    variables: dict[str, Variable]
    axes: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, mode: Specialised) -> Making:
        return cls(mode, mode.graph, FreshIds(mode.graph), {v.path: v for v in plan.variables}, plan.axes)

    def writer(self, place: str) -> GraphWriter:
        """For more nodes behind the graph, of the equation at `place`; `extend` then adds them."""
        writer = GraphWriter(self.axes, FreshIds(self.graph))
        writer.place = place
        for name, t in types_of(self.graph).items():
            writer.know(name, t, finite=False)
        return writer

    def add(self, node: Node) -> str:
        self.graph = replace(self.graph, nodes=(*self.graph.nodes, node))
        return node.id

    def extend(self, nodes: Sequence[Node | Scan]) -> None:
        """More nodes at the end."""
        self.graph = replace(self.graph, nodes=(*self.graph.nodes, *nodes))
        self.fresh = FreshIds(self.graph)

    def objective(self, losses: Sequence[Named], place: str) -> str:
        """The sum of `losses`, in the widest of their dtypes."""
        types = types_of(self.graph)
        values = [self.mode.of(x.value) for x in losses]
        dtype = widest(types[x].dtype for x in values)
        scalar = TensorType(dtype)
        total = ""
        for value in values:
            if types[value].dtype != dtype:
                value = self.add(Node(self.fresh.like("wide"), "cast", (value,), ToDType(dtype), scalar, place))
            total = self.add(Node(self.fresh.like("loss"), "add", (total, value), NOTHING, scalar, place)) if total else value
        return total

    def prepare(self, ends: Sequence[str]) -> None:
        """The graph in a form that can be differentiated. What a mask leaves out of the `ends` is not seen from now on."""
        ready = prepared(self.whole(ends))
        self.graph, self.axes = ready.graph, ready.axes
        self.fresh = FreshIds(self.graph)

    def whole(self, ends: Sequence[str]) -> Function:
        """The graph as a function that gives the `ends` and the kept states, without what no mask lets be seen."""
        finals = [x for states in self.mode.finals.values() for x in states.values()]
        values = [self.mode.of(x) for x in (*ends, *finals)]
        return unseen(
            Function("", "train", self.axes, graph=self.graph, outputs=tuple(Output(x, x) for x in dict.fromkeys(values)))
        )

    def gradients(self, loss: str, paths: Sequence[str], place: str) -> dict[str, str]:
        """The gradient of `loss` with respect to each variable."""
        reads = {path: self.read(path, place) for path in paths}
        one = self.add(Node(self.fresh.like("one"), "literal", (), Constant(1.0), types_of(self.graph)[loss], place))
        self.graph, found = vjp(self.graph, {loss: one}, list(reads.values()), self.axes)
        self.fresh = FreshIds(self.graph)
        return {path: found[name] for path, name in reads.items()}

    def read(self, path: str, place: str) -> str:
        """The id of the value of a variable, which is read once."""
        told = Read(path)
        found = [n.id for n in self.graph.nodes if isinstance(n, Node) and n.attrs == told]
        if not found:
            return self.add(Node(self.fresh.like("read"), "read", (), told, self.variables[path].type, place))
        same = dict.fromkeys(found[1:], found[0])
        nodes = [rename_used(n, same) for n in self.graph.nodes if n.id not in same]
        self.graph = replace(self.graph, nodes=in_order(nodes))
        return found[0]

    def updates(self, updates: Sequence[Update], trained: Values, after: tuple[str, ...]) -> list[Assign]:
        """Assignments in the order of the text, from the values of `trained` in place of these variables."""
        first: dict[str, str] = {}
        again: set[str] = set()
        nodes = {node.id: node for node in self.graph.nodes if isinstance(node, Node)}
        for update in updates:
            value = self.mode.of(update.value)
            before = first.get(update.variable)
            # An update whose equation has the earlier one in it reads what that wrote already.
            if before is not None and not self.contains(value, before, nodes):
                again.add(update.name)
            first[update.variable] = value
        plain = [self.mode.of(x.value) for x in updates if x.name not in again]
        self.graph, names = replay(self.graph, plain, trained, self.fresh)
        types = types_of(self.graph)
        steps: list[Assign] = []
        written: dict[str, str] = {}
        for update in updates:
            value = self.mode.of(update.value)
            if update.name in again:
                values = {**trained, update.variable: written[update.variable]}
                self.graph, now = replay(self.graph, [value], values, self.fresh)
                types = types_of(self.graph)
                value = now.get(value, value)
            value = self.fitted(names.get(value, value), update, types)
            written[update.variable] = value
            steps.append(Assign(update.name, update.variable, value, after, update.place))
            after = (update.name,)
        return steps

    def contains(self, value: str, part: str, nodes: Mapping[str, Node]) -> bool:
        """Whether `value` is computed from `part`. Nearest things first: a sum's last term is near, all that it sums may be far."""
        near, seen = [value], {value}
        while near and part not in seen:
            near = [x for name in near if name in nodes for x in nodes[name].args if x not in seen]
            seen.update(near)
        return part in seen or part in needed(self.graph, [value])

    def fitted(self, value: str, update: Update, types: Mapping[str, TensorType]) -> str:
        """`value` in the shape of the variable."""
        wanted = self.variables[update.variable].type
        if types[value] == wanted:
            return value
        return self.add(spread_to(value, wanted, self.fresh, update.place))
