"""Type rules of what normal equations are made of: see `rnndsl.language.rules.types`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.rules.types import TypeRuleError, need_axis, need_float, need_rank
from rnndsl.plan.attributes import Attributes, Over, Places, Reduction
from rnndsl.plan.model import TensorType
from rnndsl.text.codes import rules


def to_axis(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, over = args[0], attrs.told(Over).over
    need_rank(x, 1)
    if over in x.axes:
        raise TypeRuleError(rules.axis_taken(over, over, x))
    return TensorType(x.dtype, x.axes, x.dims[1:]).with_axes([over], order)


def from_axis(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, told = args[0], attrs.told(Places)
    need_axis(x, told.over)
    gone = x.without(told.over)
    return TensorType(x.dtype, gone.axes, (told.size, *gone.dims))


def each_place(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return args[0].with_axes([attrs.told(Over).over], order)


def upper(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    need_rank(args[0], 2)
    return args[0]


def triangle(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, told = args[0], attrs.told(Reduction)
    need_float(args)
    need_rank(x, 2)
    for axis in told.axes:
        need_axis(x, axis)
    return TensorType(x.dtype, tuple(a for a in x.axes if a not in told.axes), (*x.dims[:-2], x.dims[-1], x.dims[-1]))
