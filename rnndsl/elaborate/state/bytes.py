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


def check_value(type: TensorType, op: str, span: Span) -> None:
    """Raises SpecError if the value of `op` has more axes and dims than every operation takes, or takes more at one position of
    its axes than all variables may together."""
    rank = len(type.axes) + len(type.dims)
    if rank > codes.MAX_RANK:
        codes.too_many_dims(span, op, type, rank).throw()
    size = size_of(type.dtype, type.dims)
    if size > codes.MAX_BYTES:
        codes.value_too_large(span, op, type, size).throw()


def check_input(type: TensorType, name: str, span: Span) -> None:
    """The same of an input."""
    rank = len(type.axes) + len(type.dims)
    if rank > codes.MAX_RANK:
        codes.input_of_many_dims(span, name, type, rank).throw()
    size = size_of(type.dtype, type.dims)
    if size > codes.MAX_BYTES:
        codes.input_too_large(span, name, type, size).throw()
