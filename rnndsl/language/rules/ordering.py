"""Type rules of running sums and of numbers in order: see `rnndsl.language.rules.types`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.rules.types import INTS, TypeRuleError, need_axis, need_rank, numeric, position_from_end, unite_axes
from rnndsl.plan.attributes import Attributes, Dim
from rnndsl.plan.model import TensorType
from rnndsl.plan.ordering import Cumulative, Largest, Put
from rnndsl.text.codes import rules


def cumsum(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    numeric(args)
    along = attrs.told(Cumulative)
    if along.over is not None:
        need_axis(args[0], along.over)
    else:
        position_from_end(args[0], -1 if along.dim is None else along.dim)
    return args[0]


def order(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    numeric(args)
    position_from_end(args[0], attrs.told(Dim).dim)
    return TensorType("i32", args[0].axes, args[0].dims)


def largest(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    numeric(args)
    need_rank(args[0], 1)
    k = attrs.told(Largest).k
    if k > args[0].dims[-1]:
        raise TypeRuleError(rules.too_many_of(k, args[0]))
    return TensorType("i32", args[0].axes, (*args[0].dims[:-1], k))


def take(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, ids = args
    _beside(x, ids, attrs.told(Dim))
    return TensorType(x.dtype, unite_axes(args, order), ids.dims)


def put(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    x, ids = args
    told = attrs.told(Put)
    at = _beside(x, ids, told)
    if x.dims != ids.dims:
        raise TypeRuleError(rules.cannot_join(x, ids))
    return TensorType(x.dtype, unite_axes(args, order), (*x.dims[:at], told.size, *x.dims[at + 1 :]))


def _beside(x: TensorType, ids: TensorType, told: Dim) -> int:
    """The position of the dim along which `ids` choose from `x`: they differ there alone."""
    at = position_from_end(x, told.dim)
    if ids.dtype not in INTS:
        raise TypeRuleError(rules.ids_dtype(ids.dtype))
    if len(ids.dims) != len(x.dims) or any(a != b for i, (a, b) in enumerate(zip(x.dims, ids.dims, strict=True)) if i != at):
        raise TypeRuleError(rules.cannot_join(x, ids))
    return at
