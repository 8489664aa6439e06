"""The step of a `train` that fits residuals, written into the graph of its function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.least_squares.attempts import Attempted, Attempts
from rnndsl.derive.least_squares.jacobian import Unknowns, jacobian
from rnndsl.derive.least_squares.normal_equations import equations
from rnndsl.derive.making import Making
from rnndsl.derive.optimizing import Optimized
from rnndsl.language.ops.derivative.writing import V
from rnndsl.plan.attributes import Read
from rnndsl.plan.function import Assign, Output
from rnndsl.plan.model import Node, Train
from rnndsl.plan.rewriting import new_axis
from rnndsl.plan.tables import DAMPING, GROWTH, SCALE


def fit(making: Making, train: Train, residuals: Sequence[str], after: tuple[str, ...]) -> Optimized:
    """Writes one call of the method for `residuals` into the graph of `making`; its assignments come after the steps `after`."""
    told = train.optimizer.least_squares
    assert told is not None
    reads = {path: making.read(path, train.place) for path in train.variables}
    plain = making.graph
    unknowns = Unknowns({path: making.variables[path].type for path in train.variables})
    rows_of = jacobian(making, residuals, reads, unknowns, forward=told.forward)
    making.axes = (*making.axes, new_axis("attempt", making.axes))
    writer = making.writer(train.place)

    def kept(name: str) -> V:
        path = f"train/{train.name}/{name}"
        node = Node(writer.fresh.like("kept"), "read", (), Read(path), making.variables[path].type, train.place)
        return V(writer, writer.put(node))

    system = equations(rows_of(writer, told.dtype), told, kept(SCALE) if told.scaled else None)
    values = {path: V(writer, name) for path, name in reads.items()}
    rates = {path: making.variables[path].rate for path in reads if making.variables[path].rate != 1.0}
    path = f"train/{train.name}/attempts"
    attempts = Attempts(writer, plain, residuals, values, rates, told, path, making.axes[-1])
    done = attempts.run(system, kept(DAMPING), kept(GROWTH) if told.rule == "nielsen" else None)
    making.extend(writer.nodes)
    steps = [Assign(f"train/{train.name}/{each}", each, x.id, after, train.place) for each, x in done.values.items()]
    own = {DAMPING: done.damping, GROWTH: done.growth, SCALE: system.scale}
    for path, x in ((f"train/{train.name}/{name}", x) for name, x in own.items() if x is not None):
        steps.append(Assign(f"{path}.next", path, x.id, after, train.place))  # a variable may be called `damping`
    return Optimized({each: x.id for each, x in done.values.items()}, steps, _outputs(system.squares, done))


def _outputs(squares: V, done: Attempted) -> list[Output]:
    told: Mapping[str, V] = {"damping": done.damping, "accepted": done.accepted, "converged": done.converged, "loss": squares}
    return [Output(name, x.id, "loss" if name == "loss" else "") for name, x in told.items()]
