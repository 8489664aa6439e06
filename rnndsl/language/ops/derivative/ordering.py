"""Derivatives of running sums, which run back, and of what is taken from where numbers in order are."""

from __future__ import annotations

from rnndsl.language.ops.derivative.writing import Local, V, apply, linear, on_axes, spread, told
from rnndsl.plan.attributes import Dim
from rnndsl.plan.ordering import Cumulative, Put


def _cumsum(n: Local, d: V, at: int) -> V:
    how = told(n, Cumulative)
    return apply("cumsum", spread(d, n.whole), told=Cumulative(how.dim, how.over, not how.back))


def _take(n: Local, d: V, at: int) -> V | None:
    if at == 1:
        return None
    dim = told(n, Dim).dim
    return on_axes(apply("put", spread(d, n.whole), n[1], told=Put(dim, n.type(0).dims[dim])), n.type(0), n.whole.axes)


def _put(n: Local, d: V, at: int) -> V | None:
    if at == 1:
        return None
    return on_axes(apply("take", spread(d, n.whole), n[1], told=Dim(told(n, Put).dim)), n.type(0), n.whole.axes)


cumsum = linear(_cumsum)
take = linear(_take)
put = linear(_put)
