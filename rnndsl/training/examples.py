"""The examples of a run: arrays along `batch`, the last ones held out, the others in batches whose order a seed decides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from rnndsl.arrays.values import Array, DataError
from rnndsl.plan.model import TensorType
from rnndsl.records import Immutable, record
from rnndsl.text.faults import training as faults

BATCH = "batch"


@record
class Examples(Immutable):
    """`arrays` by input, of `types`. An input without `batch` goes into each call as it is; `count` examples are not held out.

    `count` is None if no input has `batch`: then each call is given everything, and nothing can be held out.
    """

    arrays: Mapping[str, Array]
    types: Mapping[str, TensorType]
    count: int | None
    held_out: int

    def batches(self, size: int | None, seed: int, epoch: int) -> Iterator[dict[str, Array]]:
        """The batches of one epoch, the last of which may be smaller. With one batch, in order; else shuffled by seed and epoch."""
        if self.count is None or size is None or size >= self.count:
            yield self._rows(slice(0, self.count))
            return
        order = np.random.default_rng([seed, epoch]).permutation(self.count)
        for start in range(0, self.count, size):
            yield self._rows(order[start : start + size])

    def steps(self, size: int | None) -> int:
        """How many batches an epoch has."""
        return 1 if self.count is None or size is None else -(-self.count // size)

    def validation(self) -> dict[str, Array]:
        """The examples that are held out."""
        return self._rows(slice(self.count, None))

    def digests(self) -> dict[str, str]:
        """The SHA-256 of each input: of its dtype and shape in words, then its bytes in C order."""
        return {name: _digest(array) for name, array in self.arrays.items()}

    def _rows(self, rows: slice | Array) -> dict[str, Array]:
        return {name: _taken(array, self.types[name], rows) for name, array in self.arrays.items()}


def examples(arrays: Mapping[str, Array], types: Mapping[str, TensorType], held_out: int, batch: int | None) -> Examples:
    """Of `arrays` that fit `types`. Raises DataError where so many cannot be held out, or so many are no batch."""
    sizes = {array.shape[types[name].axes.index(BATCH)] for name, array in arrays.items() if BATCH in types[name].axes}
    if not sizes:
        if held_out or batch is not None:
            raise DataError(faults.no_batch_axis())
        return Examples(arrays, types, None, 0)
    (whole,) = sizes
    if held_out >= whole:
        raise DataError(faults.too_many_held_out(held_out, whole))
    count = whole - held_out
    if batch is not None and batch > count:
        raise DataError(faults.batch_too_large(batch, count, held_out))
    return Examples(arrays, types, count, held_out)


def _taken(array: Array, type: TensorType, rows: slice | Array) -> Array:
    if BATCH not in type.axes:
        return array
    return array[(slice(None),) * type.axes.index(BATCH) + (rows,)]


def _digest(array: Array) -> str:
    digest = hashlib.sha256(f"{array.dtype.name}{list(array.shape)}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
