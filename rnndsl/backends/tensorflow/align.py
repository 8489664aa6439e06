"""How values meet: leading axes by name, trailing dims right-aligned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import TensorType

Sizes = Mapping[str, Any]
"""Length of a leading axis: an int where it is known, else a scalar i32 tensor."""


class Operand(NamedTuple):
    """A tensor laid out as `type` says: axes, then dims."""

    tensor: Any
    type: TensorType


def unite(types: Iterable[TensorType], order: Sequence[str]) -> tuple[str, ...]:
    """The axes of all `types`, in `order`."""
    present = {axis for t in types for axis in t.axes}
    return tuple(axis for axis in order if axis in present)


def expand(tensor: Any, at: Iterable[int]) -> Any:
    """`tensor` with new dims of size 1, which are at `at` of the result, in ascending order."""
    for place in at:  # not by tf.newaxis, which TFLite cannot always convert
        tensor = tf.expand_dims(tensor, place)
    return tensor


def align(x: Operand, axes: Sequence[str], ndims: int) -> Any:
    """`x` shaped to broadcast against a value of `axes` and `ndims` trailing dims.

    An axis that `x` lacks becomes a dim of size 1, unless nothing stands before it, where broadcasting supplies it."""
    own = x.type.axes
    if not own:
        return x.tensor
    first = axes.index(own[0])
    kept = list(axes[first:])
    gap = ndims - len(x.type.dims)
    new = [i for i, axis in enumerate(kept) if axis not in own]
    new += [len(kept) + i for i in range(gap)]
    return expand(x.tensor, new)


def meet(operands: Sequence[Operand], order: Sequence[str]) -> list[Any]:
    """The operands of an elementwise operation, ready to broadcast."""
    axes = unite((x.type for x in operands), order)
    ndims = max(len(x.type.dims) for x in operands)
    return [align(x, axes, ndims) for x in operands]


def shape_of(t: TensorType, sizes: Sizes) -> Any:
    """The shape of `t`: a list of ints if all are known, else an i32 tensor. Raises KeyError for an axis of unknown length."""
    parts = [*(sizes[axis] for axis in t.axes), *t.dims]
    if all(isinstance(part, int) for part in parts):
        return parts
    return tf.stack(parts)


def static_shape(t: TensorType, sizes: Sizes) -> list[int | None]:
    """The shape of `t` as far as it is known while building the graph."""
    known = (sizes.get(axis) for axis in t.axes)
    return [*(size if isinstance(size, int) else None for size in known), *t.dims]


def fit(x: Operand, t: TensorType, sizes: Sizes) -> Any:
    """`x` broadcast to exactly `t`."""
    if x.type.axes == t.axes and x.type.dims == t.dims:
        return x.tensor
    return tf.broadcast_to(align(x, t.axes, len(t.dims)), shape_of(t, sizes))


def relaid(tensor: Any, t: TensorType, order: Sequence[str]) -> Any:
    """`tensor`, laid out as `t` says, with its axes in another `order`."""
    axes = unite([t], order)
    if axes == t.axes:
        return tensor
    return tf.transpose(tensor, [*map(t.axes.index, axes), *range(len(axes), len(axes) + len(t.dims))])


def move_axis_first(x: Operand, axis: str) -> Any:
    """`x` with `axis` as its first dim, the rest in order."""
    at = x.type.axes.index(axis)
    return move(x.tensor, at, 0, len(x.type.axes) + len(x.type.dims))


def move(tensor: Any, source: int, target: int, rank: int) -> Any:
    """`tensor` with the dim at `source` moved to `target`."""
    if source == target:
        return tensor
    order = [i for i in range(rank) if i != source]
    order.insert(target, source)
    return tf.transpose(tensor, order)


def zeros_around(x: Any, at: int, before: Any, after: Any) -> Any:
    """`x` with so many zeros before and after it along the dim `at`; of any rank, which `tf.pad` is not."""
    shape = tf.shape(x)
    parts = [tf.zeros(tf.concat([shape[:at], [n], shape[at + 1 :]], 0), x.dtype) for n in (before, after)]
    return tf.concat([parts[0], x, parts[1]], at)


def wide(x: Any) -> Any:
    """f16 and bf16 as f32, for sums and for what TensorFlow has no kernels for."""
    return tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x
