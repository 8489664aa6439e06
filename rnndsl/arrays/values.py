"""What a value must be to stand for a tensor of the language: no number may change its meaning on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rnndsl.language.initializers import numpy_dtype
from rnndsl.text.fault import FaultError
from rnndsl.text.faults import arrays as faults
from rnndsl.text.faults import calls

if TYPE_CHECKING:
    from rnndsl.plan.model import TensorType

Array = np.ndarray[Any, np.dtype[Any]]


class DataError(FaultError, ValueError):
    """A value or a file does not hold what is wanted. The message names the input, or the file and the line in it."""


def fit(name: str, value: object, type: TensorType) -> Array:
    """`value` as an array of `type`. An integer or bool must be one; a float is rounded, but not to infinity.

    Raises DataError for another shape, for what is no number, and for numbers that `type` has not.
    """
    array = _array(name, value, type)
    rank = len(type.axes) + len(type.dims)
    if array.ndim != rank or tuple(array.shape[len(type.axes) :]) != type.dims:
        raise DataError(faults.shape(name, type, array.shape))
    return converted(name, array, type)


def fit_all(what: str, wanted: Mapping[str, TensorType], given: Mapping[str, object]) -> dict[str, Array]:
    """The values `given` to the function `what` as arrays of the types that it wants, in their order.

    Raises DataError for a name that it does not take, one that is missing, a value that does not fit, and lengths that differ.
    """
    for name in given:
        if name not in wanted:
            raise DataError(calls.no_input(what, name, list(wanted)))
    missing = [name for name in wanted if name not in given]
    if missing:
        raise DataError(calls.lacks_input(what, missing[0], wanted[missing[0]]))
    arrays = {name: fit(name, given[name], type) for name, type in wanted.items()}
    agree({name: (array, wanted[name]) for name, array in arrays.items()})
    return arrays


def agree(values: Mapping[str, tuple[Array, TensorType]]) -> None:
    """Check that values which share an axis are of one length along it. Raises DataError."""
    lengths: dict[str, tuple[str, int]] = {}
    for name, (array, type) in values.items():
        for axis, length in zip(type.axes, array.shape, strict=False):
            first, known = lengths.setdefault(axis, (name, length))
            if known != length:
                raise DataError(faults.lengths(axis, first, known, name, length))


def converted(name: str, array: Array, type: TensorType) -> Array:
    """`array` in the dtype of `type`, whatever its shape. Raises DataError for a number that the dtype has not."""
    dtype = numpy_dtype(type.dtype)
    if array.dtype == dtype:
        return array
    with np.errstate(all="ignore"):
        result = array.astype(dtype)
    if type.dtype in ("i32", "i64", "bool"):
        wrong = result != array
    elif array.dtype.itemsize > dtype.itemsize:
        wrong = np.isinf(result.astype(np.float32)) & np.isfinite(array)
    else:
        return result
    if np.any(wrong):
        place = tuple(map(int, np.argwhere(wrong)[0]))
        raise DataError(faults.no_value(name, type, type.dtype, array[place], place))
    return result


def _array(name: str, value: object, type: TensorType) -> Array:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:  # rows of several lengths, and what only looks like an array
        raise DataError(faults.no_array(name, type, error)) from None
    if array.dtype.name == "bfloat16":
        return array if type.dtype == "bf16" else array.astype(np.float32)
    if array.size == 0 and array.dtype == np.float64:  # what an empty list is
        return array.astype(numpy_dtype(type.dtype))
    if array.dtype.kind not in "biuf":
        raise DataError(faults.kind(name, type, array.dtype))
    return array
