"""How many bytes values take, and that no value takes more than a machine has: said before anything is allocated."""

from __future__ import annotations

import math

from rnndsl.plan.model import DType, TensorType
from rnndsl.text.codes import sizes as codes
from rnndsl.text.source import Span

SIZES: dict[DType, int] = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8, "i32": 4, "i64": 8, "bool": 1}


def size_of(dtype: DType, dims: tuple[int, ...]) -> int:
    """The bytes of an array."""
    return math.prod(dims) * SIZES[dtype]


def human(size: float) -> str:
    """`3.638 TiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} PiB"


def check_value(type: TensorType, what: str, span: Span) -> None:
    """Raises SpecError if a value of this type has more axes and dims than every operation takes, or takes more at one position of
    its axes than all variables may together."""
    rank = len(type.axes) + len(type.dims)
    if rank > codes.MAX_RANK:
        codes.TOO_MANY_DIMS(span, what=what, type=type, count=rank, limit=codes.MAX_RANK).throw()
    size = size_of(type.dtype, type.dims)
    if size > codes.MAX_BYTES:
        codes.TOO_MANY_BYTES(span, what=f"{what}, {type},", size=human(size), limit=human(codes.MAX_BYTES)).throw()
