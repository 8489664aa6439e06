"""Diagnostics of pretrained values: see `rnndsl.text.codes`. A `file` is named as the spec writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.records import Immutable, record
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.fault import Fault
from rnndsl.text.source import Span
from rnndsl.text.wording import counted, did_you_mean, quoted, similar

UNREADABLE = Code("RNN0601", "weights cannot be read")
MISSING = Code("RNN0602", "tensor missing")
MISFIT = Code("RNN0603", "tensor does not fit")
DOUBLED = Code("RNN0604", "loaded twice")
BAD_MAP = Code("RNN0605", "map does not apply")
LEFT_OVER = Code("RNN0606", "tensors left over", severity="warning")
NOT_FINITE = Code("RNN0607", "NaN or infinity in weights", severity="warning")

SHOWN = 50
"""Variables or tensors that one diagnostic tells about; of more, it says how many."""


@record
class Absent(Immutable):
    """A variable, of a type in words, without its tensor. `near`: the names of tensors that may be meant, those that fit first."""

    path: str
    type: str
    key: str
    near: tuple[Sequence[str], ...]


@record
class Misshapen(Immutable):
    """A variable and its tensor, with their types in words."""

    path: str
    type: str
    key: str
    found: str


def unreadable(span: Span, file: str, location: PurePath, fault: Fault) -> Diagnostic:
    """`location`: of the file on this machine, as `fault` has it."""
    return UNREADABLE(span, fault.message.replace(str(location), file)).suggest(fault.help)


def nothing_at(span: Span, file: str, at: str, places: Sequence[str]) -> Diagnostic:
    """`places`: those that the file has, at any depth."""
    return MISSING(span, f"`{file}` has no tensors at `{at}`").suggest(did_you_mean(at, places))


def missing(span: Span, file: str, absent: Sequence[Absent], of: int) -> Diagnostic:
    """`of`: how many variables the load selects."""
    wrong = MISSING(span, f"`{file}` lacks the tensors of {len(absent)} of {counted(of, 'variable')}")
    for each in absent[:SHOWN]:
        near = next((found for known in each.near if (found := similar(each.key, known))), None)
        meant = f"; did you mean `{near}`?" if near else ""
        wrong = wrong.note(f"`{each.path}`, {each.type}: there is no `{each.key}`{meant}")
    return _more(wrong, len(absent))


def misfit(span: Span, file: str, found: Sequence[Misshapen], of: int) -> Diagnostic:
    """`of`: how many variables the load selects."""
    wrong = MISFIT(span, f"`{file}` has other shapes or dtypes for {len(found)} of {counted(of, 'variable')}")
    for each in found[:SHOWN]:
        wrong = wrong.note(f"`{each.path}` is {each.type}, its tensor `{each.key}` {each.found}")
    return _more(wrong, len(found))


def loaded_twice(span: Span, paths: Sequence[str], first: Span) -> Diagnostic:
    """`first`: the other load of the first of `paths`."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return DOUBLED(span, f"`{paths[0]}`{more} would be loaded twice").note("the other load is here", first)


def one_tensor(span: Span, key: str, path: str, other: str) -> Diagnostic:
    wrong = DOUBLED(span, f"`{path}` and `{other}` would both get the tensor `{key}`")
    return wrong.suggest("one variable that is used twice is shared: give one layer both uses")


def bad_pattern(span: Span, reason: str) -> Diagnostic:
    """`reason`: the words of Python's `re`."""
    return BAD_MAP(span, f"this is no regular expression: {reason}")


def slow_pattern(span: Span, pattern: str) -> Diagnostic:
    wrong = BAD_MAP(span, f"`{pattern}` may take for ever: there are too many ways in which it could match")
    return wrong.suggest("repeat nothing that is itself repeated or a choice: `[ab]*` for `(a|b)*`, `(.*/)?` for `(.+/)*`")


def bad_replacement(span: Span, reason: str, groups: int) -> Diagnostic:
    """`groups`: how many the pattern has; `reason`: the words of Python's `re`."""
    return BAD_MAP(span, f"this cannot replace what the pattern matches, which has {counted(groups, 'group')}: {reason}")


def rule_unused(span: Span, pattern: str, before: bool, paths: Sequence[str]) -> Diagnostic:
    """`before`: whether what it matches is matched by rules before it. `paths`: those that are loaded."""
    if before:
        return BAD_MAP(span, f"`{pattern}` comes too late: rules before it match all that it matches")
    wrong = BAD_MAP(span, f"`{pattern}` matches no variable that is loaded")
    return wrong.suggest(did_you_mean(pattern, paths) or f"a pattern matches the whole of a path, such as `{paths[0]}`")


def left_over(span: Span, file: str, names: Sequence[str]) -> Diagnostic:
    warning = LEFT_OVER(span, f"nothing loads {counted(len(names), 'tensor')} of `{file}`")
    return _more(warning.note(quoted(names[:SHOWN])), len(names))


def not_finite(span: Span, file: str, counts: Sequence[tuple[str, int, int]]) -> Diagnostic:
    """`counts`: of each variable's value, the NaNs and the infinities."""
    warning = NOT_FINITE(span, f"`{file}` has NaN or infinity for {counted(len(counts), 'variable')}")
    for path, nans, infinities in counts[:SHOWN]:
        warning = warning.note(f"`{path}`: {nans} NaN, {infinities} infinite")
    return _more(warning, len(counts))


def _more(diagnostic: Diagnostic, count: int) -> Diagnostic:
    return diagnostic.note(f"and {count - SHOWN} more") if count > SHOWN else diagnostic
