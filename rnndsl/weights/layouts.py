"""Layouts at work: the values of variables from those of foreign tensors, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import ml_dtypes
import numpy as np

from rnndsl.derive.inverse import Solution
from rnndsl.language.ops.meaning.align import Array
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.plan.graph import Graph, TensorType
from rnndsl.plan.layouts import Layout
from rnndsl.plan.replicas import How
from rnndsl.records import Immutable, record

_ROUNDING = 256
"""So many units in the last place of the largest number may be lost to the arithmetic of a layout."""


class _Given:
    """Variables that a graph reads."""

    def __init__(self, values: Mapping[str, Array]) -> None:
        self.values = values

    def read(self, path: str) -> Array:
        return self.values[path]

    def initial(self, path: str) -> Array:
        raise AssertionError(f"a layout asks for the initial value of {path}")

    def carried(self, path: str, start: Array, t: TensorType) -> Array:
        raise AssertionError(f"a layout carries {path}")

    def together(self, how: How, number: int, own: Array) -> Array:
        raise AssertionError("a layout has no replicas")


def values_of(graph: Graph, inputs: Mapping[str, Array], variables: Mapping[str, Array], ends: Sequence[str]) -> list[Array]:
    """What %`ends` are in `graph`, of `inputs` and `variables`."""
    frame = Frame(Context((), _Given(variables), run_scan), graph, inputs, {}, 0)
    with np.errstate(all="ignore"):
        frame.run(ends)
    return [frame.values[x].array for x in ends]


@record
class Imported(Immutable):
    """values: of each variable, with the place of the equation that gives it. broken: the places of equations that do not hold for
    these values, as `"k" = 0 * w` does for none."""

    values: Mapping[str, tuple[Array, int]]
    broken: Sequence[int]


def imported(layout: Layout, solution: Solution, found: Mapping[int, tuple[str, ...]], read: Callable[[str], Array]) -> Imported:
    """The variables from foreign tensors. `found`: the equations whose tensors are there, with the names of these; `read` gives
    their values."""
    sums: dict[int, Array] = {}
    for at, names in found.items():
        parts = [read(name)[part.slices] for name, part in zip(names, layout.equations[at].foreign, strict=True)]
        sums[at] = reduce(np.add, parts)
    given = {path: each for path, each in solution.values.items() if each[1] in found}
    inputs = {solution.inputs[at]: value for at, value in sums.items()}
    values = values_of(solution.graph, inputs, {}, [value for value, _ in given.values()])
    result = {path: (value, at) for (path, (_, at)), value in zip(given.items(), values, strict=True)}
    variables = {path: value for path, (value, _) in result.items()}
    rights = values_of(layout.graph, {}, variables, [layout.equations[at].value for at in sums])
    return Imported(result, [at for (at, left), right in zip(sums.items(), rights, strict=True) if not _equal(left, right)])


def _equal(left: Array, right: Array) -> bool:
    """Whether two arrays are equal but for rounding. What is not finite there is told elsewhere."""
    if left.dtype.kind in "iub":
        return bool(np.array_equal(left, right))
    a, b = left.astype(np.float64), right.astype(np.float64)
    finite = np.isfinite(a)
    size = float(np.max(np.abs(a[finite]), initial=1.0))
    about: Any = ml_dtypes.finfo
    return bool(np.all(np.abs(a - b)[finite] <= _ROUNDING * float(about(left.dtype).eps) * size))
