"""What a value must be to stand for a tensor of the language: no number may change its meaning on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnndsl.language.initializers import numpy_dtype

if TYPE_CHECKING:
    from rnndsl.plan.model import TensorType

Array = np.ndarray[Any, np.dtype[Any]]


class DataError(ValueError):
    """A value or a file does not hold what is wanted. The message names the input, or the file and the line in it."""


def fit(name: str, value: object, type: TensorType) -> Array:
    """`value` as an array of `type`. An integer or bool must be one; a float is rounded, but not to infinity.

    Raises DataError for another shape, for what is no number, and for numbers that `type` has not.
    """
    array = _array(name, value, type)
    rank = len(type.axes) + len(type.dims)
    if array.ndim != rank or tuple(array.shape[len(type.axes) :]) != type.dims:
        raise DataError(f"`{name}` is {type}; an array of shape {shown_shape(array.shape)} does not fit")
    return _converted(name, array, type)


def fit_all(what: str, wanted: Mapping[str, TensorType], given: Mapping[str, object]) -> dict[str, Array]:
    """The values `given` to the function `what` as arrays of the types that it wants, in their order.

    Raises DataError for a name that it does not take, one that is missing, a value that does not fit, and lengths that differ.
    """
    listed = ", ".join(f"`{name}`" for name in wanted) or "nothing"
    for name in given:
        if name not in wanted:
            raise DataError(f"`{what}` takes no `{name}`; it takes {listed}")
    missing = [name for name in wanted if name not in given]
    if missing:
        raise DataError(f"`{what}` wants `{missing[0]}` too, {wanted[missing[0]]}")
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
                raise DataError(f"`{first}` has the length {known} along `{axis}`, and `{name}` has {length}")


def shown_shape(shape: Sequence[int]) -> str:
    """`[2, 24]`."""
    return f"[{', '.join(map(str, shape))}]"


def _array(name: str, value: object, type: TensorType) -> Array:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:  # rows of several lengths, and what only looks like an array
        raise DataError(f"`{name}` is {type}; the value is no array: {error}") from None
    if array.dtype.name == "bfloat16":
        return array if type.dtype == "bf16" else array.astype(np.float32)
    if array.size == 0 and array.dtype == np.float64:  # what an empty list is
        return array.astype(numpy_dtype(type.dtype))
    if array.dtype.kind not in "biuf":
        raise DataError(f"`{name}` is {type}; {_shown_kind(array)} does not fit")
    return array


def _shown_kind(array: Array) -> str:
    kinds = {"U": "text", "S": "text", "O": "an array of Python objects", "c": "an array of complex numbers"}
    return kinds.get(array.dtype.kind, f"an array of {array.dtype}")


def _converted(name: str, array: Array, type: TensorType) -> Array:
    dtype = numpy_dtype(type.dtype)
    if array.dtype == dtype:
        return array
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
    if type.dtype in ("i32", "i64", "bool"):
        wrong = converted != array
    elif array.dtype.itemsize > dtype.itemsize:
        wrong = np.isinf(converted.astype(np.float32)) & np.isfinite(array)
    else:
        return converted
    if np.any(wrong):
        place = tuple(map(int, np.argwhere(wrong)[0]))
        raise DataError(f"`{name}` is {type}; {array[place]}{f' at {shown_shape(place)}' if place else ''} is no {type.dtype}")
    return converted
