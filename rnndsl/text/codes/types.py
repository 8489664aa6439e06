"""Diagnostics of types and shapes: see `rnndsl.text.codes`."""

from __future__ import annotations

from functools import partial

from rnndsl.text.diagnostics import Code

_of_types = partial(Code, of_arguments=True)

TYPE_MISMATCH = _of_types("RNN0201", "arguments do not fit", "`{op}` {problem}")
INPUT_MISMATCH = Code(
    "RNN0202", "input of another type", "the input `{name}` of `{layer}` is {declared}, and is given {given}", of_arguments=True
)
DIM_CLASH = Code(
    "RNN0203", "dims disagree", "`{name}` is {first} at the first application of `{layer}`, and {second} here", of_arguments=True
)
REDUCTION_NEEDS_OVER = Code(
    "RNN0204", "reduction without `over`", "`{function}` in a model needs to be told what to reduce", of_arguments=True
)
NOT_A_TENSOR = _of_types("RNN0205", "not a tensor", "{what} is not a tensor")
UNKNOWN_AXIS = _of_types("RNN0206", "unknown axis", "`{name}` is not an axis")
BAD_DIM = _of_types("RNN0207", "not a dim", "a dim is a positive whole number, not {what}")
NOT_SCALAR = _of_types("RNN0208", "not a scalar", "the {kind} `{name}` is {type}: reduce it to one number")
LITERAL_DTYPE = _of_types("RNN0209", "number of another dtype", "{value} is no {dtype}")
UNKNOWN_DTYPE = _of_types("RNN0210", "unknown dtype", "`{name}` is not a dtype")
BAD_INDEX = _of_types("RNN0211", "bad index", "{problem}")
NO_TYPE = Code(
    "RNN0212",
    "input without a type",
    "the {kind} `{name}` of a model needs its type in full, such as `f32[batch, 1]`",
    of_arguments=True,
)
AXES_LATE = _of_types("RNN0213", "axes after dims", "axes come before dims, in the order {order}")
