"""Derivatives of losses. Formulas: the rows of `rnndsl.language.ops.losses`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.ops.derivative.writing import (
    Derivative,
    Local,
    V,
    apply,
    back_to,
    elementwise,
    number,
    reshape,
    spread,
    told,
    total,
    where_seen,
    with_dims,
)
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.attributes import Along, Huber, OneHot
from rnndsl.plan.graph import TensorType

_LAST = Along(-1)


def _of_logits(n: Local) -> V:
    """softmax * sum(labels) - labels."""
    chances = apply("softmax", n[0], told=_LAST)
    if n.type(1).dtype in FLOATS:
        sums = total(n[1], (), [-1])
        return chances * reshape(sums, (*sums.type.dims, 1)) - n[1]
    return chances - apply("one_hot", n[1], told=OneHot(n.type(0).dims[-1], n.type(0).dtype))


def _of_labels(n: Local) -> V:
    return -apply("log_softmax", n[0], told=_LAST)


def _cross_entropy(n: Local, d: V, at: int) -> V | None:
    if at and n.type(1).dtype not in FLOATS:
        return None
    by = _of_labels(n) if at else _of_logits(n)
    wide = reshape(with_dims(d, n.whole.dims), (*n.whole.dims, 1))
    return back_to(wide * by, n.type(at), TensorType(d.type.dtype, n.whole.axes, (*n.whole.dims, n.type(0).dims[-1])))


def _cross_entropy_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    found: V | None = None
    for t, by in zip(tangents, (_of_logits, _of_labels), strict=True):
        if t is not None:
            part = total(spread(by(n) * t, TensorType(t.type.dtype, n.whole.axes, (*n.whole.dims, n.type(0).dims[-1]))), (), [-1])
            found = part if found is None else found + part
    return found


def _within(n: Local) -> V:
    """a - b, up to delta either way."""
    difference = n[0] - n[1]
    delta = told(n, Huber).delta
    return apply("clip", difference, number(difference, -delta), number(difference, delta))


def _ctc_by_logits(n: Local) -> V:
    """Equation 16 of Graves et al. 2006: softmax less how often each class is taken, where there is an alignment, else zero. The
    sum of the latter over the classes is 1 there and 0 elsewhere."""
    taken = apply("ctc_alignment", *(n[i] for i in range(n.count)), told=n.node.attrs)
    covered = reshape(total(taken, (), [-1]), (1,))
    return covered * where_seen(covered, apply("softmax", n[0], told=_LAST)) - taken


def _ctc(n: Local, d: V, at: int) -> V | None:
    return None if at else reshape(d, (1,)) * _ctc_by_logits(n)


def _ctc_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    t = tangents[0]
    if t is None:
        return None
    return total(spread(_ctc_by_logits(n) * t, n.type(0)), n.type(0).axes[1:], [-1])


cross_entropy = Derivative(_cross_entropy, _cross_entropy_forward)
binary_cross_entropy = elementwise(lambda n: apply("sigmoid", n[0]) - n[1], lambda n: -n[0])
huber = elementwise(_within, lambda n: -_within(n))
ctc = Derivative(_ctc, _ctc_forward)
