"""A training step as a function, and `gradients`, the same without an optimizer as a function of (variables, data).

Everything reads the values from before the call. `after C`: C's updates assign, in the order of the text, then the optimizer.
`before C`: the optimizer assigns first, and C's updates are computed again from what it wrote. A later update of a variable reads
what an earlier one wrote. Carried states and the call counter come last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.derivatives.prepare import prepared
from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.derive.mode import Modes, Specialised, spread_to
from rnndsl.derive.parts import Draft, outputs_of
from rnndsl.derive.replay import Values, replay
from rnndsl.derive.unseen import unseen
from rnndsl.language.rules.types import widest
from rnndsl.passes.remove_dead import needed
from rnndsl.plan.attributes import NOTHING, Constant, OfVariable, Read, Stepped, ToDType
from rnndsl.plan.function import Assign, Function, OptimizerStep, Output
from rnndsl.plan.model import OBJECTIVE, Graph, Named, Node, Plan, TensorType, Train, Update, Variable
from rnndsl.plan.rewriting import FreshIds, in_order, rename_used, types_of
from rnndsl.records import mutable, replace


def train_function(plan: Plan, modes: Modes, train: Train) -> Function:
    """The training signature `train`: results, updates and the optimizer's step in their order."""
    losses = [x for x in plan.losses if x.name in train.losses]
    updates = [x for x in plan.updates if x.name in train.updates]
    making = _Making.of(plan, modes.of(training=True, carry=True))
    loss = making.objective(losses, train.place)
    making.prepare([loss, *(x.value for x in (*losses, *plan.metrics, *updates))])
    gradients = making.gradients(loss, train.variables, train.place)
    early = train.order == "after"
    step = OptimizerStep(
        name=f"train/{train.name}",
        optimizer=train.optimizer,
        variables=train.variables,
        gradients=tuple(gradients.values()),
        rate=train.optimizer.rate if isinstance(train.optimizer.rate, str) else None,
        after=tuple(x.name for x in updates) if early else (),
        place=train.place,
    )
    stepped = {} if early or not updates else making.stepped(gradients, train.place)
    assigns = making.updates(updates, stepped, after=() if early else (step.name,))
    measures = outputs_of((*losses, *plan.metrics), making.mode.names)
    return Draft(
        name=train.name,
        kind="train",
        graph=making.graph,
        outputs=[*(x for x in measures if x.name != "loss"), Output("loss", loss, "loss")],
        steps=[*assigns, step] if early else [step, *assigns],
        finals=making.mode.finals,
        more=frozenset([step.rate] if step.rate else []),
        axes=making.axes,
    ).function(plan)


def gradients_function(plan: Plan, modes: Modes) -> Function | None:
    """(variables, inputs, targets, step) -> loss, gradients and new values of updated variables by path; None without a loss."""
    losses = [x for x in plan.losses if x.collection in OBJECTIVE]
    if not losses:
        return None
    making = _Making.of(plan, modes.of(training=True, carry=False))
    loss = making.objective(losses, "")
    making.prepare([loss, *(x.value for x in plan.updates)])
    gradients = making.gradients(loss, [v.path for v in plan.variables if v.trainable], "")
    written = {x.variable: x.value for x in making.updates(plan.updates, {}, after=())}
    outputs = [Output("loss", loss, "loss")]
    outputs += [Output(path, value, group="gradients") for path, value in gradients.items()]
    outputs += [Output(path, value, group="updates") for path, value in written.items()]
    return Draft("gradients", "gradients", making.graph, outputs, axes=making.axes).function(plan)


@mutable
class _Making:
    """The graph of a function of training, as it grows."""

    mode: Specialised
    graph: Graph
    fresh: FreshIds
    variables: dict[str, Variable]
    axes: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, mode: Specialised) -> _Making:
        return cls(mode, mode.graph, FreshIds(mode.graph), {v.path: v for v in plan.variables}, plan.axes)

    def add(self, node: Node) -> str:
        self.graph = replace(self.graph, nodes=(*self.graph.nodes, node))
        return node.id

    def type_of(self, path: str) -> TensorType:
        variable = self.variables[path]
        return TensorType(variable.dtype, variable.axes, variable.shape)

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
        finals = [x for states in self.mode.finals.values() for x in states.values()]
        values = [self.mode.of(x) for x in (*ends, *finals)]
        whole = Function("", "train", self.axes, graph=self.graph, outputs=tuple(Output(x, x) for x in dict.fromkeys(values)))
        ready = prepared(unseen(whole))
        self.graph, self.axes = ready.graph, ready.axes
        self.fresh = FreshIds(self.graph)

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
            return self.add(Node(self.fresh.like("read"), "read", (), told, self.type_of(path), place))
        same = dict.fromkeys(found[1:], found[0])
        nodes = [rename_used(n, same) for n in self.graph.nodes if n.id not in same]
        self.graph = replace(self.graph, nodes=in_order(nodes))
        return found[0]

    def stepped(self, gradients: dict[str, str], place: str) -> dict[str, str]:
        """What the optimizer writes to each variable."""
        return {path: self._of_variable("stepped", gradient, Stepped(path), place) for path, gradient in gradients.items()}

    def _of_variable(self, op: str, arg: str, told: OfVariable, place: str) -> str:
        return self.add(Node(self.fresh.like(op), op, (arg,), told, self.type_of(told.variable), place))

    def updates(self, updates: Sequence[Update], stepped: Values, after: tuple[str, ...]) -> list[Assign]:
        """Assignments in the order of the text, from the values of `stepped` in place of these variables."""
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
        self.graph, names = replay(self.graph, plain, stepped, self.fresh)
        types = types_of(self.graph)
        steps: list[Assign] = []
        written: dict[str, str] = {}
        for update in updates:
            value = self.mode.of(update.value)
            if update.name in again:
                values = {**stepped, update.variable: written[update.variable]}
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
        wanted = self.type_of(update.variable)
        if types[value] == wanted:
            return value
        return self.add(spread_to(value, wanted, self.fresh, update.place))
