"""Derivatives of reductions: each says how much a number counts in the result, given what the others are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rnndsl.language.ops.derivative.writing import (
    Derivative,
    Local,
    V,
    apply,
    compare,
    keep_dims,
    number,
    spread,
    told,
    total,
    where,
    with_dims,
)
from rnndsl.plan.attributes import Over, Reduction, ToDType
from rnndsl.plan.graph import TensorType

Share = Callable[[Local, V], "V | None"]
"""From the node and a value of the dtype to the derivative of the result by each number; None is 1."""


def _reduction(share: Share, *, by_value: bool) -> Derivative:
    """`by_value`: the share depends on what is reduced, so it may be no number where the cotangent is zero."""

    def weighted(n: Local, x: V) -> V:
        """`x`, a cotangent or tangent, times the shares, zero where the mask leaves it out."""
        by = share(n, x)
        if by is not None:
            x = x * (where(compare("ne", x, 0.0), by, 0.0) if by_value else by)
        return where(n[1], x, 0.0) if n.count > 1 else x

    def backward(n: Local, d: V, at: int) -> V | None:
        return None if at else weighted(n, _kept(n, d))

    def forward(n: Local, tangents: Sequence[V | None]) -> V | None:
        t = tangents[0]
        if t is None:
            return None
        reduction = told(n, Reduction)
        return total(spread(weighted(n, t), n.type(0)), reduction.axes, reduction.dims)

    return Derivative(backward, forward)


def _kept(n: Local, y: V) -> V:
    """A value like the result, with dims that broadcast against what was reduced."""
    return keep_dims(with_dims(y, n.whole.dims), n.type(0), told(n, Reduction).dims)


def _count(n: Local, like: V) -> V:
    """How many numbers there are, of those that the mask leaves, at least 1."""
    reduction = told(n, Reduction)
    if n.count > 1:
        return _counted(n, _ones(n, n[1], like))
    size = number(like, float(math.prod(n.type(0).dims[d] for d in reduction.dims)))
    for axis in reduction.axes:
        size = size * _length(like, axis)
    return size


def _length(like: V, axis: str) -> V:
    """The length of a leading axis, as a number of the dtype of `like`."""
    length = V(like.w, like.w.add("axis_length", (), Over(axis)))
    return apply("cast", length, told=ToDType(like.type.dtype))


def _ones(n: Local, condition: V, like: V) -> V:
    """1 where the condition holds, else 0, of all that is reduced."""
    return apply("cast", spread(condition, TensorType("bool", n.type(0).axes, n.type(0).dims)), told=ToDType(like.type.dtype))


def _counted(n: Local, ones: V) -> V:
    """The sum of `ones`, ready to broadcast, at least 1."""
    reduction = told(n, Reduction)
    count = keep_dims(total(ones, reduction.axes, reduction.dims), n.type(0), reduction.dims)
    return apply("maximum", count, number(ones, 1.0))


def _mean(n: Local, like: V) -> V:
    return 1.0 / _count(n, like)


def _variance(n: Local, like: V) -> V:
    """2 (x - mean(x)) / count."""
    rest = [n[1]] if n.count > 1 else []
    mean = keep_dims(apply("mean", n[0], *rest, told=n.node.attrs), n.type(0), told(n, Reduction).dims)
    return (n[0] - mean) * (2.0 / _count(n, like))


def _norm(n: Local, like: V) -> V:
    """x / y, and 0 where all are."""
    y = _kept(n, n.y)
    positive = compare("gt", y, 0.0)
    return where(positive, n[0] / where(positive, y, 1.0), 0.0)


def _chances(n: Local, like: V) -> V:
    """exp(x - y), Boltzmann's: zero where the others are infinitely larger."""
    return apply("exp", n[0] - _kept(n, n.y))


def _extreme(n: Local, like: V) -> V:
    """Equals share alike."""
    equal = apply("eq", n[0], _kept(n, n.y))
    if n.count > 1:
        equal = apply("and", equal, n[1])
    ones = _ones(n, equal, like)
    return ones / _counted(n, ones)


sum = _reduction(lambda n, like: None, by_value=False)
mean = _reduction(_mean, by_value=False)
variance = _reduction(_variance, by_value=True)
log_sum_exp = _reduction(_chances, by_value=True)
norm = _reduction(_norm, by_value=True)
min = _reduction(_extreme, by_value=True)
max = _reduction(_extreme, by_value=True)
