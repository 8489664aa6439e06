"""Diagnostics of values of the wrong kind, RNN0111 and RNN0113: see `rnndsl.text.codes`. `what`: the value, in words."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import article, did_you_mean, either

WRONG_KIND = Code("RNN0111", "value of another kind")
NOT_CONSTANT = Code("RNN0113", "not known at compile time")

ATTRIBUTES = {"axis": "an axis", "dtype": "a dtype", "int": "a whole number", "size": "a whole number", "dims": "a list of dims"}
"""What arguments that are no tensors are, in words; others are called by their kind."""

DEFAULTS = {
    "trainable": "true or false",
    "training": "false",
    "dtype": "a dtype",
    "device": 'a device such as "/GPU:0"',
    "collections": "collections such as `{losses}`",
}
"""What the defaults of a `with` are."""


def _given(span: Span, what: str, wanted: str) -> Diagnostic:
    return WRONG_KIND(span, f"{what} was given where {wanted} is wanted")


def _argument(span: Span, what: str, wanted: str, name: str, function: str) -> Diagnostic:
    return _given(span, what, f"{wanted} (`{name}` of `{function}`)")


# ---------------------------------------------------------------- operands, conditions, ranges


def not_a_bool(span: Span, what: str) -> Diagnostic:
    """An operand of `and`, `or` and `not`."""
    return _given(span, what, "a bool")


def not_a_number(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "a number")


def training_as_operand(span: Span) -> Diagnostic:
    wrong = _given(span, "`training`", "an operand of this operator")
    return wrong.suggest("`if training then a else b` chooses a value; `not`, `and` and `or` combine it with a bool")


def condition(span: Span, what: str) -> Diagnostic:
    """Of an `if` statement."""
    return _given(span, what, "a compile-time bool")


def no_range(span: Span, what: str) -> Diagnostic:
    """What a `for` runs over."""
    return _given(span, what, "a range `a..b` or a list")


def not_constant(span: Span, what: str) -> Diagnostic:
    return NOT_CONSTANT(span, f"{what} is not known at compile time")


def condition_at_run_time(span: Span, what: str) -> Diagnostic:
    """Of an `if` expression."""
    return not_constant(span, what).suggest("`where(condition, a, b)` chooses elementwise at run time")


# ---------------------------------------------------------------- arguments of functions


def attribute(span: Span, what: str, kind: str, name: str, function: str) -> Diagnostic:
    """An argument that must be known at compile time; `kind`: that of the parameter, such as `int`."""
    return _argument(span, what, ATTRIBUTES.get(kind, article(kind)), name, function)


def one_of(span: Span, what: str, words: Sequence[str], name: str, function: str) -> Diagnostic:
    return _argument(span, what, f"one of {', '.join(words)}", name, function)


def unknown_word(span: Span, word: str, words: Sequence[str], name: str, function: str) -> Diagnostic:
    """A name that nothing defines in the place of one of `words`."""
    return one_of(span, f"`{word}`", words, name, function).suggest(did_you_mean(word, words))


def number(span: Span, what: str, name: str, function: str) -> Diagnostic:
    return _argument(span, what, "a number", name, function)


def whole_number(span: Span, what: str, name: str, function: str) -> Diagnostic:
    return _argument(span, what, "a whole number", name, function)


def not_a_list(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "a list")


def elementwise(span: Span, reduction: str) -> Diagnostic:
    return _given(span, f"the reduction `{reduction}`", "an elementwise function")


def table_function(span: Span, what: str) -> Diagnostic:
    """Of `tabulate`."""
    return _given(span, what, "a function of whole numbers")


def one_collection(span: Span, what: str) -> Diagnostic:
    """Of `l1` and `l2`."""
    return _given(span, what, "one collection, such as `{regularised}`")


def reduced(span: Span, what: str, words: Sequence[str]) -> Diagnostic:
    """What a reduction is `over`: an axis, or one of `words`."""
    return _given(span, what, either(["an axis", *(f"`{word}`" for word in words)]))


def tensor_input(span: Span, what: str, layer: str) -> Diagnostic:
    return _given(span, what, f"a tensor for an input of `{layer}`")


def scanned_tensor(span: Span, what: str, function: str) -> Diagnostic:
    return _given(span, what, f"a tensor to `{function}` over")


def state_function(span: Span, what: str) -> Diagnostic:
    """Of `map_state`."""
    return _given(span, what, "a function of the new and the old state")


def past_function(span: Span, what: str) -> Diagnostic:
    """Of `map_recurrent`."""
    return _given(span, what, "a function of a past state")


def state_names(span: Span, what: str, function: str) -> Diagnostic:
    return _argument(span, what, 'names of states, such as ["c"]', "skip", function)


def path_segment(span: Span, what: str) -> Diagnostic:
    """Of the `path` of a layer."""
    return _given(span, what, "a string, a segment of a path")


def segment_part(span: Span, what: str, name: str) -> Diagnostic:
    """What `{name}` stands for in a segment."""
    return _given(span, what, f"a whole number or a string (`{name}`)")


# ---------------------------------------------------------------- layers, parameters, defaults


def no_layer(span: Span, what: str) -> Diagnostic:
    """What makes a layer."""
    return _given(span, what, "a block or cell with its arguments")


def unapplied_definition(span: Span, what: str, name: str) -> Diagnostic:
    """A block or cell without its arguments, where a layer is made."""
    wrong = _given(span, what, "a constructor with its arguments")
    return wrong.suggest(f"write `{name}(…)`, or `{name}()` if it takes none")


def parameter(span: Span, what: str, type: str, name: str, declared: Span) -> Diagnostic:
    """A constructor parameter of the declared `type`."""
    return _given(span, what, article(type)).note(f"the parameter `{name}` is declared here", declared)


def parameter_item(span: Span, what: str, type: str, name: str, declared: Span) -> Diagnostic:
    """An item, `what`, of a list for a parameter."""
    return parameter(span, f"a list with {what}", type, name, declared)


def bare_parameter(span: Span, what: str, type: str, name: str, declared: Span) -> Diagnostic:
    """A block or cell without its arguments."""
    return parameter(span, f"{what} without its arguments", type, name, declared)


def no_initializer(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "an initializer")


def default(span: Span, what: str, name: str) -> Diagnostic:
    """`name`: a key of `DEFAULTS`."""
    return _given(span, what, f"{DEFAULTS[name]} (`{name}`)")


def seed(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "a seed, a whole number from 0 up")


def text(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "a text")


# ---------------------------------------------------------------- rates of training


def rate(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "a rate from 0 up")


def rate_tensor(span: Span, what: str) -> Diagnostic:
    return _given(span, what, "a number, a schedule or a scalar input as the rate")
