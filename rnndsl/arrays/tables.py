"""Tables of numbers, `.csv`, and how they stand for tensors.

A row of a table is one element along the first axis; its columns are the second axis, if there is one, times the trailing dims.
`x: f32[batch, time, 1]` is a row for each sequence; `y: f32[batch, 1]` one column. A table that is as narrow as one step is one
sequence, with a row for each step.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import os
import zlib
from array import array as packed
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from rnndsl.arrays.unpacking import most_unpacked
from rnndsl.arrays.values import Array, DataError
from rnndsl.language.builtins import BATCH
from rnndsl.regular import open_regular
from rnndsl.text.faults import arrays as faults

if TYPE_CHECKING:
    from rnndsl.plan.model import TensorType

LONGEST_LINE = 1 << 26
"""Characters: some three million numbers."""


def read_table(path: Path) -> Array:
    """The numbers of a `.csv` or `.csv.gz`, by row and column; a first line without any is a header. Raises DataError, OSError."""
    numbers, width, rows = packed("d"), 0, 0
    for line, cells in read_rows(path):
        place = f"{path}:{line}"
        if line == 1 and is_header(cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise DataError(faults.ragged(place, len(cells), width))
        numbers.extend(_row(cells, place))
        rows += 1
    if not rows:
        raise DataError(faults.empty(path))
    return np.frombuffer(numbers, dtype=np.float64).reshape(rows, width)


def read_rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """The cells of each row of a `.csv` or `.csv.gz`, with the number of its line; blank lines are left out.
    Raises DataError, OSError."""
    with open_regular(path) as file:
        unpacked = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
        try:
            most = most_unpacked(os.fstat(file.fileno()).st_size)
            lines = csv.reader(_lines(path, io.TextIOWrapper(unpacked, encoding="utf-8-sig", newline=""), most))
            yield from ((lines.line_num, cells) for cells in lines if cells)
        except UnicodeDecodeError:
            raise DataError(faults.not_utf8(path)) from None
        except (csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(faults.no_table(path, error)) from None


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first line has names and no numbers."""
    return not any(map(is_number, cells))


def _lines(path: Path, text: io.TextIOWrapper, most: int) -> Iterator[str]:
    read = 0
    for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE), ""), start=1):
        read += len(line)
        if len(line) == LONGEST_LINE:
            raise DataError(faults.long_line(f"{path}:{number}", LONGEST_LINE))
        if read > most:
            raise DataError(faults.unpacked(path, most))
        yield line


def _row(cells: Sequence[str], place: str) -> list[float]:
    try:
        if all(cell.isascii() and "_" not in cell for cell in cells):
            return list(map(float, cells))
    except ValueError:
        pass
    wrong = next((i, cell) for i, cell in enumerate(cells, start=1) if not is_number(cell))
    raise DataError(faults.no_number(place, *wrong))


def is_number(cell: str) -> bool:
    """Whether `cell` is a number in ASCII; Python also takes `1_0`, and digits of other scripts."""
    if not cell.isascii() or "_" in cell:
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_series(table: Array, type: TensorType) -> bool:
    """Whether `table` is one sequence, with a row for each step, and not a row for each sequence."""
    return len(type.axes) == 2 and table.shape[1] == math.prod(type.dims)


def lay_out(name: str, table: Array, type: TensorType) -> Array:
    """`table` in the shape of `type`. Raises DataError."""
    rows, columns = table.shape
    size = math.prod(type.dims)
    if not type.axes:
        if table.size != size:
            raise DataError(faults.table_shape(name, type, rows, columns))
        return table.reshape(type.dims)
    if len(type.axes) > 2:
        raise DataError(faults.no_table_holds(name, type))
    if is_series(table, type):
        return table.reshape((*_of_series(type, rows), *type.dims))
    if type.dtype == "i64" and bool(np.any(np.abs(table) >= 1 << 53)):
        raise DataError(faults.wide_integers(name, type))
    whole = len(type.axes) == 1
    fits = columns == size if whole else size > 0 and columns % size == 0
    if not fits:
        raise DataError(faults.columns(name, type, columns, size, whole))
    middle = () if whole else (columns // size,)
    return table.reshape((rows, *middle, *type.dims))


def _of_series(type: TensorType, steps: int) -> tuple[int, int]:
    return (steps, 1) if type.axes[1] == BATCH else (1, steps)


def as_series(array: Array, type: TensorType) -> Array:
    """One sequence of `type`, a row for each step; whatever else `array` is, it is left as it is."""
    if len(type.axes) != 2 or 1 not in array.shape[:2]:
        return array
    return array.reshape((max(array.shape[:2]), -1))


def write_table(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` side by side as columns. Raises DataError if their rows differ in number, OSError."""
    shapes = {name: array.shape or (1,) for name, array in arrays.items()}
    tables = {name: array.reshape(shapes[name][0], math.prod(shapes[name][1:])) for name, array in arrays.items()}
    lengths = {t.shape[0] for t in tables.values()}
    if len(lengths) > 1:
        raise DataError(faults.rows_differ((name, array.shape) for name, array in arrays.items()))
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column for name, t in tables.items() for column in _columns(name, t.shape[1])])
    writer.writerows([str(v) for t in tables.values() for v in t[i]] for i in range(lengths.pop() if lengths else 0))
    text.detach()  # flushes it, and leaves `file` open


def _columns(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
