"""Derivatives of a convolution: it is linear in x and in the kernel, and so is the cotangent of each in what it is made of."""

from __future__ import annotations

from rnndsl.language.ops.derivative.writing import Local, V, apply, linear, on_axes, spread, told
from rnndsl.plan.convolution import Conv, ConvInput, ConvKernel
from rnndsl.plan.graph import TensorType


def _forth(n: Local, x: V, kernel: V, t: TensorType) -> V:
    """The convolution of `x` by the `kernel`, as the cotangent of a value of the type `t`."""
    how = told(n, Conv)
    found = apply("conv", x, kernel, told=Conv(how.stride, how.padding, how.over, how.to))
    return on_axes(found, t, found.type.axes)


def _to_input(n: Local, d: V, kernel: V, t: TensorType) -> V:
    """What x, of the type `t`, is handed back."""
    how = told(n, Conv)
    found = apply("conv_input", d, kernel, told=ConvInput(how.stride, how.padding, how.over, how.to, t.dims[:-1]))
    return on_axes(found, t, found.type.axes)


def _to_kernel(n: Local, x: V, d: V, t: TensorType) -> V:
    """What the kernel, of the type `t`, is handed back."""
    how = told(n, Conv)
    present = {*x.type.axes, *d.type.axes} - {how.over, how.onto, *t.axes}
    axes = tuple(a for a in d.w.order if a in present)
    return apply("conv_kernel", x, d, told=ConvKernel(how.stride, how.padding, how.over, how.to, t.dims[:-2], axes))


def _conv(n: Local, d: V, at: int) -> V:
    d = spread(d, n.whole)
    return _to_kernel(n, n[0], d, n.type(1)) if at else _to_input(n, d, n[1], n.type(0))


def _conv_input(n: Local, d: V, at: int) -> V:
    d = spread(d, n.whole)
    return _to_kernel(n, d, n[0], n.type(1)) if at else _forth(n, d, n[1], n.type(0))


def _conv_kernel(n: Local, d: V, at: int) -> V:
    d = spread(d, n.whole)
    return _forth(n, n[0], d, n.type(1)) if at else _to_input(n, n[1], d, n.type(0))


conv = linear(_conv)
conv_input = linear(_conv_input)
conv_kernel = linear(_conv_kernel)
