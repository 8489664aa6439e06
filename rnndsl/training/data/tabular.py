"""Rows of a table as examples: each row one, or each sequence of rows, or each window over them.

A series is the numbers of an input by row: [rows, columns]. As many columns as one step of the input has are one step; a multiple
of it is a whole sequence in a row.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePath

import numpy as np

from rnndsl.arrays.tables import is_series, lay_out
from rnndsl.arrays.values import Array, DataError, agree, converted
from rnndsl.language.builtins import BATCH, TIME
from rnndsl.plan.model import TensorType
from rnndsl.records import Immutable, record
from rnndsl.text.faults import arrays as table_faults
from rnndsl.text.faults import columns as faults
from rnndsl.training.data.per_example import PerExample, Ragged, Whole, Windows


@record
class Cut(Immutable):
    """Windows of `window` rows, each `stride` rows after the one before. The `targets` are read `horizon` rows further on. An
    input without `time` is read at a window's last row."""

    window: int
    horizon: int
    stride: int
    targets: Collection[str]


@record
class Tabled(Immutable):
    """The values by input. `spans`: the first and the last row of what each example is to forecast, if examples overlap."""

    values: Mapping[str, PerExample]
    spans: tuple[Array, Array] | None = None


def bounds(path: PurePath, column: str, keys: Sequence[object]) -> Array:
    """Where each run of equal `keys` starts, and the number of rows. Raises DataError if one comes again after others."""
    starts = [0, *(i for i in range(1, len(keys)) if keys[i] != keys[i - 1])]
    seen: set[object] = set()
    for start in starts:
        if keys[start] in seen:
            raise DataError(faults.apart(path, column, keys[start], start + 1))
        seen.add(keys[start])
    return np.array([*starts, len(keys)])


def windows(series: Mapping[str, Array], types: Mapping[str, TensorType], cut: Cut, limits: Array) -> Tabled:
    """Windows within each sequence of rows between `limits`. Raises DataError if none is long enough."""
    steps = {name: _steps(name, array, types[name]) for name, array in series.items()}
    reach = cut.window + (cut.horizon if any(name in cut.targets for name in series) else 0)
    every = [np.arange(a, b - reach + 1, cut.stride, dtype=np.int64) for a, b in pairwise(limits.tolist())]
    starts: Array = np.concatenate(every)
    if not starts.size:
        raise DataError(faults.short_series(int(np.max(np.diff(limits))), cut.window, reach - cut.window))
    values = {name: _windows(array, types[name].axes, starts, name in cut.targets, cut) for name, array in steps.items()}
    forecast = [x for name, x in values.items() if name in cut.targets] or list(values.values())
    return Tabled(values, (np.min([x.starts for x in forecast], axis=0), starts + (reach - 1)))


def _windows(array: Array, axes: Sequence[str], starts: Array, target: bool, cut: Cut) -> Windows:
    begin = starts + (cut.horizon if target else 0)
    if TIME not in axes:
        return Windows(array, begin + (cut.window - 1), None)
    return Windows(array, begin, cut.window, axes.index(BATCH))


def sequences(series: Mapping[str, Array], types: Mapping[str, TensorType], limits: Array) -> Tabled:
    """An example for each sequence of rows between `limits`. Raises DataError for an input without `time` that varies in one."""
    values: dict[str, PerExample] = {}
    for name, given in series.items():
        array, type = _steps(name, given, types[name]), types[name]
        if TIME in type.axes:
            values[name] = Ragged(np.split(array, limits[1:-1]), type.axes.index(BATCH))
            continue
        changed = 1 + np.flatnonzero((array[1:] != array[:-1]).any(axis=tuple(range(1, array.ndim))))
        inside = np.setdiff1d(changed, limits)
        if inside.size:
            raise DataError(faults.varies(name, type, int(inside[0]) + 1))
        values[name] = Whole(array[limits[:-1]])
    return Tabled(values)


def rows(series: Mapping[str, Array], types: Mapping[str, TensorType]) -> Tabled:
    """An example for each row; one for all of them if a row is one step. Raises DataError."""
    if any(is_series(array, types[name]) for name, array in series.items()):
        return sequences(series, types, np.array([0, len(next(iter(series.values())))]))
    found = {name: (converted(name, lay_out(name, array, types[name]), types[name]), types[name]) for name, array in series.items()}
    agree(found)
    return Tabled({name: Whole(array, type.axes.index(BATCH)) for name, (array, type) in found.items()})


def _steps(name: str, array: Array, type: TensorType) -> Array:
    """A series with a step of `type` in each row: [rows, *dims]."""
    if any(axis not in (BATCH, TIME) for axis in type.axes):
        raise DataError(faults.window_axes(name, type))
    size = math.prod(type.dims)
    if array.shape[1] != size:
        raise DataError(table_faults.columns(name, type, array.shape[1], size, whole=True))
    if type.dtype == "i64" and array.dtype.kind == "f" and bool(np.any(np.abs(array) >= 1 << 53)):
        raise DataError(table_faults.wide_integers(name, type))
    return converted(name, array.reshape((-1, *type.dims)), type)
