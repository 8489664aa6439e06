"""The step of a `train` that fits residuals, written into the graph of its function."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial, reduce
from typing import Literal

from rnndsl.derive.least_squares.attempts import Attempted, Attempts
from rnndsl.derive.least_squares.chunks import Chunks, chunked
from rnndsl.derive.least_squares.jacobian import Unknowns, jacobian
from rnndsl.derive.least_squares.normal_equations import Box, Sums, both, equations, sums
from rnndsl.derive.making import Making
from rnndsl.derive.optimizing import Optimized
from rnndsl.language.builtins import BATCH
from rnndsl.language.ops.derivative.writing import V, spread
from rnndsl.plan.attributes import DType, Read
from rnndsl.plan.function import Assign, Output
from rnndsl.plan.model import Node, Train
from rnndsl.plan.rewriting import new_axis
from rnndsl.plan.tables import DAMPING, GROWTH, SCALE, Bounds


def fit(making: Making, train: Train, residuals: Sequence[str], after: tuple[str, ...]) -> Optimized:
    """Writes one call of the method for `residuals` into the graph of `making`; its assignments come after the steps `after`."""
    told = train.optimizer.least_squares
    assert told is not None
    reads = {path: making.read(path, train.place) for path in train.variables}
    plain = making.graph
    unknowns = Unknowns({path: making.variables[path].type for path in train.variables})
    path = f"train/{train.name}"
    cut = chunked(plain, residuals, reads.values()) if told.chunk is not None else []
    chunks = Chunks(making, plain, cut, unknowns, told, f"{path}/chunks") if cut else None
    whole = [x for x in residuals if x not in cut]
    apart = BATCH if told.apart else None
    rows_of = jacobian(making, whole, reads, unknowns, forward=told.forward, apart=apart) if whole else None
    attempt = new_axis("attempt", making.axes)
    making.axes = (*making.axes, attempt)
    writer = making.writer(train.place)

    def kept(name: str) -> V:
        own = f"{path}/{name}"
        node = Node(writer.fresh.like("kept"), "read", (), Read(own), making.variables[own].type, train.place)
        return V(writer, writer.put(node))

    values = {each: V(writer, name) for each, name in reads.items()}
    found: list[Sums] = []
    if rows_of is not None:
        found.append(sums(rows_of(writer, told.dtype), told))
    if chunks is not None:
        chunks.prepare(writer)
        found.append(chunks.sums(writer, values))
    bounds = {each: making.variables[each].bounds for each in reads}
    box = _box(values, unknowns, bounds, told.dtype) if any(bounds.values()) else None
    system = equations(reduce(partial(both, told=told), found), told, kept(SCALE) if told.scaled else None, box)
    rates = {each: making.variables[each].rate for each in reads if making.variables[each].rate != 1.0}
    attempts = Attempts(writer, plain, whole, chunks, values, rates, bounds, told, f"{path}/attempts", attempt)
    done = attempts.run(system, kept(DAMPING), kept(GROWTH) if told.rule == "nielsen" else None)
    making.extend(writer.nodes)
    steps = [Assign(f"{path}/{each}", each, x.id, after, train.place) for each, x in done.values.items()]
    own = {DAMPING: done.damping, GROWTH: done.growth, SCALE: system.scale}
    for each, x in ((f"{path}/{name}", x) for name, x in own.items() if x is not None):
        steps.append(Assign(f"{each}.next", each, x.id, after, train.place))  # a variable may be called `damping`
    return Optimized({each: x.id for each, x in done.values.items()}, steps, _outputs(system.squares, done))


def _box(values: Mapping[str, V], unknowns: Unknowns, bounds: Mapping[str, Bounds | None], dtype: DType) -> Box:
    def joined(side: Literal[0, 1], otherwise: float) -> V:
        found: list[V] = []
        for path, x in values.items():
            low_or_high = (bounds[path] or (None, None))[side]
            found.append(spread(V(x.w, x.w.literal(otherwise if low_or_high is None else low_or_high, dtype)), x.type))
        return unknowns.joined(found, dtype)

    return Box(unknowns.joined(list(values.values()), dtype), joined(0, -math.inf), joined(1, math.inf))


def _outputs(squares: V, done: Attempted) -> list[Output]:
    told: Mapping[str, V] = {"damping": done.damping, "accepted": done.accepted, "converged": done.converged, "loss": squares}
    return [Output(name, x.id, "loss" if name == "loss" else "") for name, x in told.items()]
