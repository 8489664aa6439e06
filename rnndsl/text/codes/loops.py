"""Diagnostics of closed loops and beam searches, RNN0417: see `rnndsl.text.codes`. `what`: a value, in words."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import quoted

CLOSED_LOOP = Code("RNN0417", "closed loop does not fit")


def _option(span: Span, option: str, problem: str) -> Diagnostic:
    return CLOSED_LOOP(span, f"`{option}` {problem}")


_USES = {
    "feed": "`feed = f` gives each later step f of the output of the step before",
    "first": "`first = x0` is the input of the first step",
    "teacher": "`teacher = x` is what a row takes instead, with the chance `teach`",
    "teach": "`teach = 1.0` is teacher forcing, `teach = if training then 0.75 else 0.0` scheduled sampling",
}


def without(span: Span, option: str, needed: str) -> Diagnostic:
    """An option of a loop without another that it needs."""
    return _option(span, option, f"needs `{needed}` beside it").suggest(_USES[needed])


def input_by_position(span: Span) -> Diagnostic:
    """A scanned input of a loop without a name."""
    wrong = _option(span, "feed", "gives the cell its first input, so what else is scanned goes by name")
    return wrong.suggest("an input of which each step is known is a `teacher`")


def other_inputs(span: Span, fed: Sequence[str], given: Sequence[str]) -> Diagnostic:
    """`first` or `teacher` by other names than `feed`; the name "" for a value that goes by none."""
    return CLOSED_LOOP(span, f"this is for {_names(given)}, while `feed` is for {_names(fed)}")


def _names(names: Sequence[str]) -> str:
    return "the first input" if list(names) == [""] else quoted(names)


def teacher_and_steps(span: Span) -> Diagnostic:
    return _option(span, "teacher", "cannot go with `steps`: a loop with a teacher is as long as the teacher")


def end_and_until(span: Span) -> Diagnostic:
    return _option(span, "end", "cannot go with `until`: each says when a row ends")


def end_and_carry(span: Span) -> Diagnostic:
    return _option(span, "end", "cannot go with `carry`: a row that has ended would stay so in every later call")


def nothing_to_feed(span: Span) -> Diagnostic:
    return _option(span, "feed", "has no input left: the cell has none that the scan gives nothing else")


def first_type(span: Span, name: str, wanted: object, type: object) -> Diagnostic:
    return _option(span, "first", f"is {type}, which does not fit what is fed to `{name}`, {wanted}")


def feed_type(span: Span, name: str, wanted: object, type: object) -> Diagnostic:
    """What is fed is of another type than the first input."""
    wrong = _option(span, "feed", f"gives {type} for `{name}`, whose first input is {wanted}")
    return wrong.suggest("`feed` makes the next input of the output of the cell")


def no_function(span: Span, option: str, what: str) -> Diagnostic:
    """What `feed` or `end` cannot be."""
    an_id = "an id, " if option == "end" else ""
    return _option(span, option, f"is {an_id}a `fn`, a layer of a block or a block with its arguments, not {what}")


def teacher(span: Span, what: str) -> Diagnostic:
    return _option(span, "teacher", f"is the input of every step, a tensor, not {what}")


def teach(span: Span, what: str) -> Diagnostic:
    return _option(span, "teach", f"is a chance for each row, a number or a float without dims, not {what}")


def teach_axes(span: Span, type: object) -> Diagnostic:
    return _option(span, "teach", f"is a chance for each row, the same at every step, and {type} has an axis that a step lacks")


def chance(span: Span, value: float) -> Diagnostic:
    return _option(span, "teach", f"is a chance from 0 to 1, not {value}")


def end_of_no_id(span: Span, type: object) -> Diagnostic:
    """`end = 1` of a cell whose output is no id."""
    wrong = _option(span, "end", f"is an id, and the output of the cell, {type}, is none")
    return wrong.suggest("of another output, `end = f` says by a `fn` whether it was the last: `fn f(y) = argmax(y) == 1`")


def width(span: Span, what: str) -> Diagnostic:
    return _option(span, "width", f"is how many sequences are kept, a whole number from 1 up, not {what}")


def no_logits(span: Span, type: object) -> Diagnostic:
    """What the cell of a beam search gives."""
    return _option(span, "beam", f"needs a cell whose output is logits, a number for each id, not {type}")


def end_of_search(span: Span, what: str) -> Diagnostic:
    """What `end` is in a beam search, but an id."""
    return _option(span, "end", f"of a beam search is an id, not {what}")


def end_beyond(span: Span, end: int, size: int) -> Diagnostic:
    return _option(span, "end", f"is one of the {size} ids from 0 to {size - 1}, not {end}")


def end_type(span: Span, wanted: object, type: object) -> Diagnostic:
    return _option(span, "end", f"says {type}, not one bool a row, {wanted}")
