"""Type rules of reductions and losses: see `rnndsl.language.rules.types`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnndsl.language.rules.types import (
    FLOAT,
    INTS,
    Rule,
    TypeRuleError,
    broadcast_dims,
    need_axis,
    need_float,
    need_rank,
    position_from_end,
    same_dtype,
    unite_axes,
)
from rnndsl.plan.attributes import Attributes, Huber, Reduction
from rnndsl.plan.model import DType, TensorType
from rnndsl.text.codes import rules


def reduction(dtype: Callable[[Sequence[TensorType]], DType], result: DType | None = None) -> Rule:
    """Reduced axes and dims vanish. A second argument is a bool mask that broadcasts to the first."""

    def rule(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
        x = args[0]
        kind = result or dtype(args[:1])
        dtype(args[:1])
        told = attrs.told(Reduction)
        for axis in told.axes:
            need_axis(x, axis)
        gone = {position_from_end(x, d) for d in told.dims}
        if len(args) == 2:
            _check_mask(x, args[1])
        axes = tuple(a for a in x.axes if a not in told.axes)
        return TensorType(kind, axes, tuple(d for i, d in enumerate(x.dims) if i not in gone))

    return rule


def _check_mask(x: TensorType, mask: TensorType) -> None:
    if mask.dtype != "bool":
        raise TypeRuleError(rules.mask_dtype(mask))
    widest = TensorType("bool", x.axes, x.dims)
    if set(mask.axes) - set(x.axes) or not _fits(mask, x):
        raise TypeRuleError(rules.mask_shape(x, widest, mask))


def _fits(mask: TensorType, x: TensorType) -> bool:
    """Whether the trailing dims of `mask` broadcast to those of `x`."""
    try:
        return broadcast_dims([x, mask]) == x.dims
    except TypeRuleError:
        return False


def cross_entropy(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    logits, labels = args
    need_float([logits])
    need_rank(logits, 1, "logits")
    expected = logits.dims[:-1] if labels.dtype in INTS else logits.dims
    if labels.dtype not in INTS:
        same_dtype(args)
    if labels.dims != expected:
        wrong = rules.label_ids if labels.dtype in INTS else rules.label_shares
        raise TypeRuleError(wrong(logits, labels, expected))
    return TensorType(logits.dtype, unite_axes(args, order), logits.dims[:-1])


def huber(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    delta = attrs.told(Huber).delta
    if delta <= 0:
        raise TypeRuleError(rules.delta(delta))
    return FLOAT(args, attrs, order)


def ctc(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    logits, labels, *lengths = args
    need_float([logits])
    if len(logits.axes) != 2 or len(logits.dims) != 1:
        raise TypeRuleError(rules.ctc_logits(logits))
    if any(t.dtype not in INTS for t in (labels, *lengths)):
        raise TypeRuleError(rules.ctc_dtypes())
    if any(t.dims or t.axes != logits.axes[:1] for t in lengths):
        raise TypeRuleError(rules.ctc_lengths(logits.axes[0]))
    return TensorType(logits.dtype, logits.axes[:1])


def ctc_alignment(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """That of the logits."""
    ctc(args, attrs, order)
    return args[0]
