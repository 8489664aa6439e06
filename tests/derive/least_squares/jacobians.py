"""The Jacobian of a value of a plan as a matrix, by the derivation that training has, in NumPy and f64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnndsl.derive.least_squares.jacobian import Unknowns, jacobian
from rnndsl.derive.making import Making
from rnndsl.derive.mode import Modes
from rnndsl.language.ops.meaning.align import Array
from rnndsl.plan.model import Graph, Plan
from rnndsl.records import replace
from tests.derive.derivatives.checking import REACH, compute, slope

STEP = 1e-3


class Derived:
    """The value `name` of a plan, and its derivatives by the variables at `paths`."""

    def __init__(self, plan: Plan, name: str, paths: Sequence[str], *, forward: bool, apart: str | None = None) -> None:
        self.paths = paths
        making = Making.of(plan, Modes(plan).of(training=True, carry=False))
        making.prepare([name])
        self.value = making.mode.of(name)
        reads = {path: making.read(path, "") for path in paths}
        self.plain: Graph = making.graph
        unknowns = Unknowns({path: making.variables[path].type for path in paths})
        rows_of = jacobian(making, [self.value], reads, unknowns, forward=forward, apart=apart)
        writer = making.writer("")
        (rows,) = rows_of(writer, "f64")
        making.extend(writer.nodes)
        self.jacobian, self.residual = rows.jacobian.id, rows.residual.id
        self.graph, self.plan = making.graph, replace(plan, axes=making.axes)

    def matrix(self, inputs: Mapping[str, Array], variables: Mapping[str, Array]) -> tuple[Array, Array]:
        """J, a row for each place of the value, and the value as a vector."""
        j, r = compute(self.plan, self.graph, [self.jacobian, self.residual], inputs, variables)
        return np.moveaxis(j, -2, -1).reshape(-1, j.shape[-2]), r.reshape(-1)

    def difference(self, inputs: Mapping[str, Array], variables: Mapping[str, Array], way: Array, step: float = STEP) -> Array:
        """How the value changes as the variables, one vector, go a way: central differences."""
        sizes = [variables[path].size for path in self.paths]
        parts = np.split(way, np.cumsum(sizes)[:-1])
        ways = {path: x.reshape(variables[path].shape) for path, x in zip(self.paths, parts, strict=True)}

        def at(steps: int) -> Array:
            moved = {path: variables[path] + steps * step * w for path, w in ways.items()}
            return compute(self.plan, self.plain, [self.value], inputs, {**variables, **moved})[0]

        return slope([at(k) for k in REACH], step).reshape(-1)
