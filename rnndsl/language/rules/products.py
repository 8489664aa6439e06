"""Type rules of products, linear algebra and convolutions: see `rnndsl.language.rules.types`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnndsl.language.rules.types import TypeRuleError, broadcast_dims, need_axis, need_float, need_rank, numeric, unite_axes
from rnndsl.plan.model import TensorType


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
    if attrs["padding"] not in ("same", "valid", "causal"):
        raise TypeRuleError(f'has no padding "{attrs["padding"]}": there are "same", "valid" and "causal"')
    if attrs["stride"] < 1:
        raise TypeRuleError(f"needs a stride from 1 up, not {attrs['stride']}")
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
    along = [axis for axis in (attrs["over"], to) if axis in kernel.axes]
    if along:
        raise TypeRuleError(f"needs a kernel that is the same all along `{along[0]}`, not {kernel}")
    axes = {to if a == attrs["over"] else a for a in x.axes} | {*kernel.axes}
    return TensorType(x.dtype, tuple(a for a in order if a in axes), (kernel.dims[-1],))
