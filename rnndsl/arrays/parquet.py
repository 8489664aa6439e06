"""Parquet, read by the `pyarrow` package (an extra: `pip install rnndsl[parquet]`). A cell is a number or a list of numbers."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.arrays.values import Array, DataError
from rnndsl.regular import open_regular
from rnndsl.text.faults import files
from rnndsl.text.faults import records as faults
from rnndsl.text.faults.arrays import empty
from rnndsl.text.faults.columns import no_value


def column_names(path: Path) -> tuple[str, ...]:
    """The names of all columns. Raises DataError."""
    return tuple(_read(path, [])[0].names)


def read_columns(
    path: Path, wanted: Sequence[str], key: str | None
) -> tuple[dict[str, Array], dict[str, Sequence[Array]], Sequence[object] | None]:
    """The columns `wanted`, as they are typed in the file, none of whose values is missing: of numbers, and of lists of numbers, an
    array a row; and the cells of `key`. Raises DataError."""
    _, table = _read(path, [*dict.fromkeys([*wanted, *([] if key is None else [key])])])
    if not table.num_rows:
        raise DataError(empty(path))
    numbers: dict[str, Array] = {}
    lists: dict[str, Sequence[Array]] = {}
    for name in wanted:
        column = table.column(name).combine_chunks()
        if _is_list(column):
            lists[name] = _lists(path, name, column)
        else:
            numbers[name] = _numbers(path, name, column, np.arange(len(column)))
    return numbers, lists, None if key is None else table.column(key).to_pylist()


def _read(path: Path, columns: Sequence[str]) -> tuple[Any, Any]:
    """The schema, and a table of `columns`."""
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(faults.needs_pyarrow(path)) from None
    try:
        with open_regular(path) as opened:
            file = parquet.ParquetFile(opened)
            return file.schema_arrow, file.read(columns=list(columns))
    except OSError as error:
        if error.errno is None:  # pyarrow's own
            raise DataError(faults.no_parquet(path, _reason(error))) from None
        raise DataError(files.unreadable(path, error)) from None
    except Exception as error:  # pyarrow's, of several kinds
        raise DataError(faults.no_parquet(path, _reason(error))) from None


def _reason(error: Exception) -> str:
    """Its first sentence."""
    return str(error).split(". ")[0]


def _is_list(column: Any) -> bool:
    types: Any = importlib.import_module("pyarrow").types
    return types.is_list(column.type) or types.is_large_list(column.type) or types.is_fixed_size_list(column.type)


def _lists(path: Path, name: str, column: Any) -> Sequence[Array]:
    rows = np.arange(len(column))
    _check_whole(path, name, column, rows)
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    values = _numbers(path, name, column.flatten(), np.repeat(rows, lengths))
    return np.split(values, np.cumsum(lengths)[:-1])


def _numbers(path: Path, name: str, column: Any, rows: Array) -> Array:
    """`rows`: where in the file each value stands, from 0."""
    types: Any = importlib.import_module("pyarrow").types
    if not (types.is_integer(column.type) or types.is_floating(column.type) or types.is_boolean(column.type)):
        raise DataError(faults.no_numbers(path, name, column.type))
    _check_whole(path, name, column, rows)
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise DataError(no_value(f"{path}, row {rows[np.flatnonzero(np.isnan(values))[0]] + 1}", name, "nan"))
    return values


def _check_whole(path: Path, name: str, column: Any, rows: Array) -> None:
    if column.null_count:
        first = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0]
        raise DataError(no_value(f"{path}, row {rows[first] + 1}", name, "null"))
