"""Type rules of the operations: from the types of the arguments and the attributes to the type of the result.

Every rule is a function `(args, attrs, order) -> TensorType`, `order` being the plan's order of leading axes. A rule that does
not hold raises `TypeRuleError` with a sentence that completes "`name` ...".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rnndsl.plan.model import DType, TensorType

FLOATS: tuple[DType, ...] = ("f16", "bf16", "f32", "f64")
INTS: tuple[DType, ...] = ("i32", "i64")

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


def matmul(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    x, w = args
    dtype = numeric(args)
    need_rank(x, 1, "its left side")
    need_rank(w, 1, "its right side")
    if x.dims[-1] != w.dims[0]:
        raise TypeRuleError(f"contracts the last dim of {x} ({x.dims[-1]}) with the first of {w} ({w.dims[0]}), which differ")
    return TensorType(dtype, unite_axes(args, order), (*x.dims[:-1], *w.dims[1:]))


def dot(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    dtype = numeric(args)
    for t in args:
        need_rank(t, 1)
    if args[0].dims[-1] != args[1].dims[-1]:
        raise TypeRuleError(f"needs equal last dims, not {args[0]} and {args[1]}")
    return TensorType(dtype, unite_axes(args, order), broadcast_dims(args)[:-1])


def outer(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    return TensorType(numeric(args), unite_axes(args, order), (*args[0].dims, *args[1].dims))


def einsum(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    text = str(attrs["equation"]).replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if not arrow or not all(c.isalpha() or c in ",->" for c in text):
        raise TypeRuleError(f'needs an equation such as "ij,jk->ik" over trailing dims, not "{text}"')
    if len(terms) != len(args):
        raise TypeRuleError(f'has {len(args)} arguments for the {len(terms)} terms of "{text}"')
    sizes: dict[str, int] = {}
    for term, t in zip(terms, args, strict=True):
        if len(term) != len(t.dims):
            raise TypeRuleError(f'names {len(term)} dims of {t} in "{term}"')
        for letter, size in zip(term, t.dims, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise TypeRuleError(f"has `{letter}` stand for {sizes[letter]} and for {size}")
    if any(letter not in sizes for letter in right) or len(set(right)) != len(right):
        raise TypeRuleError(f'cannot make "{right}" of "{left}"')
    return TensorType(numeric(args), unite_axes(args, order), tuple(sizes[c] for c in right))


def concat(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    dtype = same_dtype(args)
    first = args[0]
    at = position_from_end(first, attrs["dim"])
    for t in args[1:]:
        others = [d for i, d in enumerate(t.dims) if i != at]
        if len(t.dims) != len(first.dims) or others != [d for i, d in enumerate(first.dims) if i != at]:
            raise TypeRuleError(f"cannot join {first} and {t}: they differ beyond the joined dim")
    total = sum(t.dims[at] for t in args)
    return TensorType(dtype, unite_axes(args, order), (*first.dims[:at], total, *first.dims[at + 1 :]))


def stack(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    return TensorType(same_dtype(args), unite_axes(args, order), (*broadcast_dims(args), len(args)))


def index(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    dims: list[int] = []
    for size, item in zip(args[0].dims, attrs["items"], strict=True):
        if item[0] == "all":
            dims.append(size)
        elif item[0] == "range":
            if not 0 <= item[1] <= item[2] <= size:
                raise TypeRuleError(f"has no range {item[1]}..{item[2]} in a dim of {size}")
            dims.append(item[2] - item[1])
        elif not 0 <= item[1] < size:
            raise TypeRuleError(f"has no index {item[1]} in a dim of {size}")
    return TensorType(args[0].dtype, args[0].axes, tuple(dims))


def reshape(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    dims = tuple(int(d) for d in attrs["dims"])
    if math.prod(dims) != math.prod(args[0].dims):
        raise TypeRuleError(f"cannot make {list(dims)} of {args[0]}: {math.prod(dims)} and {math.prod(args[0].dims)} elements")
    return TensorType(args[0].dtype, args[0].axes, dims)


def broadcast(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    wide = TensorType(args[0].dtype, args[0].axes, tuple(attrs["dims"]))
    if broadcast_dims([args[0], wide]) != wide.dims:
        raise TypeRuleError(f"cannot widen {args[0]} to {list(wide.dims)}")
    return wide


def transpose(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_rank(args[0], 2)
    *rest, a, b = args[0].dims
    return TensorType(args[0].dtype, args[0].axes, (*rest, b, a))


def roll(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_rank(args[0], 1)
    return args[0]


def one_hot(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    if args[0].dtype not in INTS:
        raise TypeRuleError(f"needs integer ids, not {args[0].dtype}")
    return TensorType(attrs["dtype"], args[0].axes, (*args[0].dims, int(attrs["n"])))


def gather(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    table, ids = args
    need_rank(table, 1, "its table")
    if ids.dtype not in INTS:
        raise TypeRuleError(f"needs integer ids, not {ids.dtype}")
    return TensorType(table.dtype, unite_axes(args, order), (*ids.dims, *table.dims[1:]))


def _square(t: TensorType) -> None:
    need_rank(t, 2)
    if t.dims[-1] != t.dims[-2]:
        raise TypeRuleError(f"needs a square matrix, not {t}")


def inv(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_float(args)
    _square(args[0])
    return args[0]


def solve(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    a, b = args
    dtype = need_float(args)
    _square(a)
    need_rank(b, 1, "its right side")
    rows = b.dims[0] if len(b.dims) == 1 else b.dims[-2]
    if rows != a.dims[-1]:
        raise TypeRuleError(f"needs {a.dims[-1]} rows on its right side, not {b}")
    return TensorType(dtype, unite_axes(args, order), b.dims)


def logdet(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_float(args)
    _square(args[0])
    return TensorType(args[0].dtype, args[0].axes, args[0].dims[:-2])


def conv(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    x, kernel = args
    dtype = need_float(args)
    need_rank(x, 1)
    need_rank(kernel, 3, "its kernel")
    if x.dims[-1] != kernel.dims[-2]:
        raise TypeRuleError(f"has {x.dims[-1]} input channels in {x} and {kernel.dims[-2]} in the kernel {kernel}")
    if attrs.get("over"):
        return _conv_over(x, kernel, attrs, order)
    spatial = x.dims[:-1]
    if not 1 <= len(spatial) <= 3 or len(kernel.dims) != len(spatial) + 2:
        raise TypeRuleError(f"needs one to three spatial dims and a kernel to match, not {x} and {kernel}")
    sizes: list[int] = []
    for size, width in zip(spatial, kernel.dims, strict=False):
        span = size if attrs["padding"] != "valid" else size - width + 1
        sizes.append(-(-span // attrs["stride"]))
    if min(sizes) < 1:
        raise TypeRuleError(f"leaves nothing of {x} under a kernel {kernel} without padding")
    return TensorType(dtype, unite_axes(args, order), (*sizes, kernel.dims[-1]))


def _conv_over(x: TensorType, kernel: TensorType, attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_axis(x, attrs["over"])
    if len(kernel.dims) != 3 or len(x.dims) != 1:
        raise TypeRuleError(f"over an axis takes [channels] and a kernel [width, in, out], not {x} and {kernel}")
    to = attrs.get("to") or attrs["over"]
    if to == attrs["over"] and (attrs["stride"] != 1 or attrs["padding"] == "valid"):
        raise TypeRuleError("changes the length of the axis: name a new one with `to = …`")
    if to != attrs["over"] and to in x.axes:
        raise TypeRuleError(f"cannot rename `{attrs['over']}` to `{to}`, which {x} has already")
    axes = {to if a == attrs["over"] else a for a in x.axes}
    return TensorType(x.dtype, tuple(a for a in order if a in axes), (kernel.dims[-1],))


def softmax(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_float(args)
    if attrs.get("over"):
        need_axis(args[0], attrs["over"])
    else:
        position_from_end(args[0], attrs["dim"])
    return args[0]


def argmax(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    x = args[0]
    numeric(args)
    if attrs.get("over"):
        need_axis(x, attrs["over"])
        return TensorType("i32", tuple(a for a in x.axes if a != attrs["over"]), x.dims)
    at = position_from_end(x, attrs["dim"])
    return TensorType("i32", x.axes, (*x.dims[:at], *x.dims[at + 1 :]))


def over_axis(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_axis(args[0], attrs["over"])
    return args[0]


def position(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_axis(args[0], attrs["over"])
    return TensorType("i32", (attrs["over"],))


def rename(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    x, old, new = args[0], attrs["from"], attrs["to"]
    need_axis(x, old)
    if new in x.axes:
        raise TypeRuleError(f"cannot rename `{old}` to `{new}`, which {x} has already")
    axes = {new if a == old else a for a in x.axes}
    return TensorType(x.dtype, tuple(a for a in order if a in axes), x.dims)


def categorical(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    need_float(args)
    need_rank(args[0], 1)
    return TensorType("i32", args[0].axes, args[0].dims[:-1])


def reduction(dtype: Callable[[Sequence[TensorType]], DType], result: DType | None = None) -> Rule:
    """Reduced axes and dims vanish. A second argument is a bool mask that broadcasts to the first."""

    def rule(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
        x = args[0]
        kind = result or dtype(args[:1])
        dtype(args[:1])
        for axis in attrs["axes"]:
            need_axis(x, axis)
        gone = {position_from_end(x, d) for d in attrs["dims"]}
        if len(args) == 2:
            _check_mask(x, args[1])
        axes = tuple(a for a in x.axes if a not in attrs["axes"])
        return TensorType(kind, axes, tuple(d for i, d in enumerate(x.dims) if i not in gone))

    return rule


def _check_mask(x: TensorType, mask: TensorType) -> None:
    if mask.dtype != "bool":
        raise TypeRuleError(f"needs a bool mask, not {mask}")
    extra = [a for a in mask.axes if a not in x.axes]
    if extra or broadcast_dims([x, mask]) != x.dims:
        raise TypeRuleError(f"cannot mask {x} with {mask}")


def any_dtype(types: Sequence[TensorType]) -> DType:
    return types[0].dtype


def cross_entropy(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    logits, labels = args
    need_float([logits])
    need_rank(logits, 1, "its logits")
    expected = logits.dims[:-1] if labels.dtype in INTS else logits.dims
    if labels.dtype not in INTS:
        same_dtype(args)
    if labels.dims != expected:
        what = "integer labels are ids" if labels.dtype in INTS else "float labels are distributions"
        raise TypeRuleError(f"cannot compare {logits} with labels {labels} ({what}: trailing dims {list(expected)})")
    return TensorType(logits.dtype, unite_axes(args, order), logits.dims[:-1])


def ctc(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    logits, labels, *lengths = args
    need_float([logits])
    if len(logits.axes) != 2 or len(logits.dims) != 1:
        raise TypeRuleError(f"needs logits [batch, time, classes], not {logits}")
    if any(t.dtype not in INTS for t in (labels, *lengths)):
        raise TypeRuleError("needs integer labels and lengths")
    if any(t.dims or t.axes != logits.axes[:1] for t in lengths):
        raise TypeRuleError(f"needs lengths [{logits.axes[0]}]")
    return TensorType(logits.dtype, logits.axes[:1])


def if_training(args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    dtype = same_dtype(args)
    return TensorType(dtype, unite_axes(args, order), broadcast_dims(args))
