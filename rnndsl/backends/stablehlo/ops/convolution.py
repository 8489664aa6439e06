"""Convolution and its derivatives: for each place of the kernel, one product of what lies under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.products import einsum_of
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.convolution import Conv, ConvInput, ConvKernel, laid
from rnndsl.plan.model import Node, TensorType


def conv(f: Frame, node: Node, x: Operand, kernel: Operand) -> Tensor:
    told, widths = node.told(Conv), kernel.type.dims[:-2]
    moved = _as_dim(f, x, told.over)
    counts, pads = laid(moved.type.dims[:-1], widths, told)
    padded = _padded(f, moved, pads)
    inner = _without(node.type, told.onto, counts)
    parts = [
        _product(f, [_under(f, padded, at, counts, told.stride), _at(f, kernel, at)], ["{}i", "io"], "{}o", inner)
        for at in product(*map(range, widths))
    ]
    return _as_axis(f, Operand(_total(f, parts, inner), inner), node.type, told.onto)


def conv_input(f: Frame, node: Node, d: Operand, kernel: Operand) -> Tensor:
    """What each number of x is handed back by all that it was multiplied into."""
    told, widths = node.told(ConvInput), kernel.type.dims[:-2]
    sizes = [*([f.sizes[told.over]] if told.over else []), *told.sizes]
    counts, pads = laid(sizes, widths, told)
    whole = [b + n + a for n, (b, a) in zip(sizes, pads, strict=True)]
    inner = _without(node.type, told.over, whole)
    moved = _as_dim(f, d, told.onto)
    parts = list[Tensor]()
    for at in product(*map(range, widths)):
        each = TensorType(inner.dtype, inner.axes, (*counts, inner.dims[-1]))
        back = _product(f, [moved, _at(f, kernel, at)], ["{}o", "io"], "{}i", each)
        parts.append(_spaced(f, back, len(inner.axes), at, whole, told.stride))
    total = _total(f, parts, inner)
    for i, (n, (before, _)) in enumerate(zip(sizes, pads, strict=True)):
        total = f.slice(total, len(inner.axes) + i, before, before + n)
    return _as_axis(f, Operand(total, _without(node.type, told.over, sizes)), node.type, told.over)


def conv_kernel(f: Frame, node: Node, x: Operand, d: Operand) -> Tensor:
    """What each number of the kernel is handed back at all places."""
    told, t = node.told(ConvKernel), node.type
    rows, back = _as_dim(f, x, told.over), _as_dim(f, d, told.onto)
    counts, pads = laid(rows.type.dims[:-1], told.widths, told)
    padded = _padded(f, rows, pads)
    inner = TensorType(t.dtype, t.axes, t.dims[-2:])
    parts = [
        _product(f, [_under(f, padded, at, counts, told.stride), back], ["{}i", "{}o"], "io", inner)
        for at in product(*map(range, told.widths))
    ]
    lead = len(t.axes)
    if not parts:
        return f.writer.constant(0, t.dtype, f.shape(t))
    joined = f.concatenate([f.reshape(x, (*x.shape[:lead], 1, *x.shape[lead:])) for x in parts], lead)
    return f.reshape(joined, f.shape(t))


# ---- places of the kernel


def _at(f: Frame, kernel: Operand, at: Sequence[int]) -> Operand:
    """[.., in, out] of the kernel at one of its places."""
    found, lead = kernel.tensor, len(kernel.type.axes)
    for i, place in enumerate(at):
        found = f.slice(found, lead + i, place, place + 1)
    t = TensorType(kernel.type.dtype, kernel.type.axes, kernel.type.dims[-2:])
    return Operand(f.reshape(found, f.shape(t)), t)


def _under(f: Frame, x: Operand, at: Sequence[int], counts: Sequence[int], strides: Sequence[int]) -> Operand:
    """What lies under a place of the kernel wherever that is."""
    found, lead = x.tensor, len(x.type.axes)
    for i, (a, n, s) in enumerate(zip(at, counts, strides, strict=True)):
        found = f.slice(found, lead + i, a, a + s * (n - 1) + 1 if n else a, s)
    return Operand(found, TensorType(x.type.dtype, x.type.axes, found.shape[lead:]))


def _spaced(f: Frame, x: Tensor, lead: int, at: Sequence[int], whole: Sequence[int], strides: Sequence[int]) -> Tensor:
    """The transpose of `_under`: zeros wherever that does not look."""
    for i, (a, size, s) in enumerate(zip(at, whole, strides, strict=True)):
        n = x.shape[lead + i]
        x = f.pad(x, lead + i, a, size - a - (s * (n - 1) + 1 if n else 0), s - 1)
    return x


def _padded(f: Frame, x: Operand, pads: Sequence[tuple[int, int]]) -> Operand:
    found, lead = x.tensor, len(x.type.axes)
    for i, (before, after) in enumerate(pads):
        found = f.pad(found, lead + i, before, after)
    return Operand(found, TensorType(x.type.dtype, x.type.axes, found.shape[lead:]))


def _product(f: Frame, operands: Sequence[Operand], terms: Sequence[str], result: str, t: TensorType) -> Tensor:
    """An Einstein's sum in which {} stands for the places that are convolved; of what axes the operands lack, there is none."""
    places = "uvwxyz"[: max(len(x.type.dims) for x in operands) - 1]
    axes = [a for a in t.axes if any(a in x.type.axes for x in operands)]
    found = einsum_of(f, operands, [x.format(places) for x in terms], result.format(places), axes)
    return f.spread(found, f.shape(t), [*map(t.axes.index, axes), *range(len(t.axes), len(t.axes) + len(t.dims))])


def _total(f: Frame, parts: Sequence[Tensor], t: TensorType) -> Tensor:
    return reduce(lambda a, b: f.op("add", a, b), parts) if parts else f.writer.constant(0, t.dtype, f.shape(t))


# ---- an axis as the first of the dims


def _as_dim(f: Frame, x: Operand, axis: str | None) -> Operand:
    """`x` with its `axis` as the first trailing dim."""
    if axis is None:
        return x
    at = x.type.axes.index(axis)
    rest = x.type.without(axis)
    moved = f.move(x.tensor, at, len(rest.axes))
    return Operand(moved, TensorType(rest.dtype, rest.axes, (x.tensor.shape[at], *rest.dims)))


def _without(t: TensorType, axis: str | None, sizes: Sequence[int]) -> TensorType:
    """The type `t` with `sizes` for the dims before the channels, the first of them for the `axis`, if there is one."""
    axes = t.axes if axis is None else t.without(axis).axes
    return TensorType(t.dtype, axes, (*sizes, t.dims[-1]))


def _as_axis(f: Frame, x: Operand, t: TensorType, axis: str | None) -> Tensor:
    return x.tensor if axis is None else f.move(x.tensor, len(x.type.axes), t.axes.index(axis))


LOWERINGS: Mapping[str, Lower] = {"conv": conv, "conv_input": conv_input, "conv_kernel": conv_kernel}
