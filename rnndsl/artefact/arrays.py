"""Arrays from and to files: `.npz`, `.npy` and `.csv`, laid out as a model's inputs and outputs are.

A table of numbers stands for a tensor so: its rows are the first axis; its columns the second, if there is one, times the
trailing dims. `x: f32[batch, time, 1]` is a row for each sequence; `y: f32[batch, 1]` one column.
"""

from __future__ import annotations

import csv
import gzip
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rnndsl.plan.model import TensorType

Array = np.ndarray[Any, np.dtype[Any]]
NUMPY_DTYPES = {"f16": "float16", "f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "bool": "bool"}
SUFFIXES = (".npz", ".npy", ".csv", ".csv.gz")


class DataError(ValueError):
    """A file does not hold what is wanted. The message names the file and, in a table, the line."""


def read_arrays(path: Path) -> dict[str, Array] | Array:
    """The arrays of a `.npz` by name, or the one array of a `.npy` or `.csv` (two-dimensional). Raises DataError."""
    try:
        if path.name.endswith((".csv", ".csv.gz")):
            return _read_csv(path)
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"there is no file `{path}`") from None
    except IsADirectoryError:
        raise DataError(f"`{path}` is a folder, not a file") from None
    except PermissionError:
        raise DataError(f"no permission to read `{path}`") from None
    except (OSError, EOFError, ValueError, csv.Error, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"`{path}` cannot be read as {path.suffix}: {error}") from None
    raise DataError(f"`{path}`: a file of arrays ends in {', '.join(SUFFIXES)}")


def _read_csv(path: Path) -> Array:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"`{path}` is not text in UTF-8") from None
    rows: list[list[float]] = []
    for number, cells in enumerate(csv.reader(lines), start=1):
        if not cells or (number == 1 and not any(_is_number(c) for c in cells)):  # a blank line, or the header
            continue
        rows.append([_number(c, f"{path}:{number}: column {i}") for i, c in enumerate(cells, start=1)])
        if len(rows[-1]) != len(rows[0]):
            raise DataError(f"{path}:{number}: {len(rows[-1])} columns, where the rows before have {len(rows[0])}")
    if not rows:
        raise DataError(f"`{path}` holds no numbers")
    return np.asarray(rows, dtype=np.float64)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, place: str) -> float:
    if not _is_number(cell):
        raise DataError(f"{place}: `{cell[:40]}` is not a number")
    return float(cell)


def fit(name: str, array: Array, type: TensorType, *, table: bool) -> Array:
    """`array` as a value of `type`: a table is laid out, the dtype is converted where no value changes. Raises DataError."""
    if table:
        array = _lay_out(name, array, type)
    rank = len(type.axes) + len(type.dims)
    if array.ndim != rank or tuple(array.shape[len(type.axes) :]) != type.dims:
        raise DataError(f"`{name}` is {type}; an array of shape {_shape(array.shape)} does not fit")
    return _convert(name, array, type)


def _lay_out(name: str, array: Array, type: TensorType) -> Array:
    rows, columns = array.shape
    size = math.prod(type.dims)
    if not type.axes:
        if array.size != size:
            raise DataError(f"`{name}` is {type}; a table of {rows} rows and {columns} columns does not fit")
        return array.reshape(type.dims)
    if len(type.axes) > 2:
        raise DataError(f"`{name}` is {type}, which no table can hold: give it as .npz or .npy")
    fits = columns == size if len(type.axes) == 1 else size > 0 and columns % size == 0
    if not fits:
        wanted = str(size) if len(type.axes) == 1 else f"a multiple of {size}"
        raise DataError(f"`{name}` is {type}; its table wants {wanted} columns and has {columns}")
    middle = () if len(type.axes) == 1 else (columns // size,)
    return array.reshape((rows, *middle, *type.dims))


def _convert(name: str, array: Array, type: TensorType) -> Array:
    if type.dtype == "bf16":
        raise DataError(f"`{name}` is {type}: bf16 has no form in a file of arrays")
    dtype = np.dtype(NUMPY_DTYPES[type.dtype])
    if array.dtype == dtype:
        return array
    if array.dtype.kind not in "biuf":
        raise DataError(f"`{name}` is {type}; an array of {array.dtype} does not fit")
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(converted, array):
        raise DataError(f"`{name}` is {type}; the array holds values that are not of {type.dtype}")
    return converted


def check_output(path: Path) -> None:
    """Check, before any work is done, that `write_arrays` can write to `path`. Raises DataError."""
    if path.suffix not in (".npz", ".csv"):
        raise DataError(f"`{path}`: the output is written as .npz or .csv")
    if path.is_dir():
        raise DataError(f"`{path}` is a folder, not a file")
    if not path.parent.is_dir():
        raise DataError(f"`{path}`: there is no folder `{path.parent}`")


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` to a `.npz`, or side by side as the columns of a `.csv`. Raises DataError."""
    check_output(path)
    if path.suffix == ".npz":
        np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]
        return
    tables = {name: array.reshape((array.shape[0], -1)) if array.ndim else array.reshape((1, 1)) for name, array in arrays.items()}
    lengths = {t.shape[0] for t in tables.values()}
    if len(lengths) > 1:
        listed = ", ".join(f"{name} {_shape(array.shape)}" for name, array in arrays.items())
        raise DataError(f"the outputs have different numbers of rows ({listed}): write them as .npz")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column for name, t in tables.items() for column in _columns(name, t.shape[1])])
        writer.writerows([str(v) for t in tables.values() for v in t[i]] for i in range(lengths.pop() if lengths else 0))


def _columns(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{i}" for i in range(count)]


def _shape(shape: Sequence[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"
