"""Outputs of a model beside the targets of their type: which belong together, and the series that are drawn of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rnndsl.arrays.values import Array, DataError
from rnndsl.language.builtins import BATCH
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import TensorType
from rnndsl.records import Immutable, record
from rnndsl.text.faults import pictures as faults
from rnndsl.training.drawing import Panel

Types = Mapping[str, TensorType]
MOST_PANELS = 8


@record
class Part(Immutable):
    """What is drawn of a series: of so many examples this `row`, the last one if it is None, and its `last` places, all if None."""

    row: int | None
    last: int | None


def beside(outputs: Types, inputs: Types, targets: Types) -> dict[str, list[str]]:
    """From each of `targets` to the outputs of its axes and dims. If no target has one, from each of `inputs`. Raises DataError."""
    for truths in (targets, inputs):
        found = {name: [other for other, t in outputs.items() if _is_like(t, type)] for name, type in truths.items()}
        if any(found.values()):
            return {name: others for name, others in found.items() if others}
    raise DataError(faults.nothing_beside(outputs))


def _is_like(output: TensorType, type: TensorType) -> bool:
    """Whether the two are numbers of one form, with at most one axis beside `batch`."""
    if output.dtype not in FLOATS or type.dtype not in FLOATS or not type.axes or len({BATCH, *type.axes}) > 2:
        return False
    return (output.axes, output.dims) == (type.axes, type.dims)


def panels(target: str, type: TensorType, truth: Array, forecasts: Mapping[str, Array], part: Part) -> Iterator[Panel]:
    """A panel for each component of a target of this `type`. Raises DataError for a row that there is not."""
    axis, row, whole = _series(truth, type, part.row)
    drawn = {name: _series(array, type, part.row)[2] for name, array in forecasts.items()}
    at = np.arange(len(whole))[-(part.last or len(whole)) :]
    for k in range(whole.shape[1]):
        title = target if whole.shape[1] == 1 else f"{target}[{k}]"
        yield Panel(title, axis, row, at, whole[at, k], {name: series[at, k] for name, series in drawn.items()})


def _series(array: Array, type: TensorType, row: int | None) -> tuple[str, int | None, Array]:
    """What its places are, of which row if of one, and what lies along them, [n, components].

    That is along the axis that is not `batch`, of one row; with `batch` alone, the examples one after another, or the components
    of one row, if they are more than there can be panels.
    """
    array = array.astype("f8")
    inner = [axis for axis in type.axes if axis != BATCH]
    if BATCH not in type.axes:
        return inner[0], None, array.reshape(len(array), -1)
    rows = np.moveaxis(array, type.axes.index(BATCH), 0)
    if not inner and rows[:1].size <= MOST_PANELS:
        return "example", None, rows.reshape(len(rows), -1)
    chosen = len(rows) - 1 if row is None else row
    if not 0 <= chosen < len(rows):
        raise DataError(faults.no_row(chosen, len(rows)))
    if inner:
        return inner[0], chosen, rows[chosen].reshape(rows.shape[1], -1)
    return "component", chosen, rows[chosen].reshape(-1, 1)
