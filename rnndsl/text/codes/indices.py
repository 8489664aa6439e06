"""Diagnostics of indices, RNN0211: see `rnndsl.text.codes`. `what`: a value, in words."""

from __future__ import annotations

from collections.abc import Iterable

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import counted, did_you_mean

BAD_INDEX = Code("RNN0211", "bad index", of_arguments=True)


def index(span: Span, what: str) -> Diagnostic:
    """An index of a tensor or a list."""
    return _whole(span, "an index", what)


def range_end(span: Span, what: str) -> Diagnostic:
    return _whole(span, "an end of a range", what)


def family_index(span: Span, what: str) -> Diagnostic:
    return _whole(span, "the index of a family", what)


def _whole(span: Span, which: str, what: str) -> Diagnostic:
    return BAD_INDEX(span, f"{which} is a whole number known at compile time, not {what}")


def negative_member(span: Span, value: int) -> Diagnostic:
    return BAD_INDEX(span, f"the index of a family is a whole number from 0 up, not {value}")


def many_of_family(span: Span, family: str) -> Diagnostic:
    return BAD_INDEX(span, f"a family such as `{family}` has one index")


def many_of_list(span: Span) -> Diagnostic:
    return BAD_INDEX(span, "a list has one index")


def no_member(span: Span, name: str, family: str, known: Iterable[str]) -> Diagnostic:
    wrong = BAD_INDEX(span, f"there is no `{name}` in the family `{family}`")
    return wrong.suggest(did_you_mean(name, known))


def no_item(span: Span, at: int, length: int) -> Diagnostic:
    return BAD_INDEX(span, f"there is no item {at} in a list of {length}")


def no_range(span: Span, start: int, stop: int, size: int) -> Diagnostic:
    return BAD_INDEX(span, f"there is no range {start}..{stop} in a dim of {size}")


def no_index(span: Span, at: int, size: int) -> Diagnostic:
    return BAD_INDEX(span, f"there is no index {at} in a dim of {size}")


def axis_alone(span: Span) -> Diagnostic:
    wrong = BAD_INDEX(span, "one axis is indexed at a time, and no trailing dim beside it")
    return wrong.suggest("write one after the other: `x[time = 0][i]`")


def axis_of_one_step(span: Span) -> Diagnostic:
    return BAD_INDEX(span, "the axis of one step is gone, so nothing gets the name of `to`")


def stretch_without_axis(span: Span, axis: str) -> Diagnostic:
    wrong = BAD_INDEX(span, f"a part of `{axis}` has a length of its own, so it needs an axis of its own")
    return wrong.suggest("declare one, `axis frame`, and write `to = frame`")


def stretch_stride(span: Span, by: int) -> Diagnostic:
    return BAD_INDEX(span, f"steps are taken each `by`-th, from 1 up, not {by}")


def too_many(span: Span, count: int, type: object) -> Diagnostic:
    indices = counted(count, "index") if count == 1 else f"{count} indices"
    return BAD_INDEX(span, f"{indices} for the trailing dims of {type}")


def step_by_index(span: Span, written: str, type: object) -> Diagnostic:
    """`written[-1]` of a scan's result, whose steps have no number."""
    return too_many(span, 1, type).suggest(f"steps go by no index: the last one that counts is `{written}.last`")


def no_trailing_dim(span: Span, type: object, dim: int) -> Diagnostic:
    return BAD_INDEX(span, f"{type} has no trailing dim {dim}")


def ragged(span: Span) -> Diagnostic:
    return BAD_INDEX(span, "the rows of a list of numbers have different lengths")
