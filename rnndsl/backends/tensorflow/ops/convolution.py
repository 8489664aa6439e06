"""Convolution over trailing dims or over a leading axis, and its derivatives."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, move, unite, zeros_around
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.ops.products import einsum_of, leading
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.convolution import Conv, ConvInput, ConvKernel
from rnndsl.plan.model import Node, TensorType


def conv(frame: Frame, node: Node, x: Operand, kernel: Operand) -> Any:
    """Cross-correlation, x [s.., in], over trailing spatial dims, a leading axis, or both; kernel [k.., in, out]."""
    told, widths = node.told(Conv), kernel.type.dims[:-2]
    if kernel.type.axes:
        values, counts = _padded(x, widths, told)
        return _by_offsets(values, kernel, counts, told.stride, _places(x, told.over), node.type)
    rows = _before(_rows(x, told.over), widths, told)
    result = tf.nn.convolution(rows, kernel.tensor, strides=list(told.stride), padding=_padding(told))
    return _of_rows(result, x, told.over, told.onto, node.type)


def conv_input(frame: Frame, node: Node, d: Operand, kernel: Operand) -> Any:
    """The cotangent of x from that of the result."""
    told, widths = node.told(ConvInput), kernel.type.dims[:-2]
    sizes = [*([frame.sizes[told.over]] if told.over else []), *told.sizes]
    if kernel.type.axes:
        values = _spaced(d, sizes, widths, told)
        ones = (1,) * len(widths)
        return _by_offsets(values, kernel, sizes, ones, _places(d, told.onto), node.type, back=True)
    rows = _rows(d, told.onto)
    around = [(0, 0)] * len(widths)
    if _is_padded_before(told):
        around = [_layout(*each)[1:] for each in zip(sizes, widths, told.stride, told.padding, strict=True)]
    whole = [size + before + behind for size, (before, behind) in zip(sizes, around, strict=True)]
    shape = tf.stack([tf.shape(rows)[0], *whole, kernel.type.dims[-2]])
    padded = tf.nn.conv_transpose(rows, kernel.tensor, shape, strides=list(told.stride), padding=_padding(told))
    if _is_padded_before(told):
        own = (slice(before, before + size) for size, (before, _) in zip(sizes, around, strict=True))
        padded = padded[(slice(None), *own)]
    return _of_rows(padded, d, told.onto, told.over, node.type)


def conv_kernel(frame: Frame, node: Node, x: Operand, d: Operand) -> Any:
    """The cotangent of the kernel from that of the result."""
    told = node.told(ConvKernel)
    if node.type.axes:
        return _kernel_by_offsets(node, x, d)
    own = {told.over, told.onto}
    axes = [a for a in unite([x.type, d.type], frame.context.order) if a not in own]
    rows, back = (_rows(_fit(frame, v, axes, axis), axis) for v, axis in ((x, told.over), (d, told.onto)))
    rows = _before(rows, told.widths, told)
    if told.over and told.padding[0] == "valid":
        rows, back = _with_a_place(rows, back, told.widths[0])
    spatial, shape, strides, padding = len(told.widths), node.type.dims, [1, *told.stride, 1], _padding(told)
    if spatial == 3:
        return tf.raw_ops.Conv3DBackpropFilterV2(
            input=rows, filter_sizes=shape, out_backprop=back, strides=strides, padding=padding
        )
    if spatial == 1:  # one row of an image
        rows, back, shape, strides = rows[:, tf.newaxis], back[:, tf.newaxis], (1, *shape), [1, *strides]
    found = tf.raw_ops.Conv2DBackpropFilter(input=rows, filter_sizes=shape, out_backprop=back, strides=strides, padding=padding)
    return found[0] if spatial == 1 else found


def _padding(told: Conv) -> str:
    """As TensorFlow calls it, of what has been through `_before`."""
    return "SAME" if {*told.padding} == {"same"} else "VALID"


def _is_padded_before(told: Conv) -> bool:
    """Whether TensorFlow has no name for the padding of all dims: zeros are put around before."""
    return {*told.padding} not in ({"same"}, {"valid"})


def _before(rows: Any, widths: Sequence[int], told: Conv) -> Any:
    """`rows` with zeros around, if TensorFlow's convolution has no such padding."""
    if not _is_padded_before(told):
        return rows
    sizes = [_size(rows, at) for at in range(1, len(widths) + 1)]
    around = [_layout(*each)[1:] for each in zip(sizes, widths, told.stride, told.padding, strict=True)]
    return tf.pad(rows, [[0, 0], *map(list, around), [0, 0]])


def _with_a_place(rows: Any, back: Any, width: int) -> tuple[Any, Any]:
    """Both with zeros where the kernel has no place: TensorFlow 2.21 ends the process there."""
    if back.shape[1]:
        return rows, back
    none = tf.cast(tf.shape(back)[1] == 0, tf.int32)
    return zeros_around(rows, 1, 0, none * (width - tf.shape(rows)[1])), zeros_around(back, 1, 0, none)


# ---- leading axes


def _fit(frame: Frame, x: Operand, axes: Sequence[str], axis: str | None) -> Operand:
    """`x` broadcast to `axes` beside its own `axis`."""
    t = TensorType(x.type.dtype, tuple(a for a in frame.context.order if a in axes or a == axis), x.type.dims)
    return Operand(frame.fit(x, t), t)


def _rows(x: Operand, axis: str | None) -> Any:
    """`x` as [N, s.., channels]: an `axis` that is convolved along is the first spatial dim, all others are N."""
    if axis is None:
        return x.tensor if len(x.type.axes) == 1 else tf.reshape(x.tensor, [-1, *x.type.dims])
    axes = len(x.type.axes)
    moved = move(x.tensor, x.type.axes.index(axis), axes - 1, axes + len(x.type.dims))
    return moved if axes == 2 else tf.reshape(moved, tf.stack([-1, tf.shape(moved)[axes - 1], *x.type.dims]))


def _of_rows(rows: Any, x: Operand, axis: str | None, to: str | None, t: TensorType) -> Any:
    """What has been made of the rows of `x`, laid out as `t`, where the `axis` is called `to`."""
    if axis is None or to is None:
        return rows if len(x.type.axes) == 1 else tf.reshape(rows, leading(x.tensor, t))
    places = [i for i, a in enumerate(x.type.axes) if a != axis]
    if len(places) != 1:
        shape = tf.shape(x.tensor)
        rows = tf.reshape(rows, tf.stack([*(shape[i] for i in places), tf.shape(rows)[1], *t.dims]))
    axes = [*(x.type.axes[i] for i in places), to]
    order = [axes.index(a) for a in t.axes]
    return rows if order == sorted(order) else tf.transpose(rows, [*order, *range(len(order), len(order) + len(t.dims))])


# ---- by the offsets in the kernel: for a kernel with axes of its own, of which TensorFlow has no convolution


def _places(x: Operand, axis: str | None) -> list[int]:
    """The dims of the tensor that are convolved along."""
    axes = len(x.type.axes)
    dims = range(axes, axes + len(x.type.dims) - 1)
    return [*([x.type.axes.index(axis)] if axis else []), *dims]


def _under(x: Any, places: Sequence[int], offset: Sequence[int], counts: Sequence[Any], strides: Sequence[int]) -> Any:
    """What lies under an offset of the kernel at each of its places."""
    where = [slice(None)] * x.shape.rank
    for at, start, count, stride in zip(places, offset, counts, strides, strict=True):
        where[at] = slice(start, start + _positive(stride * (count - 1) + 1), stride)
    return x[tuple(where)]


def _weight(kernel: Operand, offset: Sequence[int]) -> Operand:
    axes = [slice(None)] * len(kernel.type.axes)
    return Operand(kernel.tensor[(*axes, *offset)], TensorType(kernel.type.dtype, kernel.type.axes, kernel.type.dims[-2:]))


def _renamed(axes: Sequence[str], old: str | None, new: str | None) -> tuple[str, ...]:
    return tuple(new if new is not None and axis == old else axis for axis in axes)


def _by_offsets(
    values: Operand,
    kernel: Operand,
    counts: Sequence[Any],
    strides: Sequence[int],
    places: Sequence[int],
    t: TensorType,
    *,
    back: bool = False,
) -> Any:
    """The sum of a product for each offset of the kernel, with `values` that have zeros around. `back`: the kernel is taken from
    its end, and its channels are exchanged."""
    widths = kernel.type.dims[:-2]
    letters = "abc"[: len(values.type.dims) - 1]
    total: Any = None
    for offset in itertools.product(*map(range, widths)):
        place = tuple(width - 1 - j for width, j in zip(widths, offset, strict=True)) if back else offset
        part = Operand(_under(values.tensor, places, offset, counts, strides), values.type)
        axes = tuple(a for a in t.axes if a in (*values.type.axes, *kernel.type.axes))
        term = einsum_of([part, _weight(kernel, place)], [f"{letters}i", "oi" if back else "io"], f"{letters}o", axes)
        total = term if total is None else total + term
    return total


def _kernel_by_offsets(node: Node, x: Operand, d: Operand) -> Any:
    told = node.told(ConvKernel)
    values, counts = _padded(x, told.widths, told)
    letters = "abc"[: len(values.type.dims) - 1]
    weights: list[Any] = []
    for offset in itertools.product(*map(range, told.widths)):
        part = Operand(_under(values.tensor, _places(x, told.over), offset, counts, told.stride), values.type)
        weights.append(einsum_of([part, d], [f"{letters}i", f"{letters}o"], "io", node.type.axes))
    kernel = tf.stack(weights, len(node.type.axes))
    return tf.reshape(kernel, tf.concat([tf.shape(weights[0])[:-2], node.type.dims], 0))


def _padded(x: Operand, widths: Sequence[int], told: Conv) -> tuple[Operand, list[Any]]:
    """`x` with zeros around what is convolved along, whose axis has the result's name, and how many places of the kernel that
    leaves."""
    values, counts = x.tensor, list[Any]()
    for at, width, stride, padding in zip(_places(x, told.over), widths, told.stride, told.padding, strict=True):
        count, before, behind = _layout(_size(values, at), width, stride, padding)
        if padding != "valid":
            values = zeros_around(values, at, before, behind)
        counts.append(count)
    return Operand(values, TensorType(x.type.dtype, _renamed(x.type.axes, told.over, told.onto), x.type.dims)), counts


def _spaced(d: Operand, sizes: Sequence[Any], widths: Sequence[int], told: Conv) -> Operand:
    """`d` with `stride` - 1 zeros between its places, and so many around that a convolution, by the kernel from its end, has the
    places of x. What it is convolved along is called as in x."""
    values = d.tensor
    for at, size, width, stride, padding in zip(_places(d, told.onto), sizes, widths, told.stride, told.padding, strict=True):
        _, before, _ = _layout(size, width, stride, padding)
        length = _size(values, at) * stride
        if stride > 1:
            shape = tf.shape(values)
            wide = zeros_around(values[(*[slice(None)] * (at + 1), tf.newaxis)], at + 1, 0, stride - 1)
            values = tf.reshape(wide, tf.concat([shape[:at], [length], shape[at + 1 :]], 0))
        values = zeros_around(values, at, width - 1 - before, _positive(size + before - length))
    return Operand(values, TensorType(d.type.dtype, _renamed(d.type.axes, told.onto, told.over), d.type.dims))


def _size(x: Any, at: int) -> Any:
    return x.shape[at] if x.shape[at] is not None else tf.shape(x)[at]


def _layout(size: Any, width: int, stride: int, padding: str) -> tuple[Any, Any, Any]:
    """How many places the kernel takes along a dim, and how many zeros are before and behind."""
    span = size - width + 1 if padding == "valid" else size
    count = _positive((span + stride - 1) // stride)
    lacking = _positive((count - 1) * stride + width - size)
    before = {"valid": 0, "same": lacking // 2, "centred": (width - 1) // 2, "causal": width - 1}[padding]
    return count, before, _positive(lacking - before)


def _positive(n: Any) -> Any:
    """A count, which is not below zero."""
    return max(n, 0) if isinstance(n, int) else tf.maximum(n, 0)


LOWERINGS: Mapping[str, Lower] = {"conv": conv, "conv_input": conv_input, "conv_kernel": conv_kernel}
