"""Reductions over leading axes and trailing dims, each with an optional mask of what counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, align, wide
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.attributes import Reduction
from rnndsl.plan.model import Node

Reduce = Callable[[Any, Any, list[int]], Any]
"""From values, a mask that broadcasts to them (or None) and the dims of the tensor that vanish, to the reduced values."""


def _sum(x: Any, mask: Any, dims: list[int]) -> Any:
    return tf.reduce_sum(_kept(wide(x), mask, 0), dims)


def _mean(x: Any, mask: Any, dims: list[int]) -> Any:
    """The sum over the count of what the mask leaves; 0 if it leaves nothing."""
    x = wide(x)
    if mask is None:
        return tf.reduce_mean(x, dims)
    counted = tf.broadcast_to(tf.cast(mask, x.dtype), tf.shape(x))
    return tf.math.divide_no_nan(_sum(x, mask, dims), tf.reduce_sum(counted, dims))


def _variance(x: Any, mask: Any, dims: list[int]) -> Any:
    """mean(square(x - mean(x))): the population's."""
    x = wide(x)
    mean = _mean(x, mask, dims)
    for dim in sorted(dims):
        mean = tf.expand_dims(mean, dim)
    return _mean(tf.square(x - mean), mask, dims)


def _norm(x: Any, mask: Any, dims: list[int]) -> Any:
    """sqrt(sum(square(x))), with gradient 0 at 0."""
    total = tf.reduce_sum(tf.square(_kept(wide(x), mask, 0)), dims)
    positive = total > 0
    return tf.where(positive, tf.sqrt(tf.where(positive, total, tf.ones_like(total))), tf.zeros_like(total))


def _log_sum_exp(x: Any, mask: Any, dims: list[int]) -> Any:
    x = wide(x)
    return tf.reduce_logsumexp(_kept(x, mask, -float("inf")), dims)


def _min(x: Any, mask: Any, dims: list[int]) -> Any:
    return tf.reduce_min(_kept(x, mask, _extreme(x.dtype, 1)), dims)


def _max(x: Any, mask: Any, dims: list[int]) -> Any:
    return tf.reduce_max(_kept(x, mask, _extreme(x.dtype, -1)), dims)


def _any(x: Any, mask: Any, dims: list[int]) -> Any:
    return tf.reduce_any(x if mask is None else x & mask, dims)


def _all(x: Any, mask: Any, dims: list[int]) -> Any:
    return tf.reduce_all(x if mask is None else x | ~mask, dims)


def _count(x: Any, mask: Any, dims: list[int]) -> Any:
    """How many hold."""
    kept = x if mask is None else x & mask
    return tf.reduce_sum(tf.cast(kept, tf.int32), dims)


def _kept(x: Any, mask: Any, other: Any) -> Any:
    """`x` where the mask holds, else `other`."""
    return x if mask is None else tf.where(mask, x, tf.constant(other, x.dtype))


def _extreme(dtype: Any, sign: int) -> Any:
    if dtype.is_floating:
        return sign * float("inf")
    return dtype.max if sign > 0 else dtype.min


def _lowering(reduce: Reduce) -> Callable[..., Any]:
    def lower(frame: Frame, node: Node, x: Operand, mask: Operand | None = None) -> Any:
        rank = len(x.type.axes) + len(x.type.dims)
        told = node.told(Reduction)
        dims = [x.type.axes.index(axis) for axis in told.axes] + [rank + dim for dim in told.dims]
        kept = None if mask is None else align(mask, x.type.axes, len(x.type.dims))
        return tf.cast(reduce(x.tensor, kept, dims), DTYPES[node.type.dtype])

    return lower


_REDUCTIONS: dict[str, Reduce] = {
    "sum": _sum,
    "mean": _mean,
    "variance": _variance,
    "norm": _norm,
    "log_sum_exp": _log_sum_exp,
    "min": _min,
    "max": _max,
    "any": _any,
    "all": _all,
    "count": _count,
}
LOWERINGS: Mapping[str, Lower] = {name: _lowering(reduce) for name, reduce in _REDUCTIONS.items()}
