"""Columns of tables, by name: of `.csv`, `.csv.gz` and `.parquet`. A `.csv` without a header has the columns 1, 2, 3 and so on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from rnndsl.arrays import parquet
from rnndsl.arrays.tables import is_header, is_number, read_rows
from rnndsl.arrays.values import Array, DataError
from rnndsl.records import Immutable, record
from rnndsl.text.faults import columns as faults
from rnndsl.text.faults import files
from rnndsl.text.faults.arrays import empty, ragged

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@record
class Columns(Immutable):
    """What was read of a table: numbers by column, one a row; `lists` by column whose cells are lists, an array a row. `key`: the
    cells of one more column, of whatever kind, if it was asked for."""

    numbers: Mapping[str, Array]
    lists: Mapping[str, Sequence[Array]]
    key: Sequence[object] | None


def has_columns(path: Path) -> bool:
    """Whether `path` is named as a table with columns is."""
    return path.name.endswith(SUFFIXES)


def column_names(path: Path) -> tuple[str, ...]:
    """The names of all columns. Raises DataError."""
    if path.suffix == ".parquet":
        return parquet.column_names(path)
    try:
        first = next(read_rows(path), None)
    except OSError as error:
        raise DataError(files.unreadable(path, error)) from None
    if first is None:
        raise DataError(empty(path))
    line, cells = first
    return tuple(cells) if line == 1 and is_header(cells) else tuple(str(i + 1) for i in range(len(cells)))


def chosen(path: Path, names: Sequence[str], text: str) -> list[str]:
    """The columns that `text` names: `a,b`, or `a..b` for all from a to b. Raises DataError for one that is not there, or twice."""
    found: list[str] = []
    for part in [text] if text in names else text.split(","):
        first, dots, last = part.partition("..")
        if part in names or not dots:
            found.append(_one(path, names, part))
            continue
        begin, end = (names.index(_one(path, names, name)) for name in (first, last))
        if end < begin:
            raise DataError(faults.backwards(path, first, last))
        found += names[begin : end + 1]
    return found


def read_columns(path: Path, wanted: Sequence[str], key: str | None) -> Columns:
    """The columns `wanted` as numbers, none of which is missing, and `key` as it is. Raises DataError."""
    if path.suffix == ".parquet":
        return Columns(*parquet.read_columns(path, wanted, key))
    names = column_names(path)
    places = [names.index(name) for name in wanted]
    cells = _cells(path, names, [*places, *([] if key is None else [names.index(key)])])
    keys = None if key is None else [row[-1] for _, row in cells]
    table = np.fromiter(chain.from_iterable(_numbers(path, line, wanted, row) for line, row in cells), np.float64)
    table = table.reshape(len(cells), len(wanted))
    return Columns({name: table[:, i] for i, name in enumerate(wanted)}, {}, keys)


def _one(path: Path, names: Sequence[str], name: str) -> str:
    if name not in names:
        raise DataError(faults.no_column(path, name, names))
    if names.count(name) > 1:
        raise DataError(faults.column_twice(path, name))
    return name


def _cells(path: Path, names: Sequence[str], places: Sequence[int]) -> list[tuple[int, list[str]]]:
    """The line and the cells at `places` of each row below the header."""
    found: list[tuple[int, list[str]]] = []
    try:
        for line, cells in read_rows(path):
            if line == 1 and is_header(cells):
                continue
            if len(cells) != len(names):
                raise DataError(ragged(f"{path}:{line}", len(cells), len(names)))
            found.append((line, [cells[i] for i in places]))
    except OSError as error:
        raise DataError(files.unreadable(path, error)) from None
    if not found:
        raise DataError(empty(path))
    return found


def _numbers(path: Path, line: int, names: Sequence[str], cells: Sequence[str]) -> list[float]:
    """Those of `names`; what stands behind them is no number."""
    row: list[float] = []
    for name, cell in zip(names, cells, strict=False):
        value = float(cell) if is_number(cell) else math.nan
        if math.isnan(value):
            raise DataError(faults.no_value(f"{path}:{line}", name, cell))
        row.append(value)
    return row
