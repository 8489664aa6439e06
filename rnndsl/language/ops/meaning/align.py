"""How values meet in NumPy: leading axes by name, trailing dims right-aligned. And what an operation may ask of where it stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from rnndsl.plan.attributes import Along, Result
from rnndsl.plan.model import DType, TensorType
from rnndsl.plan.replicas import How

Array = NDArray[Any]
Sizes = Mapping[str, int]

DTYPES: Mapping[DType, Any] = {
    "f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16), "f32": np.dtype(np.float32), "f64": np.dtype(np.float64),
    "i32": np.dtype(np.int32), "i64": np.dtype(np.int64), "bool": np.dtype(np.bool_),
}  # fmt: skip


class Value(NamedTuple):
    """An array laid out as `type` says: axes, then dims."""

    array: Array
    type: TensorType


class Variables(Protocol):
    """What a graph asks of the call that it is a part of. Variables go by their paths."""

    def read(self, path: str) -> Array:
        """The value from before the call."""
        ...

    def initial(self, path: str) -> Array:
        """The initial value."""
        ...

    def carried(self, path: str, start: Array, t: TensorType) -> Array:
        """The state kept from the last call, or `start`, both of the type `t`."""
        ...

    def together(self, how: How, number: int, own: Array) -> Array:
        """What the replicas have at their meeting of this number, put together; this one has `own`."""
        ...


class Frame(Protocol):
    """One graph at work. `order`: of the plan's axes; `sizes`: their lengths as far as they are known; `seed`: what random draws
    mix into their own stream, `sequence_seed`: that of the graph around a scan; `results`: of the graph's scans, by id."""

    order: Sequence[str]
    sizes: dict[str, int]
    variables: Variables
    seed: int
    sequence_seed: int
    results: dict[str, dict[Result, Value]]

    def fit(self, x: Value, t: TensorType) -> Array:
        """`x` broadcast to exactly `t`."""
        ...


def unite(types: Iterable[TensorType], order: Sequence[str]) -> tuple[str, ...]:
    """The axes of all `types`, in the plan's order."""
    present = {axis for t in types for axis in t.axes}
    return tuple(axis for axis in order if axis in present)


def aligned(x: Value, axes: Sequence[str], ndims: int) -> Array:
    """`x` with a length of 1 for each of `axes` that it lacks, and dims of 1 before its own up to `ndims`."""
    if x.type.axes == tuple(axes) and len(x.type.dims) == ndims:
        return x.array
    sizes = dict(zip(x.type.axes, x.array.shape, strict=False))
    shape = [*(sizes.get(axis, 1) for axis in axes), *[1] * (ndims - len(x.type.dims)), *x.type.dims]
    return x.array.reshape(shape)


def fitted(x: Value, t: TensorType, sizes: Sizes) -> Array:
    """`x` broadcast to exactly `t`."""
    if x.type.axes == t.axes and x.type.dims == t.dims:
        return x.array
    return np.broadcast_to(aligned(x, t.axes, len(t.dims)), [*(sizes[axis] for axis in t.axes), *t.dims])


def met(values: Sequence[Value], order: Sequence[str]) -> list[Array]:
    """The arrays of `values`, ready to broadcast."""
    axes = unite((x.type for x in values), order)
    ndims = max(len(x.type.dims) for x in values)
    return [aligned(x, axes, ndims) for x in values]


def with_axes(frame: Frame, x: Value, axes: tuple[str, ...]) -> Array:
    """`x` broadcast to `axes`, its dims kept."""
    return frame.fit(x, TensorType(x.type.dtype, axes, x.type.dims))


def each_position(one: Callable[..., Array], t: TensorType, frame: Frame, operands: Sequence[Value]) -> Array:
    """`one` of the trailing dims of `operands`, at each place of the axes of the result `t`."""
    sizes = [frame.sizes[axis] for axis in t.axes]
    full = [with_axes(frame, x, t.axes).reshape(math.prod(sizes), *x.type.dims) for x in operands]
    found = [one(*(x[i] for x in full)) for i in range(math.prod(sizes))]
    return np.reshape(found, [*sizes, *t.dims]) if found else np.zeros([*sizes, *t.dims])


def along(x: Value, told: Along) -> int:
    """The dim of the array that is meant."""
    if told.over is not None:
        return x.type.axes.index(told.over)
    return x.array.ndim + (-1 if told.dim is None else told.dim)
