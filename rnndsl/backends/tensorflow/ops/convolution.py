"""Convolution over trailing dims or over a leading axis."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, move, zeros_around
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.ops.products import einsum_of, leading
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Conv
from rnndsl.plan.model import Node, TensorType


def conv(frame: Frame, node: Node, x: Operand, kernel: Operand) -> Any:
    """Cross-correlation over trailing spatial dims, x [s.., in], or over a leading axis, x [in]; kernel [k.., in, out]."""
    over = node.told(Conv).over
    if kernel.type.axes:
        return _by_offsets(node, x, kernel)
    if not over:
        return _conv_dims(node, x, kernel)
    to = node.told(Conv).to or over
    axes = [to if axis == over else axis for axis in x.type.axes]
    rank, at = len(axes) + 1, x.type.axes.index(over)
    last = move(x.tensor, at, rank - 2, rank)
    shape = tf.shape(last)
    flat = tf.reshape(last, tf.stack([-1, shape[-2], x.type.dims[-1]])) if rank != 3 else last
    result = _convolve(flat, kernel.tensor, node, 1)
    if rank != 3:
        result = tf.reshape(result, tf.concat([shape[:-2], tf.shape(result)[1:]], 0))
    others = [axis for axis in axes if axis != to]
    return _reorder(result, [*others, to], node.type)


def _conv_dims(node: Node, x: Operand, kernel: Operand) -> Any:
    spatial = len(kernel.type.dims) - 2
    if len(x.type.axes) == 1:
        return _convolve(x.tensor, kernel.tensor, node, spatial)
    result = _convolve(tf.reshape(x.tensor, [-1, *x.type.dims]), kernel.tensor, node, spatial)
    return tf.reshape(result, leading(x.tensor, node.type))


def _convolve(x: Any, kernel: Any, node: Node, spatial: int) -> Any:
    """x [N, s.., in] with kernel [k.., in, out]. `causal` pads each spatial dim on its left."""
    stride, padding = node.told(Conv).stride, node.told(Conv).padding
    if padding != "causal":
        return tf.nn.convolution(x, kernel, strides=stride, padding=padding.upper())
    widths = kernel.shape.as_list()[:spatial]
    pads = [[0, 0], *([width - 1, 0] for width in widths), [0, 0]]
    return tf.nn.convolution(tf.pad(x, pads), kernel, strides=stride, padding="VALID")


def _reorder(x: Any, axes: list[str], t: TensorType) -> Any:
    """`x`, whose leading axes are `axes`, with them in the order of `t`."""
    order = [axes.index(axis) for axis in t.axes]
    if order == list(range(len(order))):
        return x
    return tf.transpose(x, [*order, *range(len(order), len(order) + len(t.dims))])


def _by_offsets(node: Node, x: Operand, kernel: Operand) -> Any:
    """The sum over the kernel's offsets of a product each: for a kernel with axes of its own, of which TensorFlow has no
    convolution."""
    over, stride = node.told(Conv).over, node.told(Conv).stride
    to: Any = node.told(Conv).to or over
    widths = kernel.type.dims[:-2]
    first = x.type.axes.index(over) if over else len(x.type.axes)
    values, counts = x.tensor, list[Any]()
    for at, width in enumerate(widths, first):
        values, count = _padded(values, at, width, stride, node.told(Conv).padding)
        counts.append(count)
    axes = tuple(to if axis == over else axis for axis in x.type.axes)
    inner = () if over else node.type.dims[:-1]
    letters = "abc"[: len(inner)]
    total: Any = None
    for offset in itertools.product(*map(range, widths)):
        where = [slice(None)] * values.shape.rank
        for at, start, count in zip(itertools.count(first), offset, counts, strict=False):
            where[at] = slice(start, start + stride * (count - 1) + 1, stride)
        part = Operand(values[tuple(where)], TensorType(x.type.dtype, axes, (*inner, x.type.dims[-1])))
        before = [slice(None)] * len(kernel.type.axes)
        weight = Operand(kernel.tensor[(*before, *offset)], TensorType(x.type.dtype, kernel.type.axes, kernel.type.dims[-2:]))
        term = einsum_of([part, weight], [f"{letters}i", "io"], f"{letters}o", node.type.axes)
        total = term if total is None else total + term
    return total


def _padded(x: Any, at: int, width: int, stride: int, padding: str) -> tuple[Any, Any]:
    """`x` with zeros around its dim `at`, and how many places of the kernel that leaves."""
    size = x.shape[at] if x.shape[at] is not None else tf.shape(x)[at]
    if padding == "valid":
        return x, (size - width) // stride + 1
    count = (size + stride - 1) // stride
    if padding == "causal":
        return zeros_around(x, at, width - 1, 0), count
    lacking = tf.maximum((count - 1) * stride + width - size, 0)
    return zeros_around(x, at, lacking // 2, lacking - lacking // 2), count


LOWERINGS: Mapping[str, Lower] = {"conv": conv}
