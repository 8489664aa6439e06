"""Examples that come one by one: an array by input for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rnndsl.arrays.values import Array, DataError, converted
from rnndsl.plan.model import TensorType
from rnndsl.text.faults import records as faults
from rnndsl.training.per_example import BATCH, PerExample, Ragged, Whole
from rnndsl.training.tabular import Tabled


def of_each(found: Mapping[str, Sequence[Array]], types: Mapping[str, TensorType]) -> Tabled:
    """Of an array for each example, by input, laid out as the type has it but for `batch`."""
    values: dict[str, PerExample] = {}
    for name, arrays in found.items():
        place = types[name].axes.index(BATCH)
        same = len({array.shape for array in arrays}) == 1
        values[name] = Whole(np.stack(arrays, place), place) if same else Ragged(arrays, place)
    return Tabled(values)


def shaped(name: str, flat: Array, type: TensorType, example: int) -> Array:
    """The numbers of one example, in a row, as `type` but for `batch`. Raises DataError. `example`: its number, from 1."""
    axes = [axis for axis in type.axes if axis != BATCH]
    size = math.prod(type.dims)
    fits = len(flat) == size if not axes else size > 0 and len(flat) % size == 0
    if len(axes) > 1:
        raise DataError(faults.no_row_holds(name, type, axes))
    if not fits:
        raise DataError(faults.row_size(name, type, example, len(flat), size, whole=not axes))
    return converted(name, flat.reshape((*([-1] if axes else []), *type.dims)), type)
