"""What meets along an axis whose rows several replicas share: the value for all rows, from each replica's value for its own."""

from __future__ import annotations

import math
from collections.abc import Callable

from rnndsl.language.ops.derivative.writing import Local, V, apply, cast, compare, keep_dims, number, spread, told, where
from rnndsl.language.rules.types import widest
from rnndsl.plan.attributes import Over, Reduction
from rnndsl.plan.graph import TensorType
from rnndsl.plan.replicas import How

Meet = Callable[[How, V], V]
"""Puts the replicas' values together."""
OfParts = Callable[[Local, Meet], V]
"""From an operation, which has been applied to a replica's own rows, to its value for all rows."""


def summed(n: Local, meet: Meet) -> V:
    return meet("sum", n.y)


def largest(n: Local, meet: Meet) -> V:
    return meet("largest", n.y)


def least(n: Local, meet: Meet) -> V:
    return meet("least", n.y)


def some(n: Local, meet: Meet) -> V:
    return cast(meet("largest", cast(n.y, "i32")), "bool")


def every(n: Local, meet: Meet) -> V:
    return cast(meet("least", cast(n.y, "i32")), "bool")


def mean(n: Local, meet: Meet) -> V:
    """0 where the mask leaves nothing; no number where there is nothing. Half precision is summed in f32."""
    return cast(_mean(n, _wide(n[0]), meet), n.whole.dtype)


def variance(n: Local, meet: Meet) -> V:
    x = _wide(n[0])
    deviation = x - keep_dims(_mean(n, x, meet), n.type(0), told(n, Reduction).dims)
    return cast(_mean(n, deviation * deviation, meet), n.whole.dtype)


def norm(n: Local, meet: Meet) -> V:
    x = _wide(n[0])
    return cast(apply("sqrt", meet("sum", _sum(n, x * x))), n.whole.dtype)


def log_sum_exp(n: Local, meet: Meet) -> V:
    most = meet("largest", n.y)
    finite = compare("lt", apply("abs", most), math.inf)
    most = where(finite, most, 0.0)
    return apply("log", meet("sum", apply("exp", n.y - most))) + most


def _wide(x: V) -> V:
    return cast(x, widest([x.type.dtype, "f32"]))


def _sum(n: Local, x: V) -> V:
    """Of `x`, which is as the first argument of `n`, what `n` sums."""
    return apply("sum", x, *(n[at] for at in range(1, n.count)), told=n.node.attrs)


def _mean(n: Local, x: V, meet: Meet) -> V:
    total, count = meet("sum", _sum(n, x)), cast(_count(n, meet), x.type.dtype)
    return total / (count if n.count == 1 else apply("maximum", count, number(count, 1.0)))


def _count(n: Local, meet: Meet) -> V:
    """How many numbers are summed, i32."""
    reduction = told(n, Reduction)
    if n.count > 1:
        whole = TensorType("bool", n.type(0).axes, n.type(0).dims)
        return meet("sum", apply("count", spread(n[1], whole), told=reduction))
    w = n[0].w
    size = V(w, w.literal(math.prod(n.type(0).dims[d] for d in reduction.dims), "i32"))
    for axis in reduction.axes:
        size = apply("mul", size, V(w, w.add("axis_length", (), Over(axis))))
    return meet("sum", size)
