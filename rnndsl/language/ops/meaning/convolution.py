"""Convolution in NumPy: for each place of the kernel, one product of what lies under it."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value, each_position
from rnndsl.plan.attributes import Conv
from rnndsl.plan.model import Node, TensorType


def conv(frame: Frame, node: Node, x: Value, kernel: Value) -> Array:
    """Over trailing dims, or over an axis, which is then a dim before the channels, and an axis again, maybe of another name."""
    told = node.told(Conv)
    stride, padding = told.stride, told.padding

    def one(rows: Array, weights: Array) -> Array:
        return convolved(rows, weights, stride, padding)

    over = told.over
    if not over:
        return each_position(one, node.type, frame, [x, kernel])
    to = told.to or over
    at = x.type.axes.index(over)
    steps = x.array.shape[at]
    rest = tuple(axis for axis in x.type.axes if axis != over)
    moved = Value(np.moveaxis(x.array, at, -2), TensorType(x.type.dtype, rest, (steps, *x.type.dims)))
    axes = tuple(axis for axis in node.type.axes if axis != to)
    result = TensorType(node.type.dtype, axes, (_count(steps, kernel.type.dims[0], stride, padding), *node.type.dims))
    return np.moveaxis(each_position(one, result, frame, [moved, kernel]), -2, node.type.axes.index(to))


def _count(size: int, width: int, stride: int, padding: str) -> int:
    """How many places the kernel takes."""
    return max(-(-(size if padding != "valid" else size - width + 1) // stride), 0)


def convolved(x: Array, kernel: Array, stride: int, padding: str) -> Array:
    """x [sizes.., in] with kernel [widths.., in, out]. `same` pads less before than behind, `causal` before alone."""
    widths = kernel.shape[:-2]
    sizes = [_count(n, k, stride, padding) for n, k in zip(x.shape, widths, strict=False)]
    lacking = [max((m - 1) * stride + k - n, 0) for m, k, n in zip(sizes, widths, x.shape, strict=False)]
    before = [p // 2 if padding == "same" else k - 1 if padding == "causal" else 0 for p, k in zip(lacking, widths, strict=True)]
    x = np.pad(x, [*((b, max(p - b, 0)) for b, p in zip(before, lacking, strict=True)), (0, 0)])
    out = np.zeros((*sizes, kernel.shape[-1]), np.result_type(x, kernel))
    for at in np.ndindex(*widths):
        part = x[tuple(slice(a, a + stride * (n - 1) + 1 if n else a, stride) for a, n in zip(at, sizes, strict=True))]
        out += part @ kernel[at]
    return out
