"""Arithmetic on plain numbers at compile time, with bounds on its results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from rnndsl.language.ops.op import Op
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import DType
from rnndsl.text.codes import arguments as codes
from rnndsl.text.codes import indices, sizes
from rnndsl.text.source import Span

_LIMIT = 1 << 63
_FLOAT = 3.4028235e38
_RANGES: Mapping[DType, tuple[float, float]] = MappingProxyType(
    {"i32": (-(1 << 31), (1 << 31) - 1), "f16": (-65504, 65504), "bf16": (-_FLOAT, _FLOAT), "f32": (-_FLOAT, _FLOAT)}
)
"""What a plain number can be as a tensor. Plain numbers are bounded by i64 and f64 themselves."""


def compute(op: Op, arguments: Sequence[Any], span: Span, attrs: Mapping[str, Any] | None = None) -> int | float | bool:
    """`op` on plain numbers; overflow, division by zero and the like are diagnosed at `span`."""
    assert op.scalar is not None
    try:
        result = op.scalar(*arguments, **(attrs or {}))
    except ZeroDivisionError:
        codes.division_by_zero(span).throw()
    except OverflowError:
        sizes.number_too_large(span).throw()
    except (ValueError, TypeError):
        codes.undefined(span, op.name, arguments).throw()
    if isinstance(result, complex):
        codes.not_real(span).throw()
    if isinstance(result, int) and not isinstance(result, bool) and not -_LIMIT <= result < _LIMIT:
        sizes.number_too_large(span).throw()
    if isinstance(result, float) and not math.isfinite(result):
        sizes.number_too_large(span).throw()
    return result


def check_whole(operator: str, right: Any, span: Span) -> None:
    """Raises SpecError for a constant right of `operator` that leaves no whole number, whatever whole number is on its left."""
    _, numbers = shape_of(right, span)
    if operator in ("//", "%") and 0 in numbers:
        codes.division_by_zero(span).throw()
    if operator == "**" and any(isinstance(each, int) and each < 0 for each in numbers):
        codes.negative_power(span).throw()


def fits(value: object, dtype: DType) -> bool:
    """Whether a plain number or truth value can be a tensor of `dtype` as it is."""
    if isinstance(value, bool) or dtype == "bool":
        return isinstance(value, bool) and dtype == "bool"
    least, largest = _RANGES.get(dtype, (-math.inf, math.inf))
    return (isinstance(value, int) or (isinstance(value, float) and dtype in FLOATS)) and least <= value <= largest


def shape_of(value: object, span: Span) -> tuple[tuple[int, ...], Sequence[object]]:
    """The dims of nested lists of numbers, and the numbers in a row. Raises SpecError if they are no box."""
    if not isinstance(value, list):
        return (), [value]
    parts = [shape_of(each, span) for each in cast("list[object]", value)]
    if len({dims for dims, _ in parts}) > 1:
        indices.ragged(span).throw()
    inner = parts[0][0] if parts else ()
    return (len(parts), *inner), [each for _, flat in parts for each in flat]
