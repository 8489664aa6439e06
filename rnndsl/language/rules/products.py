"""Type rules of products, linear algebra and convolutions: see `rnndsl.language.rules.types`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.rules.types import TypeRuleError, broadcast_dims, need_axis, need_float, need_rank, numeric, unite_axes
from rnndsl.plan.attributes import Attributes, Contraction, Einsum
from rnndsl.plan.convolution import Conv, ConvInput, ConvKernel
from rnndsl.plan.model import TensorType
from rnndsl.text.codes import rules

PADDINGS = ("same", "centred", "valid", "causal")


def matmul(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, w = args
    dtype = numeric(args)
    need_rank(x, 1, "left")
    need_rank(w, 1, "right")
    if x.dims[-1] != w.dims[0]:
        raise TypeRuleError(rules.contracts(x, x.dims[-1], w, w.dims[0]))
    return TensorType(dtype, unite_axes(args, order), (*x.dims[:-1], *w.dims[1:]))


def dot(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    dtype = numeric(args)
    for t in args:
        need_rank(t, 1)
    if args[0].dims[-1] != args[1].dims[-1]:
        raise TypeRuleError(rules.unequal_last(args[0], args[1]))
    return TensorType(dtype, unite_axes(args, order), broadcast_dims(args)[:-1])


def outer(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return TensorType(numeric(args), unite_axes(args, order), (*args[0].dims, *args[1].dims))


def einsum(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    text = attrs.told(Einsum).equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if not arrow or not all(c.isalpha() or c in ",->" for c in text):
        raise TypeRuleError(rules.no_equation(text))
    if len(terms) != len(args):
        raise TypeRuleError(rules.term_count(len(args), len(terms), text))
    sizes: dict[str, int] = {}
    for term, t in zip(terms, args, strict=True):
        if len(term) != len(t.dims):
            raise TypeRuleError(rules.term_dims(len(term), t, term))
        for letter, size in zip(term, t.dims, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise TypeRuleError(rules.letter_sizes(letter, sizes[letter], size))
    if any(letter not in sizes for letter in right) or len(set(right)) != len(right):
        raise TypeRuleError(rules.unmade_term(right, left))
    return TensorType(numeric(args), unite_axes(args, order), tuple(sizes[c] for c in right))


def contract(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """As `einsum`, less the axes that are summed."""
    told = attrs.told(Contraction)
    whole = einsum(args, told, order)
    for axis in told.axes:
        need_axis(whole, axis)
    return TensorType(whole.dtype, tuple(a for a in whole.axes if a not in told.axes), whole.dims)


def _square(t: TensorType) -> None:
    need_rank(t, 2)
    if t.dims[-1] != t.dims[-2]:
        raise TypeRuleError(rules.not_square(t))


def inv(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_float(args)
    _square(args[0])
    return args[0]


def solve(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    a, b = args
    dtype = need_float(args)
    _square(a)
    need_rank(b, 1, "right")
    rows = b.dims[0] if len(b.dims) == 1 else b.dims[-2]
    if rows != a.dims[-1]:
        raise TypeRuleError(rules.right_rows(a.dims[-1], b))
    return TensorType(dtype, unite_axes(args, order), b.dims)


def logdet(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_float(args)
    _square(args[0])
    return TensorType(args[0].dtype, args[0].axes, args[0].dims[:-2])


def conv(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, kernel = args
    dtype = need_float(args)
    told = attrs.told(Conv)
    for padding in told.padding:
        if padding not in PADDINGS:
            raise TypeRuleError(rules.no_padding(padding, PADDINGS))
    for stride in told.stride:
        if stride < 1:
            raise TypeRuleError(rules.no_stride(stride))
    need_rank(x, 1)
    need_rank(kernel, 3, "kernel")
    if x.dims[-1] != kernel.dims[-2]:
        raise TypeRuleError(rules.channels(x.dims[-1], x, kernel.dims[-2], kernel))
    widths, along = kernel.dims[:-2], 1 if told.over else 0
    if not 1 <= len(widths) <= 3 or len(widths) != along + len(x.dims) - 1:
        raise TypeRuleError(rules.spatial_dims(x, kernel, told.over))
    for name, given in (("stride", len(told.stride)), ("padding", len(told.padding))):
        if given != len(widths):
            raise TypeRuleError(rules.for_each_width(name, given, len(widths), kernel))
    places = zip(x.dims[:-1], widths[along:], told.stride[along:], told.padding[along:], strict=True)
    sizes = [-(-(size - (width - 1 if padding == "valid" else 0)) // stride) for size, width, stride, padding in places]
    if min(sizes, default=1) < 1:
        raise TypeRuleError(rules.nothing_left(x, kernel))
    axes = _conv_axes(x, kernel, told.over, told, order) if told.over else unite_axes(args, order)
    return TensorType(dtype, axes, (*sizes, kernel.dims[-1]))


def _conv_axes(x: TensorType, kernel: TensorType, over: str, told: Conv, order: Sequence[str]) -> tuple[str, ...]:
    need_axis(x, over)
    to = told.to or over
    if to == over and (told.stride[0] != 1 or told.padding[0] == "valid"):
        raise TypeRuleError(rules.axis_changes())
    if to != over and to in x.axes:
        raise TypeRuleError(rules.axis_taken(over, to, x))
    along = [axis for axis in (over, to) if axis in kernel.axes]
    if along:
        raise TypeRuleError(rules.kernel_with_axis(along[0], kernel))
    axes = {to if a == over else a for a in x.axes} | {*kernel.axes}
    return tuple(a for a in order if a in axes)


def conv_input(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """The type of x, from those of the cotangent of a `conv` and of its kernel; with all leading axes of both."""
    d, kernel = args
    dtype, told = need_float(args), attrs.told(ConvInput)
    if d.dims[-1] != kernel.dims[-1]:
        raise TypeRuleError(rules.channels(d.dims[-1], d, kernel.dims[-1], kernel))
    axes = {*unite_axes(args, order)}
    if told.over and told.onto:
        need_axis(d, told.onto)
        axes = axes - {told.onto} | {told.over}
    return TensorType(dtype, tuple(a for a in order if a in axes), (*told.sizes, kernel.dims[-2]))


def conv_kernel(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """The type of the kernel, from those of x and of the cotangent of a `conv`."""
    x, d = args
    dtype, told = need_float(args), attrs.told(ConvKernel)
    if told.over and told.onto:
        need_axis(x, told.over)
        need_axis(d, told.onto)
    axes = tuple(a for a in unite_axes(args, order) if a not in told.about)
    return TensorType(dtype, axes, (*told.widths, x.dims[-1], d.dims[-1]))
