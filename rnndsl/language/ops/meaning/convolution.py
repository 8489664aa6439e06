"""Convolution and its derivatives in NumPy: for each place of the kernel, one product of what lies under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value, each_position, unite
from rnndsl.plan.convolution import Conv, ConvInput, ConvKernel, laid
from rnndsl.plan.model import Node, TensorType

Where = tuple[slice, ...]


def conv(frame: Frame, node: Node, x: Value, kernel: Value) -> Array:
    """Over trailing dims, and over an axis, which is then the first of them, and an axis again, maybe of another name."""
    told = node.told(Conv)

    def one(rows: Array, weights: Array) -> Array:
        return convolved(rows, weights, told)

    moved = _as_dim(x, told.over)
    counts, _ = laid(moved.type.dims[:-1], kernel.type.dims[:-2], told)
    return _as_axis(one, frame, node.type, told.onto, counts, [moved, kernel])


def conv_input(frame: Frame, node: Node, d: Value, kernel: Value) -> Array:
    """What each number of x is handed back by all that it was multiplied into."""
    told = node.told(ConvInput)
    sizes = [*([frame.sizes[told.over]] if told.over else []), *told.sizes]

    def one(rows: Array, weights: Array) -> Array:
        counts, pads = laid(sizes, weights.shape[:-2], told)
        x = np.zeros([*(b + n + a for n, (b, a) in zip(sizes, pads, strict=True)), weights.shape[-2]], rows.dtype)
        for at, where in _under(counts, weights.shape[:-2], told.stride):
            x[where] += rows @ weights[at].T
        return x[tuple(slice(b, b + n) for n, (b, _) in zip(sizes, pads, strict=True))]

    return _as_axis(one, frame, node.type, told.over, sizes, [_as_dim(d, told.onto), kernel])


def conv_kernel(frame: Frame, node: Node, x: Value, d: Value) -> Array:
    """What each number of the kernel is handed back at all places."""
    told = node.told(ConvKernel)

    def one(rows: Array, back: Array) -> Array:
        counts, pads = laid(rows.shape[:-1], told.widths, told)
        rows = np.pad(rows, [*pads, (0, 0)])
        kernel = np.zeros(node.type.dims, rows.dtype)
        for at, where in _under(counts, told.widths, told.stride):
            kernel[at] = rows[where].reshape(-1, rows.shape[-1]).T @ back.reshape(-1, back.shape[-1])
        return kernel

    operands = [_as_dim(x, told.over), _as_dim(d, told.onto)]
    axes = unite((v.type for v in operands), frame.order)
    each = each_position(one, TensorType(node.type.dtype, axes, node.type.dims), frame, operands)
    return each.sum(tuple(i for i, axis in enumerate(axes) if axis in told.axes))


def _as_dim(x: Value, axis: str | None) -> Value:
    """`x` with its `axis` as the first trailing dim."""
    if axis is None:
        return x
    at = x.type.axes.index(axis)
    rest = tuple(a for a in x.type.axes if a != axis)
    return Value(np.moveaxis(x.array, at, len(rest)), TensorType(x.type.dtype, rest, (x.array.shape[at], *x.type.dims)))


def _as_axis(
    one: Callable[..., Array], frame: Frame, t: TensorType, axis: str | None, sizes: Sequence[int], operands: list[Value]
) -> Array:
    """`one` at each place of the axes of `t`; the dims of its result before the channels have these `sizes`, the first of them is
    the `axis`, if there is one."""
    if axis is None:
        return each_position(one, t, frame, operands)
    rest = tuple(a for a in t.axes if a != axis)
    inner = TensorType(t.dtype, rest, (*sizes, t.dims[-1]))
    return np.moveaxis(each_position(one, inner, frame, operands), len(rest), t.axes.index(axis))


def convolved(x: Array, kernel: Array, told: Conv) -> Array:
    """x [sizes.., in] with kernel [widths.., in, out]."""
    counts, pads = laid(x.shape[:-1], kernel.shape[:-2], told)
    x = np.pad(x, [*pads, (0, 0)])
    out = np.zeros((*counts, kernel.shape[-1]), np.result_type(x, kernel))
    for at, where in _under(counts, kernel.shape[:-2], told.stride):
        out += x[where] @ kernel[at]
    return out


def _under(counts: Sequence[int], widths: Sequence[int], strides: Sequence[int]) -> Iterator[tuple[tuple[int, ...], Where]]:
    """Each place in the kernel, and what lies under it wherever the kernel is."""
    for at in np.ndindex(*widths):
        yield at, tuple(slice(a, a + s * (n - 1) + 1 if n else a, s) for a, n, s in zip(at, counts, strides, strict=True))
