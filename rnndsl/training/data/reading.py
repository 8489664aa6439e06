"""Tables and series from files as examples."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

import numpy as np

from rnndsl.arrays.columns import chosen, column_names, read_columns
from rnndsl.arrays.values import Array, DataError, agree
from rnndsl.plan.model import TensorType
from rnndsl.text.faults import columns as faults
from rnndsl.text.faults import examples as example_faults
from rnndsl.text.faults import records
from rnndsl.training.data.elements import of_each, shaped
from rnndsl.training.data.lengths import can_tell
from rnndsl.training.data.tabular import Cut, Tabled, bounds, rows, sequences, windows

ROW = "row"


def of_table(
    path: Path,
    types: Mapping[str, TensorType],
    named: Mapping[str, str],
    sequence: str | None,
    cut: Cut | None,
    optional: Container[str],
) -> Tabled:
    """The inputs of `types`, each of the columns `named` or of that of its name. What is `optional` may lack. A run of rows with
    one value in the column `sequence` is one sequence. Raises DataError."""
    names = column_names(path)
    wanted = _wanted(path, names, types, named, optional)
    key = None if sequence is None else chosen(path, names, sequence)[0]
    read = read_columns(path, list(dict.fromkeys(column for each in wanted.values() for column in each)), key)
    limits = None if read.key is None else bounds(path, str(key), read.key)
    lists = {name: each for name, each in wanted.items() if any(column in read.lists for column in each)}
    series = {name: _side_by_side([read.numbers[column] for column in each]) for name, each in wanted.items() if name not in lists}
    if not lists:
        return _of_rows(series, types, cut, limits)
    if cut is not None or limits is not None:
        raise DataError(records.lists_in_rows(path, next(iter(lists.values()))[0]))
    return _of_lists(lists, read.lists, series, types)


def of_series(given: Mapping[str, Array], types: Mapping[str, TensorType], cut: Cut) -> Tabled:
    """Windows over arrays whose first axis is the rows of one series. Raises DataError."""
    for name, array in given.items():
        if not _is_series(array, types[name]):
            raise DataError(example_faults.no_series(name, types[name], array.shape))
    agree({name: (array, TensorType(types[name].dtype, (ROW,), ())) for name, array in given.items()})
    return _of_rows({name: array.reshape(len(array), -1) for name, array in given.items()}, types, cut, None)


def _is_series(array: Array, type: TensorType) -> bool:
    """Whether it has a step of `type` in each row, of which the dims may be flat, and missing if they are one number."""
    size = math.prod(type.dims)
    return array.ndim > 0 and (array.shape[1:] in (type.dims, (size,)) or (size == 1 and array.ndim == 1))


def _wanted(
    path: Path, names: Sequence[str], types: Mapping[str, TensorType], named: Mapping[str, str], optional: Container[str]
) -> dict[str, list[str]]:
    """The columns of each input."""
    wanted: dict[str, list[str]] = {}
    for name, type in types.items():
        if name in named or name in names:
            wanted[name] = chosen(path, names, named.get(name, name))
        elif name not in optional:
            raise DataError(faults.lacks_column(path, name, type, names, can_tell(type)))
    return wanted


def _of_rows(series: Mapping[str, Array], types: Mapping[str, TensorType], cut: Cut | None, limits: Array | None) -> Tabled:
    count = len(next(iter(series.values())))
    if cut is not None:
        return windows(series, types, cut, np.array([0, count]) if limits is None else limits)
    return rows(series, types) if limits is None else sequences(series, types, limits)


def _of_lists(
    lists: Mapping[str, Sequence[str]],
    cells: Mapping[str, Sequence[Array]],
    series: Mapping[str, Array],
    types: Mapping[str, TensorType],
) -> Tabled:
    """A row is an example: `lists` name, for each input, the one column of `cells` that it is."""
    found: dict[str, list[Array]] = {}
    for name, columns in lists.items():
        if len(columns) > 1:
            raise DataError(records.lists_beside(name, types[name]))
        found[name] = [shaped(name, cell, types[name], i + 1) for i, cell in enumerate(cells[columns[0]])]
    for name, array in series.items():
        found[name] = [shaped(name, row, types[name], i + 1) for i, row in enumerate(array)]
    return of_each(found, types)


def _side_by_side(columns: Sequence[Array]) -> Array:
    """[rows, columns]."""
    return np.stack(columns, axis=1)
