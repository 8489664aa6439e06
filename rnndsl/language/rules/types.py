"""Type rules of the operations: from the types of the arguments and the attributes to the type of the result.

Every rule is a function `(args, attrs, order) -> TensorType`, `order` being the plan's order of leading axes. A rule that does
not hold raises `TypeRuleError` with a sentence that completes "`name` ...".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rnndsl.plan.model import DType, TensorType

FLOATS: tuple[DType, ...] = ("f16", "bf16", "f32", "f64")
INTS: tuple[DType, ...] = ("i32", "i64")

_WIDTHS: Mapping[DType, int] = {"bool": 0, "i32": 1, "i64": 1, "f16": 2, "bf16": 2, "f32": 3, "f64": 4}

Rule = Callable[[Sequence[TensorType], Mapping[str, Any], Sequence[str]], TensorType]


class TypeRuleError(Exception):
    """Arguments do not fit an operation. The message is a sentence without the operation's name."""


def unite_axes(types: Iterable[TensorType], order: Sequence[str]) -> tuple[str, ...]:
    """The union of leading axes, in the plan's order."""
    present = {axis for t in types for axis in t.axes}
    return tuple(axis for axis in order if axis in present)


def broadcast_dims(types: Sequence[TensorType]) -> tuple[int, ...]:
    """Right-aligned broadcasting of trailing dims."""
    rank = max((len(t.dims) for t in types), default=0)
    result: list[int] = []
    for i in range(1, rank + 1):
        sizes = {t.dims[-i] for t in types if len(t.dims) >= i}
        wide = sizes - {1}
        if len(wide) > 1:
            shapes = " and ".join(str(t) for t in types)
            raise TypeRuleError(f"cannot broadcast {shapes}: the sizes {' and '.join(map(str, sorted(wide)))} differ")
        result.append(wide.pop() if wide else 1)
    return tuple(reversed(result))


def same_dtype(types: Sequence[TensorType]) -> DType:
    """The one dtype of all `types`."""
    dtypes: list[DType] = list(dict.fromkeys(t.dtype for t in types))
    if len(dtypes) > 1:
        raise TypeRuleError(f"mixes {' and '.join(dtypes)}: write a `cast`")
    return dtypes[0]


def widest(dtypes: Iterable[DType]) -> DType:
    """The dtype that holds most of what the others hold: a floating one before a whole one; f32 for f16 beside bf16."""
    found = set(dtypes)
    return "f32" if found >= {"f16", "bf16"} and "f64" not in found else max(found, key=lambda each: _WIDTHS[each])


def need_float(types: Sequence[TensorType]) -> DType:
    """The one dtype of all `types`, a floating one."""
    dtype = same_dtype(types)
    if dtype not in FLOATS:
        raise TypeRuleError(f"needs a floating-point value, not {dtype}: write a `cast`")
    return dtype


def need_rank(t: TensorType, rank: int, what: str = "its argument") -> None:
    if len(t.dims) < rank:
        raise TypeRuleError(f"needs {what} to have {rank} trailing dim{'s' * (rank > 1)}, not {t}")


def position_from_end(t: TensorType, dim: int) -> int:
    """The index from the front of the trailing dim `dim` (negative, from the end)."""
    if not -len(t.dims) <= dim < 0:
        raise TypeRuleError(f"has no trailing dim {dim} in {t}")
    return len(t.dims) + dim


def need_axis(t: TensorType, axis: str) -> None:
    if axis not in t.axes:
        raise TypeRuleError(f"works over `{axis}`, which its argument {t} lacks")


def elementwise(dtype: Callable[[Sequence[TensorType]], DType]) -> Rule:
    """Axes united, dims broadcast; `dtype` checks the arguments and gives the result's dtype."""

    def rule(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
        kind = dtype(args)
        return TensorType(kind, unite_axes(args, order), broadcast_dims(args))

    return rule


def numeric(types: Sequence[TensorType]) -> DType:
    dtype = same_dtype(types)
    if dtype == "bool":
        raise TypeRuleError("needs numbers, not bool: write a `cast`")
    return dtype


def boolean(types: Sequence[TensorType]) -> DType:
    if same_dtype(types) != "bool":
        raise TypeRuleError(f"needs bool, not {types[0].dtype}")
    return "bool"


def compared(types: Sequence[TensorType]) -> DType:
    numeric(types)
    return "bool"


def equal(types: Sequence[TensorType]) -> DType:
    same_dtype(types)
    return "bool"


def _where_dtype(types: Sequence[TensorType]) -> DType:
    if types[0].dtype != "bool":
        raise TypeRuleError(f"needs a bool condition, not {types[0].dtype}")
    return same_dtype(types[1:])


FLOAT = elementwise(need_float)
NUMERIC = elementwise(numeric)
BOOLEAN = elementwise(boolean)
COMPARED = elementwise(compared)
EQUAL = elementwise(equal)
WHERE = elementwise(_where_dtype)


def cast(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    return TensorType(attrs["dtype"], args[0].axes, args[0].dims)


def same(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    return args[0]


def dropout(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    """As `x`, which it is outside training, where nothing of the rate need be known."""
    result = FLOAT(args, attrs, order)
    if result != args[0]:
        raise TypeRuleError(f"needs a rate that fits into {args[0]}, not {args[1]}")
    return result


def if_training(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    """Each branch stands for the whole in its mode, where nothing of the other need be known: not how long its axes are."""
    dtype = same_dtype(args)
    if args[0].axes != args[1].axes:
        yes, no = (f"[{', '.join(each.axes)}]" for each in args)
        raise TypeRuleError(f"needs branches with the same axes, not {yes} and {no}")
    return TensorType(dtype, args[0].axes, broadcast_dims(args))
