"""Type rules of what normal equations are made of: see `rnndsl.language.rules.types`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.rules.types import need_axis, need_float, need_rank
from rnndsl.plan.attributes import Attributes, Over, Reduction
from rnndsl.plan.model import TensorType


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
