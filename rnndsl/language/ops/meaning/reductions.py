"""Reductions in NumPy, over leading axes and trailing dims, of what an optional mask leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value
from rnndsl.plan.attributes import Reduction
from rnndsl.plan.model import Node, TensorType

Gone = tuple[int, ...]


def _parts(frame: Frame, node: Node, x: Value, mask: Value | None) -> tuple[Array, Array, Gone]:
    """The values, whether each counts, and the dims of the array that vanish."""
    told = node.told(Reduction)
    gone = tuple(x.type.axes.index(a) for a in told.axes) + tuple(x.array.ndim + d for d in told.dims)
    if mask is None:
        return x.array, np.ones_like(x.array, bool), gone
    return x.array, frame.fit(mask, TensorType("bool", x.type.axes, x.type.dims)), gone


def _sum(x: Array, counts: Array, gone: Gone, keepdims: bool = False) -> Array:
    return np.sum(np.where(counts, x, np.zeros((), x.dtype)), axis=gone, keepdims=keepdims)


def _mean(x: Array, counts: Array, gone: Gone, empty: Any, keepdims: bool = False) -> Array:
    """`empty`: where nothing counts."""
    count: Array = np.sum(counts, axis=gone, keepdims=keepdims)
    return np.where(count > 0, _sum(x, counts, gone, keepdims) / np.maximum(count, 1).astype(x.dtype), empty)


def sum_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    return _sum(*_parts(frame, node, x, mask))


def mean_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    """0 where the mask leaves nothing; no number where there is nothing."""
    return _mean(*_parts(frame, node, x, mask), np.nan if mask is None else 0)


def variance_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    """Of the population."""
    array, counts, gone = _parts(frame, node, x, mask)
    empty = np.nan if mask is None else 0
    return _mean(np.square(array - _mean(array, counts, gone, empty, keepdims=True)), counts, gone, empty)


def norm_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    array, counts, gone = _parts(frame, node, x, mask)
    return np.sqrt(_sum(np.square(array), counts, gone))


def log_sum_exp_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    """Minus infinity of nothing. What the mask leaves out is exp(-inf) beside the largest that it leaves."""
    array, counts, gone = _parts(frame, node, x, mask)
    kept = np.where(counts, array, -np.inf)
    most = np.max(kept, axis=gone, keepdims=True, initial=-np.inf)
    most = np.where(np.isfinite(most), most, 0)
    return np.log(np.sum(np.exp(kept - most), axis=gone)) + np.squeeze(most, gone)


def min_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    array, counts, gone = _parts(frame, node, x, mask)
    most = _range(array.dtype)[1]
    return np.min(np.where(counts, array, most), axis=gone, initial=most)


def max_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    array, counts, gone = _parts(frame, node, x, mask)
    least = _range(array.dtype)[0]
    return np.max(np.where(counts, array, least), axis=gone, initial=least)


def _range(dtype: Any) -> tuple[Any, Any]:
    """The least and the largest number."""
    if dtype.kind == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    return dtype.type(np.iinfo(dtype).min), dtype.type(np.iinfo(dtype).max)


def any_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    array, counts, gone = _parts(frame, node, x, mask)
    return np.any(np.logical_and(array, counts), axis=gone)


def all_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    array, counts, gone = _parts(frame, node, x, mask)
    return np.all(np.logical_or(array, np.logical_not(counts)), axis=gone)


def count_over(frame: Frame, node: Node, x: Value, mask: Value | None = None) -> Array:
    array, counts, gone = _parts(frame, node, x, mask)
    return np.sum(np.logical_and(array, counts), axis=gone)
