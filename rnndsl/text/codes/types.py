"""Diagnostics of types and shapes: see `rnndsl.text.codes`. Of indices: `indices`. `what`: a value, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rnndsl.text.codes import elsewhere
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import did_you_mean

TYPE_MISMATCH = Code("RNN0201", "arguments do not fit", of_arguments=True)
INPUT_MISMATCH = Code("RNN0202", "input of another type", of_arguments=True)
DIM_CLASH = Code("RNN0203", "dims disagree", of_arguments=True)
REDUCTION_NEEDS_OVER = Code("RNN0204", "reduction without `over`", of_arguments=True)
NOT_A_TENSOR = Code("RNN0205", "not a tensor", of_arguments=True)
UNKNOWN_AXIS = Code("RNN0206", "unknown axis", of_arguments=True)
BAD_DIM = Code("RNN0207", "not a dim", of_arguments=True)
NOT_SCALAR = Code("RNN0208", "not a scalar", of_arguments=True)
LITERAL_DTYPE = Code("RNN0209", "number of another dtype", of_arguments=True)
UNKNOWN_DTYPE = Code("RNN0210", "unknown dtype", of_arguments=True)
NO_TYPE = Code("RNN0212", "input without a type", of_arguments=True)
AXES_LATE = Code("RNN0213", "axes after dims", of_arguments=True)


# ---------------------------------------------------------------- operations


def mismatch(span: Span, op: str, problem: object) -> Diagnostic:
    """`problem`: what the type rule of `op` found (`rules`)."""
    return TYPE_MISMATCH(span, f"`{op}` {problem}")


def unequal_parts(span: Span, size: int, parts: int) -> Diagnostic:
    return mismatch(span, "split", f"cannot part {size} into {parts} equal parts")


def no_such_axis(span: Span, axis: str) -> Diagnostic:
    """`position(over = axis)`, where no value has it."""
    return mismatch(span, "position", f"works over `{axis}`, which no value before it has")


def no_last_dim(span: Span, type: object) -> Diagnostic:
    return mismatch(span, "over = last", f"has no trailing dim in {type}")


def measure_dtype(span: Span, name: str, kind: str, dtype: str) -> Diagnostic:
    """`kind`: loss or residual."""
    return mismatch(span, name, f"is a {kind}, which needs a floating-point value, not {dtype}: write a `cast`")


def reduction_needs_over(span: Span, function: str) -> Diagnostic:
    wrong = REDUCTION_NEEDS_OVER(span, f"`{function}` in a model needs to be told what to reduce")
    return wrong.suggest("write `over = batch`, `over = [batch, time]`, `over = leading` or `over = last`")


def not_a_tensor(span: Span, what: str) -> Diagnostic:
    return NOT_A_TENSOR(span, f"{what} is not a tensor")


def not_scalar(span: Span, kind: str, name: str, type: object) -> Diagnostic:
    wrong = NOT_SCALAR(span, f"the {kind} `{name}` is {type}: reduce it to one number")
    return wrong.suggest("`mean(…)` without `over` averages over everything here")


def number_dtype(span: Span, value: object, dtype: str) -> Diagnostic:
    return _number(span, value, dtype).suggest("write a `cast`")


def beyond_f16(span: Span, value: object) -> Diagnostic:
    return _number(span, value, "f16").suggest("f16 ends at 65504: write a nearer number, such as -6e4")


def _number(span: Span, value: object, dtype: str) -> Diagnostic:
    return LITERAL_DTYPE(span, f"{str(value).lower() if isinstance(value, bool) else value} is no {dtype}")


# ---------------------------------------------------------------- types as written


def unknown_dtype(span: Span, name: str, known: Iterable[str]) -> Diagnostic:
    ours = elsewhere.DTYPES.get(name)
    wrong = UNKNOWN_DTYPE(span, f"`{name}` is not a dtype")
    return wrong.suggest(f"write `{ours}`" if ours else did_you_mean(name, known))


def unknown_axis(span: Span, name: str) -> Diagnostic:
    return UNKNOWN_AXIS(span, f"`{name}` is not an axis")


def not_a_dim(span: Span, what: object) -> Diagnostic:
    return BAD_DIM(span, f"a dim is a positive whole number, not {what}")


def rest_out_of_place(span: Span) -> Diagnostic:
    return not_a_dim(span, "`…`, which only inputs of blocks and cells have")


def dim_bound_later(span: Span, name: str, input: str, declared: Span) -> Diagnostic:
    """A dim of a state or variable that an `input` further on binds."""
    wrong = BAD_DIM(span, f"the dim `{name}` is not known yet: the input `{input}` that binds it is declared further on")
    return wrong.note("the input is declared here", declared).suggest("declare inputs first")


def axes_late(span: Span, order: Sequence[str]) -> Diagnostic:
    return AXES_LATE(span, f"axes come before dims, in the order {', '.join(order)}")


def no_type(span: Span, kind: str, name: str) -> Diagnostic:
    """`kind`: input or target."""
    return NO_TYPE(span, f"the {kind} `{name}` of a model needs its type in full, such as `f32[batch, 1]`")


def no_variable_type(span: Span, kind: str, name: str) -> Diagnostic:
    """`kind`: param or var."""
    return NO_TYPE(span, f"the {kind} `{name}` needs its type, such as `[n]`")


# ---------------------------------------------------------------- inputs of layers


def dim_clash(span: Span, name: str, first: int, second: int, layer: str, place: Span | None) -> Diagnostic:
    """`place`: of the layer's first application."""
    clash = DIM_CLASH(span, f"`{name}` is {first} at the first application of `{layer}`, and {second} here")
    return clash.note("the first application is here", place)


def input_mismatch(
    span: Span, name: str, layer: str, type: str, sizes: Mapping[str, int], given: object, declared: Span
) -> Diagnostic:
    """`type`: as written in the layer's definition, at `declared`; `sizes`: of its dims that are known."""
    known = " and ".join(f"{dim} = {size}" for dim, size in sizes.items())
    wanted = f"{type} with {known}" if known else type
    wrong = INPUT_MISMATCH(span, f"the input `{name}` of `{layer}` is {wanted}, and is given {given}")
    return wrong.note("the input is declared here", declared)
