"""Reductions over leading axes and trailing dims, of what an optional mask leaves; softmax, argmax, cross entropy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.attributes import Along, DType, Reduction
from rnndsl.plan.model import Node, TensorType

Reduce = Callable[[Frame, Tensor, Tensor | None, list[int]], Tensor]
"""From a value, whether each number counts (None: all do) and the dims that vanish."""


def _reduction(compute: Reduce) -> Lower:
    def lower(frame: Frame, node: Node, x: Operand, mask: Operand | None = None) -> Tensor:
        told = node.told(Reduction)
        gone = [x.type.axes.index(a) for a in told.axes] + [len(x.tensor.shape) + d for d in told.dims]
        counts = None if mask is None else frame.fit(mask, TensorType("bool", x.type.axes, x.type.dims))
        return compute(frame, x.tensor, counts, sorted(gone))

    return lower


def _kept(f: Frame, x: Tensor, counts: Tensor | None, other: float | int | bool) -> Tensor:
    return x if counts is None else f.select(counts, x, f.filled(other, x))


def _back(f: Frame, x: Tensor, like: Tensor, gone: Sequence[int]) -> Tensor:
    """`x`, which lacks the dims `gone`, in the shape of `like`."""
    return f.spread(x, like.shape, [i for i in range(len(like.shape)) if i not in gone])


def _sum(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    return f.sum(_kept(f, x, counts, 0), gone)


def _mean(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    """0 where the mask leaves nothing; no number where there is nothing."""
    total = _sum(f, x, counts, gone)
    if counts is None:
        return f.op("divide", total, f.filled(int(np.prod([x.shape[i] for i in gone])), total))
    count = f.sum(f.cast(counts, x.dtype), gone)
    return f.op("divide", total, f.op("maximum", count, f.filled(1, count)))


def _variance(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    apart = f.op("subtract", x, _back(f, _mean(f, x, counts, gone), x, gone))
    return _mean(f, f.op("multiply", apart, apart), counts, gone)


def _norm(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    return f.op("sqrt", _sum(f, f.op("multiply", x, x), counts, gone))


def _ends(dtype: DType) -> tuple[float | int, float | int]:
    """The least and the largest number."""
    if dtype in ("i32", "i64"):
        ends = np.iinfo(np.int32 if dtype == "i32" else np.int64)
        return int(ends.min), int(ends.max)
    return -np.inf, np.inf


def most(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    """The largest of what counts."""
    least = _ends(x.dtype)[0]
    return f.writer.reduce(_kept(f, x, counts, least), f.writer.constant(least, x.dtype), gone, "maximum")


def _least(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    largest = _ends(x.dtype)[1]
    return f.writer.reduce(_kept(f, x, counts, largest), f.writer.constant(largest, x.dtype), gone, "minimum")


def log_sum_exp(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    kept = _kept(f, x, counts, -np.inf)
    top = most(f, kept, None, gone)
    finite = f.compare("LT", f.op("abs", top), f.filled(np.inf, top))
    top = f.select(finite, top, f.filled(0, top))
    parts = f.op("exponential", f.op("subtract", kept, _back(f, top, x, gone)))
    return f.op("add", f.op("log", f.sum(parts, gone)), top)


def _any(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    return f.writer.reduce(_kept(f, x, counts, False), f.writer.constant(False, "bool"), gone, "or")


def _all(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    return f.writer.reduce(_kept(f, x, counts, True), f.writer.constant(True, "bool"), gone, "and")


def _count(f: Frame, x: Tensor, counts: Tensor | None, gone: list[int]) -> Tensor:
    return f.sum(f.cast(_kept(f, x, counts, False), "i32"), gone)


# ---------------------------------------------------------------- along one dim


def along(x: Operand, told: Along) -> int:
    """The dim of the tensor that is meant."""
    if told.over is not None:
        return x.type.axes.index(told.over)
    return len(x.tensor.shape) + (-1 if told.dim is None else told.dim)


def log_probabilities(f: Frame, x: Tensor, at: int) -> Tensor:
    """x - log(sum(exp(x))) along the dim `at`."""
    shifted = f.op("subtract", x, _back(f, most(f, x, None, [at]), x, [at]))
    total = f.sum(f.op("exponential", shifted), [at])
    return f.op("subtract", shifted, _back(f, f.op("log", total), x, [at]))


def _log_softmax(frame: Frame, node: Node, x: Operand) -> Tensor:
    return log_probabilities(frame, x.tensor, along(x, node.told(Along)))


def _softmax(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.op("exponential", _log_softmax(frame, node, x))


def argmax(f: Frame, x: Tensor, at: int) -> Tensor:
    """i32: the place of the largest along the dim `at`, the first of equals."""
    top = _back(f, most(f, x, None, [at]), x, [at])
    return _least(f, f.iota(x.shape, at), f.compare("EQ", x, top), [at])


def _argmax(frame: Frame, node: Node, x: Operand) -> Tensor:
    return argmax(frame, x.tensor, along(x, node.told(Along)))


def _cross_entropy(frame: Frame, node: Node, logits: Operand, labels: Operand) -> Tensor:
    """Integer labels are ids of the last dim, float labels distributions over it."""
    full = TensorType(node.type.dtype, node.type.axes, logits.type.dims)
    scores = frame.fit(logits, full)
    last = len(scores.shape) - 1
    logs = log_probabilities(frame, scores, last)
    if labels.tensor.dtype in ("i32", "i64"):
        ids = frame.fit(labels, node.type)
        own = frame.compare("EQ", frame.iota(scores.shape, last, ids.dtype), frame.spread(ids, scores.shape, range(last)))
        return frame.op("negate", frame.sum(frame.select(own, logs, frame.filled(0, logs)), [last]))
    return frame.op("negate", frame.sum(frame.op("multiply", frame.fit(labels, full), logs), [last]))


_REDUCTIONS: Mapping[str, Reduce] = {
    "sum": _sum,
    "mean": _mean,
    "variance": _variance,
    "norm": _norm,
    "log_sum_exp": log_sum_exp,
    "min": _least,
    "max": most,
    "any": _any,
    "all": _all,
    "count": _count,
}

LOWERINGS: Mapping[str, Lower] = {
    **{name: _reduction(compute) for name, compute in _REDUCTIONS.items()},
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "argmax": _argmax,
    "cross_entropy": _cross_entropy,
}
