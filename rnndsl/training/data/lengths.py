"""How long the sequences of each example are, and the inputs that tell a model so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rnndsl.arrays.values import Array, DataError
from rnndsl.language.builtins import BATCH
from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.model import TensorType
from rnndsl.text.faults import examples as faults
from rnndsl.training.data.per_example import PerExample, Ragged, Whole

Lengths = Mapping[str, Array]
"""By axis, of each example."""


def can_tell(type: TensorType) -> bool:
    """Whether an input of this type can be told the lengths of sequences."""
    return type.axes == (BATCH,) and not type.dims and type.dtype in ("i32", "i64")


def check_told(told: Mapping[str, str], types: Mapping[str, TensorType]) -> None:
    """Check that each input of `told`, by the axis that it tells the lengths along, can be it. Raises DataError."""
    axes = list(dict.fromkeys(axis for type in types.values() for axis in type.axes if axis != BATCH))
    for axis, name in told.items():
        if axis not in axes:
            raise DataError(faults.no_length_axis(axis, axes))
        if name not in types:
            raise DataError(faults.no_length_input(axis, name, list(types)))
        if not can_tell(types[name]):
            raise DataError(faults.no_lengths(name, types[name]))


def with_lengths(
    values: Mapping[str, PerExample], types: Mapping[str, TensorType], told: Mapping[str, str]
) -> tuple[dict[str, PerExample], Lengths]:
    """The values with those inputs of `told` that the data do not give, and the lengths along its axes.

    Raises DataError if the inputs of an example differ in one, if lengths vary and nothing tells them, and for given ones that
    are longer than the data.
    """
    found = dict(values)
    lengths: dict[str, Array] = {}
    for axis in dict.fromkeys(axis for name in values for axis in types[name].axes if axis != BATCH):
        there = _agreed(axis, values, types)
        name = told.get(axis)
        if name is None and there.min() != there.max():
            raise DataError(faults.lacks_lengths(axis, int(there.min()), int(there.max())))
        if name is None:
            continue
        if name not in found:
            found[name] = Whole(there.astype(numpy_dtype(types[name].dtype)))
        lengths[axis] = found[name].take(slice(None))
        wrong = np.flatnonzero((lengths[axis] < 0) | (lengths[axis] > there))
        if wrong.size:
            at = int(wrong[0])
            raise DataError(faults.length_out_of_range(name, axis, at + 1, int(lengths[axis][at]), int(there[at])))
    return found, lengths


def _agreed(axis: str, values: Mapping[str, PerExample], types: Mapping[str, TensorType]) -> Array:
    """The length of each example along `axis`, which its inputs have in common. Raises DataError."""
    (first, agreed), *rest = _along(axis, values, types)
    for name, lengths in rest:
        differing = np.flatnonzero(lengths != agreed)
        if differing.size:
            at = int(differing[0])
            raise DataError(faults.uneven(at + 1, axis, first, int(agreed[at]), name, int(lengths[at])))
    return agreed


def _along(axis: str, values: Mapping[str, PerExample], types: Mapping[str, TensorType]) -> Iterator[tuple[str, Array]]:
    for name, value in values.items():
        axes = types[name].axes
        if axis not in axes:
            continue
        if isinstance(value, Ragged):
            place = [each for each in axes if each != BATCH].index(axis)
            yield name, np.array([array.shape[place] for array in value.arrays])
        else:
            yield name, np.full(value.count, value.take(slice(0, 1)).shape[axes.index(axis)])
