"""An optimizer's equations, written into the graph of a training step.

For each variable, in this order: its gradient is clipped, the rule says what it is then, its own rate scales the change, its
bounds hold it, its average follows. All of it in f32 at least, slots too: in bf16 Adam's 0.999 would be 1. Of a table that is
looked up in, only these rows are stepped where the rule leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.making import Making
from rnndsl.derive.rows import leaves_rows, looked_up
from rnndsl.language.ops.derivative.writing import V, added, apply, cast, number, total
from rnndsl.language.ops.table import has_rule
from rnndsl.language.rules.types import widest
from rnndsl.plan.attributes import Constant, Distinct, Read
from rnndsl.plan.function import Assign, Output
from rnndsl.plan.model import Node, Optimizer, Rule, Scan, Train, Variable
from rnndsl.plan.rewriting import new_axis
from rnndsl.plan.tables import INPUT, Bounds
from rnndsl.records import Immutable, field, mutable, record


@record
class Optimized(Immutable):
    """`written`: from the path of a variable to the id of what it is after the step. `steps`: what the optimizer assigns.
    `outputs`: what the signature tells beside losses and metrics."""

    written: dict[str, str]
    steps: list[Assign]
    outputs: list[Output] = field(default_factory=list[Output])


def optimize(making: Making, train: Train, gradients: Mapping[str, str], after: tuple[str, ...], *, by_rows: bool) -> Optimized:
    """Writes the optimizer of `train` into the graph of `making`; its assignments come after the steps `after`. `by_rows`: those of
    a table write the rows that were looked up, where the others stay."""
    reads = {path: making.read(path, train.place) for path in gradients}
    axes = _row_axes(making, train, gradients) if by_rows else {}
    writer = making.writer(train.place)
    step = _Step(writer, train, making.variables, after)
    found = {path: V(writer, name) for path, name in gradients.items()}
    found |= {path: step.look_up(path, looked_up(making.graph, gradients[path]), axis) for path, axis in axes.items()}
    step.run({path: V(writer, name) for path, name in reads.items()}, found)
    making.extend(writer.nodes)
    return Optimized(step.written, step.steps)


def _row_axes(making: Making, train: Train, gradients: Mapping[str, str]) -> dict[str, str]:
    """By the path of each table that is stepped in the rows that were looked up, a new axis of `making` for these."""
    if train.optimizer.average is not None:
        return {}
    rules = {path: rule for rule in train.optimizer.rules for path in rule.variables}
    found: dict[str, str] = {}
    for path, gradient in gradients.items():
        if looked_up(making.graph, gradient) is not None and leaves_rows(rules[path]):
            found[path] = new_axis("row", making.axes)
            making.axes = (*making.axes, found[path])
    return found


def clipped(optimizer: Optimizer, gradients: Mapping[str, V]) -> dict[str, V]:
    """Each number within `clip_value`, then all scaled so that their global norm is at most `clip_norm` (Pascanu et al. 2013)."""
    found = dict(gradients)
    if optimizer.clip_value is not None:
        bound = optimizer.clip_value
        found = {path: apply("clip", g, number(g, -bound), number(g, bound)) for path, g in found.items()}
    if optimizer.clip_norm is None:
        return found
    dtype = widest(g.type.dtype for g in found.values())
    squares = added([total(apply("square", cast(g, dtype)), g.type.axes, _all_dims(g)) for g in found.values()])
    assert squares is not None  # something is trained
    most = number(squares, optimizer.clip_norm)
    scale = most / apply("maximum", apply("sqrt", squares), most)
    return {path: g * cast(scale, g.type.dtype) for path, g in found.items()}


def within(x: V, bounds: Bounds | None) -> V:
    """`x`, each number brought to the nearest within the bounds of its variable."""
    if bounds is None:
        return x
    low, high = bounds
    x = x if low is None else apply("maximum", x, number(x, low))
    return x if high is None else apply("minimum", x, number(x, high))


def _all_dims(x: V) -> Sequence[int]:
    return range(-len(x.type.dims), 0)


@mutable
class _Step:
    """One step of the optimizer of `train`."""

    writer: GraphWriter
    train: Train
    variables: Mapping[str, Variable]
    after: tuple[str, ...]
    written: dict[str, str] = field(default_factory=dict[str, str])
    steps: list[Assign] = field(default_factory=list[Assign])
    rows: dict[str, V] = field(default_factory=dict[str, V])
    """By the path of a table that is stepped in some of its rows, the ids of these."""

    def look_up(self, path: str, found: tuple[str, str] | None, axis: str) -> V:
        """The gradient of the rows of a table that were looked up, along the new `axis`. `found`: all ids, and their rows."""
        assert found is not None
        ids, rows = (V(self.writer, x) for x in found)
        self.rows[path] = apply("distinct", ids, told=Distinct(axis))
        return apply("rows_of", self.rows[path], ids, rows, told=Distinct(axis))

    def run(self, values: Mapping[str, V], gradients: Mapping[str, V]) -> None:
        """`values` and `gradients` of the trained variables, by path."""
        optimizer = self.train.optimizer
        wide = {path: cast(g, widest((g.type.dtype, "f32"))) for path, g in gradients.items()}
        counter = self.own("step")
        now = self.read(counter)
        count = now + number(now, 1)
        rules = {path: rule for rule in optimizer.rules for path in rule.variables}
        for path, gradient in clipped(optimizer, wide).items():
            self.variable(self.variables[path], rules[path], values[path], gradient, count)
        self.assign(f"{counter}.next", counter, count)  # a variable may be called `step`

    def variable(self, variable: Variable, rule: Rule, value: V, gradient: V, count: V) -> None:
        dtype, rows = gradient.type.dtype, self.rows.get(variable.path)
        before = cast(self.in_rows(value, rows), dtype)
        names = {"value": before.id, "gradient": gradient.id, "step": cast(count, dtype).id}
        slots = {slot.name: self.own(f"{variable.path}/{slot.name}") for slot in rule.slots}
        names |= {name: self.in_rows(self.read(path), rows).id for name, path in slots.items()}
        names |= {x.id: x.id.removeprefix(INPUT) for x in rule.graph.inputs if x.id.startswith(INPUT)}
        names |= self.spliced(rule.graph.nodes, names)
        after = V(self.writer, names[rule.value])
        if variable.rate != 1.0:
            after = before + (after - before) * variable.rate
        after = within(cast(after, variable.dtype), variable.bounds)
        self.written[variable.path] = (after if rows is None else apply("with_rows", value, rows, after)).id
        self.assign(self.own(variable.path), variable.path, after, rows)
        for slot in rule.slots:
            self.assign(slots[slot.name], slots[slot.name], V(self.writer, names[slot.value]), rows)
        if self.train.optimizer.average is not None:
            path = self.own(f"average/{variable.path}")
            average = self.read(path)
            self.assign(path, path, average - (average - cast(after, dtype)) * (1 - self.train.optimizer.average))

    def spliced(self, nodes: Iterable[Node | Scan], given: Mapping[str, str]) -> dict[str, str]:
        """The nodes of a rule, written once more on the ids `given`; what they are called here. Equal ones are written once."""
        names = dict(given)
        for node in nodes:
            assert isinstance(node, Node)  # a rule has no axes to scan over
            args = [names[x] for x in node.args]
            if has_rule(node):
                names[node.id] = self.writer.add(node.op, args, node.attrs)
            elif isinstance(node.attrs, Constant) and not isinstance(node.attrs.value, tuple):
                names[node.id] = self.writer.literal(node.attrs.value, node.type.dtype)
            else:
                names[node.id] = self.writer.copy(node, args)
        return names

    def own(self, name: str) -> str:
        """The path of what the optimizer keeps under `name`."""
        return f"train/{self.train.name}/{name}"

    def read(self, path: str) -> V:
        t, fresh = self.variables[path].type, self.writer.fresh
        return V(self.writer, self.writer.put(Node(fresh.like("slot"), "read", (), Read(path), t, self.train.place)))

    def in_rows(self, table: V, rows: V | None) -> V:
        """The `rows` of a table that are stepped, or all of it."""
        return table if rows is None else apply("gather", table, rows)

    def assign(self, name: str, path: str, value: V, rows: V | None = None) -> None:
        self.steps.append(Assign(name, path, value.id, self.after, self.train.place, None if rows is None else rows.id))
