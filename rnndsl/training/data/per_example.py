"""What an input is in each example of a run: rows of an array, windows over a series, or sequences of several lengths.

`count` examples; `take(rows)` is those of the given numbers, laid out as the input's type has its axes; `digest` is SHA-256 in
hexadecimal of all that decides what `take` gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from rnndsl.arrays.values import Array
from rnndsl.records import Immutable, record

Rows = slice | Array


class PerExample(Protocol):
    @property
    def count(self) -> int: ...

    def take(self, rows: Rows) -> Array: ...

    def digest(self) -> str: ...


@record
class Whole(Immutable):
    """One array, with the axis `batch` at `place`."""

    array: Array
    place: int = 0

    @property
    def count(self) -> int:
        return self.array.shape[self.place]

    def take(self, rows: Rows) -> Array:
        return self.array[(slice(None),) * self.place + (rows,)]

    def digest(self) -> str:
        return digest([self.array])


@record
class Windows(Immutable):
    """`length` steps of a `series` [rows, ...] from each of `starts` on; the row alone, without `time`, if `length` is None.
    The series is not copied. `place`: of `batch` before or after `time`."""

    series: Array
    starts: Array
    length: int | None
    place: int = 0

    @property
    def count(self) -> int:
        return len(self.starts)

    def take(self, rows: Rows) -> Array:
        starts = self.starts[rows]
        if self.length is None:
            return self.series[starts]
        steps = np.arange(self.length)
        return self.series[starts[:, None] + steps if self.place == 0 else starts[None] + steps[:, None]]

    def digest(self) -> str:
        return digest([self.series, self.starts, np.array(self.length or 0)])


@record
class Ragged(Immutable):
    """An array for each example, of several lengths along axes before the dims; what is taken is padded by zeros to the longest of
    it. `place`: of `batch` among the axes."""

    arrays: Sequence[Array]
    place: int = 0

    @property
    def count(self) -> int:
        return len(self.arrays)

    def take(self, rows: Rows) -> Array:
        numbers: list[int] = np.arange(self.count)[rows].tolist()
        taken = [self.arrays[i] for i in numbers]
        longest = np.max([array.shape for array in taken], axis=0)
        padded: Array = np.zeros((len(taken), *longest), taken[0].dtype)
        for row, array in zip(padded, taken, strict=True):
            row[tuple(map(slice, array.shape))] = array
        return np.moveaxis(padded, 0, self.place)

    def digest(self) -> str:
        return digest(self.arrays)


def digest(arrays: Iterable[Array]) -> str:
    """The SHA-256 of each array's dtype and shape in words, then of its bytes in C order."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.name}{list(array.shape)}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
