"""Diagnostics of scans, RNN0408, RNN0409, RNN0411 and RNN0416: see `rnndsl.text.codes`. `what`: a value, in words."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span

NOT_A_CELL = Code("RNN0408", "not a cell")
SCAN_AXIS = Code("RNN0409", "no such axis to scan")
SCAN_OPTION = Code("RNN0411", "scan option does not fit")
LAST_UNIT = Code("RNN0416", "last unit of a scan", severity="lint")


def not_a_cell(span: Span, function: str, what: str) -> Diagnostic:
    return NOT_A_CELL(span, f"`{function}` runs a cell, not {what}")


def not_stepped(span: Span, what: str) -> Diagnostic:
    """What `states` is given."""
    return not_a_cell(span, "states", f"{what} not applied in this step")


def no_axis(span: Span, axis: str, type: object) -> Diagnostic:
    return SCAN_AXIS(span, f"the scan goes along `{axis}`, which {type} lacks")


def axis_by_position(span: Span, axis: str, type: object, dtype: str, size: int) -> Diagnostic:
    """A value without axes whose dims are meant for some: f32[32, 10, 3]."""
    named = f"{dtype}[batch, {axis}, {size}]"
    return no_axis(span, axis, type).suggest(f"axes go by their names, whatever their length: `{named}`")


def last_unit(span: Span, written: str) -> Diagnostic:
    """`written[-1]`, where `written` is the result of a scan and its last step is probably meant."""
    found = LAST_UNIT(span, f"`{written}[-1]` is the last unit at every step, not the last step")
    return found.suggest(f"the last step that counts is `{written}.last`")


# ---------------------------------------------------------------- options


def _option(span: Span, option: str, problem: str) -> Diagnostic:
    return SCAN_OPTION(span, f"`{option}` {problem}")


def nothing_to_scan(span: Span, function: str) -> Diagnostic:
    return _option(span, function, "needs an input to go along, or `steps = n`")


def steps_and_input(span: Span) -> Diagnostic:
    return _option(span, "steps", "is for a cell without a scanned input")


def other_steps(span: Span, axis: str, length: int, steps: int, first: Span) -> Diagnostic:
    """Two scans of so many steps along one axis."""
    wrong = _option(span, "steps", f"is {steps} along `{axis}`, which is {length} long")
    return wrong.note("a scan says so here", first).suggest(
        "an axis has one length: `axis step` declares another, for `along = step`"
    )


def same_cell_twice(span: Span) -> Diagnostic:
    return _option(span, "bidirectional", "needs a cell for each way: the same layer is given twice")


def not_both_ways(span: Span, option: str) -> Diagnostic:
    return _option(span, option, "has no place in `bidirectional`")


def carry_both_ways(span: Span) -> Diagnostic:
    return _option(span, "carry", "has no place in `bidirectional`: time runs one way between calls")


def carry_in_reverse(span: Span) -> Diagnostic:
    return _option(span, "carry", "cannot go with `reverse`: time runs one way between calls")


def recompute_steps(span: Span) -> Diagnostic:
    return _option(span, "recompute", "has no place where `steps` is an input: how many states are kept follows from shapes")


def recompute_in_step(span: Span) -> Diagnostic:
    """In a cell."""
    return _option(
        span, "recompute", "has no place in a step of another scan: the outer one, with `recompute`, runs all of a step again"
    )


def merge(span: Span, words: Sequence[str]) -> Diagnostic:
    return _option(span, "merge", f"is one of {', '.join(words)}")


def masked(span: Span) -> Diagnostic:
    return _option(span, "masked", "is `hold`, or left out for zeros")


def flag(span: Span, option: str, what: str) -> Diagnostic:
    return _option(span, option, f"is true or false at compile time, not {what}")


def too_many_steps(span: Span, most: int, steps: int) -> Diagnostic:
    return _option(span, "steps", f"is at most {most}, not {steps}")


def steps(span: Span, what: str) -> Diagnostic:
    return _option(span, "steps", f"is a whole number or an input i32[], not {what}")


def initial(span: Span, what: str) -> Diagnostic:
    return _option(span, "initial", f"is `(state = value, …)` or a scan's `final`, not {what}")


def given(span: Span, what: str) -> Diagnostic:
    return _option(span, "given", f"is `(name = value, …)`, not {what}")


def option_type(span: Span, option: str, wanted: object, type: object) -> Diagnostic:
    """`lengths` or `mask` of another type than `wanted`."""
    return _option(span, option, f"is to be {wanted}, with the leading axes of the input, not {type}")


def until(span: Span) -> Diagnostic:
    return _option(span, "until", "names a state bool[] of the cell")


def given_with_axis(span: Span, axis: str, name: str, type: object) -> Diagnostic:
    """A `given` value with the scan's own axis."""
    return _own_axis(span, axis, f"the given `{name}`, {type},")


def initial_with_axis(span: Span, axis: str, name: str, type: object) -> Diagnostic:
    return _own_axis(span, axis, f"the initial `{name}`, {type},")


def first_with_axis(span: Span, axis: str, type: object) -> Diagnostic:
    """Of a closed loop."""
    return _own_axis(span, axis, f"the first input, {type},")


def output_with_axis(span: Span, axis: str, type: object) -> Diagnostic:
    """What the cell gives."""
    return _own_axis(span, axis, f"the output of its cell, {type},")


def _own_axis(span: Span, axis: str, what: str) -> Diagnostic:
    wrong = _option(span, "scan", f"goes along `{axis}`, and {what} has that axis at every step")
    return wrong.suggest(f"`rename(…, {axis} = …)` it")
