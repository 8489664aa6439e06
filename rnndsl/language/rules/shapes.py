"""Type rules of operations that change shapes and axes: see `rnndsl.language.rules.types`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnndsl.language.rules.types import (
    INTS,
    TypeRuleError,
    broadcast_dims,
    need_axis,
    need_float,
    need_rank,
    numeric,
    position_from_end,
    same_dtype,
    unite_axes,
)
from rnndsl.plan.attributes import Along, Attributes, Dim, Dims, Distinct, OneHot, Over, Renamed, Scatter, Shape
from rnndsl.plan.indices import All, At, Index, Part, Placed
from rnndsl.plan.model import TensorType
from rnndsl.plan.stretches import Exchanged, Segments, Stretch
from rnndsl.text.codes import rules


def concat(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    dtype = same_dtype(args)
    first = args[0]
    at = position_from_end(first, attrs.told(Dim).dim)
    for t in args[1:]:
        others = [d for i, d in enumerate(t.dims) if i != at]
        if len(t.dims) != len(first.dims) or others != [d for i, d in enumerate(first.dims) if i != at]:
            raise TypeRuleError(rules.cannot_join(first, t))
    total = sum(t.dims[at] for t in args)
    return TensorType(dtype, unite_axes(args, order), (*first.dims[:at], total, *first.dims[at + 1 :]))


def stack(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return TensorType(same_dtype(args), unite_axes(args, order), (*broadcast_dims(args), len(args)))


def index(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    dims: list[int] = []
    for size, item in zip(args[0].dims, attrs.told(Index).items, strict=True):
        match item:
            case All():
                dims.append(size)
            case Part(start, stop):
                if not 0 <= start <= stop <= size:
                    raise TypeRuleError(rules.no_range(start, stop, size))
                dims.append(stop - start)
            case At(at):
                if not 0 <= at < size:
                    raise TypeRuleError(rules.no_index(at, size))
    return TensorType(args[0].dtype, args[0].axes, tuple(dims))


def reshape(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    dims = attrs.told(Dims).dims
    if math.prod(dims) != math.prod(args[0].dims):
        raise TypeRuleError(rules.cannot_reshape(dims, args[0], math.prod(dims), math.prod(args[0].dims)))
    return TensorType(args[0].dtype, args[0].axes, dims)


def broadcast(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    told = attrs.told(Shape)
    axes = tuple(a for a in order if a in args[0].axes or a in told.axes)
    wide = TensorType(args[0].dtype, axes, told.dims)
    if broadcast_dims([args[0], wide]) != wide.dims:
        raise TypeRuleError(rules.cannot_widen(args[0], wide.dims))
    return wide


def place(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    told = attrs.told(Placed)
    t = TensorType(args[0].dtype, args[0].axes, told.dims)
    if index([t], Index(told.items), order) != args[0]:
        raise TypeRuleError(rules.cannot_widen(args[0], told.dims))
    return t


def scatter(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    ids, rows = args
    told = attrs.told(Scatter)
    if ids.dtype not in INTS:
        raise TypeRuleError(rules.ids_dtype(ids.dtype))
    axes = tuple(a for a in unite_axes(args, order) if a in told.axes)
    return TensorType(rows.dtype, axes, (told.rows, *rows.dims[len(ids.dims) :]))


def distinct(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return TensorType(args[0].dtype, (attrs.told(Distinct).to,))


def rows_of(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    _, ids, rows = args
    return TensorType(rows.dtype, (attrs.told(Distinct).to,), rows.dims[len(ids.dims) :])


def with_rows(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return args[0]


def axis_length(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return TensorType("i32")


def transpose(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_rank(args[0], 2)
    *rest, a, b = args[0].dims
    return TensorType(args[0].dtype, args[0].axes, (*rest, b, a))


def roll(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_rank(args[0], 1)
    return args[0]


def one_hot(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    if args[0].dtype not in INTS:
        raise TypeRuleError(rules.ids_dtype(args[0].dtype))
    told = attrs.told(OneHot)
    return TensorType(told.dtype, args[0].axes, (*args[0].dims, told.n))


def gather(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    table, ids = args
    need_rank(table, 1, "table")
    if ids.dtype not in INTS:
        raise TypeRuleError(rules.ids_dtype(ids.dtype))
    return TensorType(table.dtype, unite_axes(args, order), (*ids.dims, *table.dims[1:]))


def softmax(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_float(args)
    _place(args[0], attrs.told(Along))
    return args[0]


def argmax(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x = args[0]
    numeric(args)
    along = attrs.told(Along)
    at = _place(x, along)
    if at is None:
        return TensorType("i32", tuple(a for a in x.axes if a != along.over), x.dims)
    return TensorType("i32", x.axes, (*x.dims[:at], *x.dims[at + 1 :]))


def _place(x: TensorType, along: Along) -> int | None:
    """The position of a trailing dim of `x`; None where it is an axis, which `x` has."""
    if along.over is not None:
        need_axis(x, along.over)
        return None
    return position_from_end(x, -1 if along.dim is None else along.dim)


def over_axis(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_axis(args[0], attrs.told(Over).over)
    return args[0]


def turn(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_axis(args[0], attrs.told(Over).over)
    return args[0].with_axes(args[1].axes, order)


def step_at(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    over = attrs.told(Over).over
    need_axis(args[0], over)
    return args[0].without(over)


def place_step(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return args[0].with_axes([attrs.told(Over).over], order)


def stretch(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    told = attrs.told(Stretch)
    return rename(args, Renamed(told.over, told.to), order)


def place_stretch(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    told = attrs.told(Stretch)
    return rename(args, Renamed(told.to, told.over), order)


def segments(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    told = attrs.told(Segments)
    need_axis(args[0], told.over)
    return args[0].without(told.over).with_axes([told.to, told.within], order)


def joined(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    told = attrs.told(Segments)
    for axis in (told.to, told.within):
        need_axis(args[0], axis)
    return args[0].without(told.to).without(told.within).with_axes([told.over], order)


def position(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    over = attrs.told(Over).over
    need_axis(args[0], over)
    return TensorType("i32", (over,))


def rename(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, told = args[0], attrs.told(Renamed)
    old, new = told.old, told.new
    need_axis(x, old)
    if new in x.axes:
        raise TypeRuleError(rules.axis_taken(old, new, x))
    axes = {new if a == old else a for a in x.axes}
    return TensorType(x.dtype, tuple(a for a in order if a in axes), x.dims)


def as_dim(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, told = args[0], attrs.told(Exchanged)
    need_axis(x, told.over)
    return TensorType(x.dtype, tuple(a for a in x.axes if a != told.over), (told.size, *x.dims))


def as_axis(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, told = args[0], attrs.told(Exchanged)
    whole = TensorType(x.dtype, x.axes, x.dims[1:]).with_axes((told.over,), order)
    if as_dim([whole], attrs, order) != x:
        raise TypeRuleError(rules.no_dim_for(told.over, told.size, x))
    return whole


def categorical(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_float(args)
    need_rank(args[0], 1)
    return TensorType("i32", args[0].axes, args[0].dims[:-1])
