"""Type rules of the operations: from the types of the arguments and the attributes to the type of the result.

Every rule is a function `(args, attrs, order) -> TensorType`, `order` being the plan's order of leading axes. A rule that does
not hold raises `TypeRuleError` with a sentence that completes "`name` ...".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rnndsl.plan.attributes import Attributes, Draw, ToDType
from rnndsl.plan.model import DType, TensorType
from rnndsl.text.codes import rules
from rnndsl.text.codes.clauses import Clause

FLOATS: tuple[DType, ...] = ("f16", "bf16", "f32", "f64")
INTS: tuple[DType, ...] = ("i32", "i64")

_WIDTHS: Mapping[DType, int] = {"bool": 0, "i32": 1, "i64": 1, "f16": 2, "bf16": 2, "f32": 3, "f64": 4}

Rule = Callable[[Sequence[TensorType], Attributes, Sequence[str]], TensorType]


class TypeRuleError(Exception):
    """Arguments do not fit an operation. The message is a clause without the operation's name."""

    def __init__(self, problem: Clause) -> None:
        super().__init__(problem)


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
            raise TypeRuleError(rules.cannot_broadcast(types, sorted(wide)))
        result.append(wide.pop() if wide else 1)
    return tuple(reversed(result))


def same_dtype(types: Sequence[TensorType]) -> DType:
    """The one dtype of all `types`."""
    dtypes: list[DType] = list(dict.fromkeys(t.dtype for t in types))
    if len(dtypes) > 1:
        raise TypeRuleError(rules.mixed_dtypes(dtypes))
    return dtypes[0]


def widest(dtypes: Iterable[DType]) -> DType:
    """The dtype that holds most of what the others hold: a floating one before a whole one; f32 for f16 beside bf16."""
    found = set(dtypes)
    return "f32" if found >= {"f16", "bf16"} and "f64" not in found else max(found, key=lambda each: _WIDTHS[each])


def need_float(types: Sequence[TensorType]) -> DType:
    """The one dtype of all `types`, a floating one."""
    dtype = same_dtype(types)
    if dtype not in FLOATS:
        raise TypeRuleError(rules.not_floating(dtype))
    return dtype


def need_rank(t: TensorType, rank: int, what: str = "argument") -> None:
    if len(t.dims) < rank:
        raise TypeRuleError(rules.lacks_dims(what, rank, t))


def position_from_end(t: TensorType, dim: int) -> int:
    """The index from the front of the trailing dim `dim` (negative, from the end)."""
    if not -len(t.dims) <= dim < 0:
        raise TypeRuleError(rules.no_trailing_dim(dim, t))
    return len(t.dims) + dim


def need_axis(t: TensorType, axis: str) -> None:
    if axis not in t.axes:
        raise TypeRuleError(rules.lacks_axis(axis, t))


def elementwise(dtype: Callable[[Sequence[TensorType]], DType]) -> Rule:
    """Axes united, dims broadcast; `dtype` checks the arguments and gives the result's dtype."""

    def rule(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
        kind = dtype(args)
        return TensorType(kind, unite_axes(args, order), broadcast_dims(args))

    return rule


def numeric(types: Sequence[TensorType]) -> DType:
    dtype = same_dtype(types)
    if dtype == "bool":
        raise TypeRuleError(rules.not_numbers())
    return dtype


def boolean(types: Sequence[TensorType]) -> DType:
    if same_dtype(types) != "bool":
        raise TypeRuleError(rules.not_bool(types[0].dtype))
    return "bool"


def compared(types: Sequence[TensorType]) -> DType:
    numeric(types)
    return "bool"


def equal(types: Sequence[TensorType]) -> DType:
    same_dtype(types)
    return "bool"


def _where_dtype(types: Sequence[TensorType]) -> DType:
    if types[0].dtype != "bool":
        raise TypeRuleError(rules.condition_dtype(types[0].dtype))
    return same_dtype(types[1:])


FLOAT = elementwise(need_float)
NUMERIC = elementwise(numeric)
BOOLEAN = elementwise(boolean)
COMPARED = elementwise(compared)
EQUAL = elementwise(equal)
WHERE = elementwise(_where_dtype)


def cast(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return TensorType(attrs.told(ToDType).dtype, args[0].axes, args[0].dims)


def same(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return args[0]


def dropout(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """As `x`, which it is outside training, where nothing of the rate need be known."""
    result = FLOAT(args, attrs, order)
    if result != args[0]:
        raise TypeRuleError(rules.rate_type(args[0], args[1]))
    shared = attrs.told(Draw).shared
    if shared is not None:
        need_axis(args[0], shared)
    return result


def if_training(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """Each branch stands for the whole in its mode, where nothing of the other need be known: not how long its axes are."""
    dtype = same_dtype(args)
    if args[0].axes != args[1].axes:
        raise TypeRuleError(rules.branch_axes(args[0].axes, args[1].axes))
    return TensorType(dtype, args[0].axes, broadcast_dims(args))
