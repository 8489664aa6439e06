"""Diagnostics of calls and arithmetic, RNN0109, RNN0110 and RNN0120: see `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnndsl.text.codes.clauses import Clause
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import counted, did_you_mean, quoted

NOT_CALLABLE = Code("RNN0109", "not callable")
BAD_ARGUMENT = Code("RNN0110", "argument does not fit")
ARITHMETIC = Code("RNN0120", "arithmetic error")


def not_callable(span: Span, what: str) -> Diagnostic:
    """`what`: the value, in words."""
    return NOT_CALLABLE(span, f"{what} cannot be called")


def _argument(span: Span, function: str, problem: str) -> Diagnostic:
    return BAD_ARGUMENT(span, f"`{function}` {problem}")


# ---------------------------------------------------------------- which arguments


def unknown_parameter(span: Span, function: str, name: str, known: Sequence[str]) -> Diagnostic:
    listed = f"its parameters are {quoted(known)}" if known else None
    return _argument(span, function, f"has no parameter `{name}`").suggest(did_you_mean(name, known) or listed)


def missing(span: Span, function: str, names: Iterable[str]) -> Diagnostic:
    return _argument(span, function, f"needs {quoted(names)}")


def given_twice(span: Span, function: str, name: str, first: Span) -> Diagnostic:
    return _argument(span, function, f"is given `{name}` twice").note("the first is here", first)


def too_many(span: Span, function: str, most: int) -> Diagnostic:
    return _argument(span, function, f"takes {counted(most, 'argument')}, and this is one more")


def unnamed_after_named(span: Span, function: str) -> Diagnostic:
    return _argument(span, function, "has an unnamed argument after a named one")


def unknown_input(span: Span, layer: str, name: str, known: Iterable[str]) -> Diagnostic:
    return _argument(span, layer, f"has no input `{name}`").suggest(did_you_mean(name, known))


def missing_input(span: Span, layer: str, name: str) -> Diagnostic:
    return _argument(span, layer, f"needs a value for its input `{name}`")


def missing_given(span: Span, layer: str, name: str) -> Diagnostic:
    """Of a cell that a cell of the library is made of; `span`: where that is scanned or stepped."""
    return missing_input(span, layer, name).suggest(f"add `given = ({name} = …)`")


def too_many_inputs(span: Span, layer: str, most: int) -> Diagnostic:
    return _argument(span, layer, f"takes {counted(most, 'input')}, and this is one more")


def unknown_option(span: Span, function: str, name: str, known: Iterable[str]) -> Diagnostic:
    """Of a scan: neither an option nor an input of its cell."""
    wrong = _argument(span, function, f"has no option `{name}`, nor its cell an input of this name")
    return wrong.suggest(did_you_mean(name, known))


def wrong_count(span: Span, function: str, takes: int, given: int) -> Diagnostic:
    """A function of the language that is handed on as a value."""
    return _argument(span, function, f"takes {counted(takes, 'value')}, not {given}")


def wrong_parameter_count(span: Span, function: str, takes: int, given: int) -> Diagnostic:
    """A `fn` that is handed on as a value."""
    return _argument(span, function, f"has {counted(takes, 'parameter')}, not {given}")


# ---------------------------------------------------------------- what a function makes of them


def axis_and_over(span: Span, function: str) -> Diagnostic:
    return _argument(span, function, "works over `axis` or `over`, not both")


def of_step(span: Span, function: str, name: str) -> Diagnostic:
    """A parameter for steps outside of one."""
    wrong = _argument(span, function, f"takes `{name}` in the step of a cell alone")
    return wrong.suggest("a model has no steps: each element of a value is dropped by itself")


def chance(span: Span, function: str, value: float) -> Diagnostic:
    return _argument(span, function, f"needs a chance from 0 to 1, not {value}")


def no_values(span: Span, function: str, what: str) -> Diagnostic:
    """`what`: the value that is no list, in words."""
    return _argument(span, function, f"takes a list of values, not {what}")


def empty_list(span: Span, function: str) -> Diagnostic:
    return no_values(span, function, "an empty one")


def no_equation(span: Span) -> Diagnostic:
    return _argument(span, "einsum", 'starts with its equation, such as "ij,jk->ik"')


def rename_form(span: Span) -> Diagnostic:
    return _argument(span, "rename", "takes a value and one new name: `rename(x, time = frame)`")


def no_cell(span: Span, function: str) -> Diagnostic:
    return _argument(span, function, "starts with the cell")


# ---------------------------------------------------------------- optimizers and schedules


def average_form(span: Span) -> Diagnostic:
    return _argument(span, "average", "takes one argument, the decay")


def bad_number(span: Span, function: str, problem: Clause) -> Diagnostic:
    """`problem`: what is wrong with it."""
    return _argument(span, function, problem)


# ---------------------------------------------------------------- arithmetic


def division_by_zero(span: Span) -> Diagnostic:
    return ARITHMETIC(span, "division by zero")


def negative_power(span: Span) -> Diagnostic:
    wrong = ARITHMETIC(span, "a negative power of a whole number is no whole number")
    return wrong.suggest("write a `cast` to a floating-point dtype")


def undefined(span: Span, function: str, arguments: Iterable[object]) -> Diagnostic:
    return ARITHMETIC(span, f"`{function}` is undefined for {', '.join(map(str, arguments))}")


def not_real(span: Span) -> Diagnostic:
    return ARITHMETIC(span, "the result is not a real number")
