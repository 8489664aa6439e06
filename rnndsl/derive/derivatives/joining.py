"""The sum of cotangents that columns of one value are handed back: put side by side, instead of widened with zeros and added.

A packed product is read in slices, a gate each. What it is handed back is then one value for all gates, and its own derivative one
product.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.language.ops.derivative.writing import V, added, apply, spread
from rnndsl.plan.attributes import Dim
from rnndsl.plan.indices import Placed, columns
from rnndsl.records import Immutable, record


@record
class _Columns(Immutable):
    """`value` in the columns `start` up to `stop` of a value that is zero elsewhere."""

    value: V
    start: int
    stop: int


def sum_of(writer: GraphWriter, parts: Sequence[V]) -> V | None:
    """The sum of `parts`; None if there are none."""
    groups: dict[tuple[int, ...], list[_Columns]] = {}
    rest: list[V] = []
    for part in parts:
        columns = _columns(writer, part)
        if columns is None:
            rest.append(part)
        else:
            groups.setdefault(part.type.dims, []).append(columns)
    joined = [x for dims, group in groups.items() for x in _joined(group, dims, writer.order)]
    return added([*rest, *joined])


def _columns(writer: GraphWriter, part: V) -> _Columns | None:
    made = writer.made(part.id)
    place = made.attrs.columns if made is not None and isinstance(made.attrs, Placed) else None
    return None if made is None or place is None else _Columns(V(writer, made.args[0]), place.start, place.stop)


def _joined(group: Sequence[_Columns], dims: tuple[int, ...], order: Sequence[str]) -> list[V]:
    """Values of `dims` whose sum is that of `group`: columns that follow each other are one."""
    runs: list[list[_Columns]] = []
    for each in sorted(group, key=lambda x: x.start):
        run = next((x for x in runs if x[-1].stop == each.start), None)
        if run is None:
            runs.append([each])
        else:
            run.append(each)
    return [_placed(_side_by_side(run, order), run[0].start, dims) for run in runs]


def _side_by_side(run: Sequence[_Columns], order: Sequence[str]) -> V:
    first = run[0].value
    if len(run) == 1:
        return first
    axes = {axis for x in run for axis in x.value.type.axes}
    values = [spread(x.value, x.value.type.with_axes(axes, order)) for x in run]
    return apply("concat", *values, told=Dim(-1))


def _placed(x: V, start: int, dims: tuple[int, ...]) -> V:
    """`x` as columns of a value of `dims`, from `start`."""
    stop = start + x.type.dims[-1]
    if (start, stop) == (0, dims[-1]):
        return x
    return apply("place", x, told=Placed(columns(len(dims), start, stop).items, dims))
