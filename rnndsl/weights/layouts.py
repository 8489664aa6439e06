"""Layouts at work: the values of variables from those of foreign tensors, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from rnndsl.derive.inverse import Solution
from rnndsl.language.ops.meaning.align import Array
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.plan.graph import Graph, TensorType
from rnndsl.plan.layouts import Layout


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


def values_of(graph: Graph, inputs: Mapping[str, Array], variables: Mapping[str, Array], ends: Sequence[str]) -> list[Array]:
    """What %`ends` are in `graph`, of `inputs` and `variables`."""
    frame = Frame(Context((), _Given(variables), run_scan), graph, inputs, {}, 0)
    frame.run(ends)
    return [frame.values[x].array for x in ends]


def imported(
    layout: Layout, solution: Solution, found: Mapping[int, tuple[str, ...]], read: Callable[[str], Array]
) -> Iterator[tuple[str, Array, int]]:
    """Each variable with its value and the place of the equation that gives it. `found`: the equations whose tensors are there,
    with the names of these; `read` gives their values."""
    inputs: dict[str, Array] = {}
    for at, names in found.items():
        parts = [read(name)[part.slices] for name, part in zip(names, layout.equations[at].foreign, strict=True)]
        total = parts[0]
        for each in parts[1:]:
            total = total + each
        inputs[solution.inputs[at]] = total
    given = [(path, value, at) for path, (value, at) in solution.values.items() if at in found]
    values = values_of(solution.graph, inputs, {}, [value for _, value, _ in given])
    for (path, _, at), value in zip(given, values, strict=True):
        yield path, value, at
