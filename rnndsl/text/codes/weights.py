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
NO_LAYOUT = Code("RNN0608", "layout does not apply")
UNSOLVABLE = Code("RNN0609", "layout cannot be solved")
NOT_HELD = Code("RNN0610", "layout does not hold")

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


def layout_missing(span: Span, file: str, layout: str, absent: Sequence[Absent], of: int, places: Sequence[str]) -> Diagnostic:
    """`absent`: equations of the `layout`, of `of` tensors. `places`: where in the file all its tensors are."""
    wrong = MISSING(span, f"`{file}` lacks {len(absent)} of {counted(of, 'tensor')} of the layout `{layout}`")
    for each in absent[:SHOWN]:
        near = next((found for known in each.near if (found := similar(each.key, known))), None)
        meant = f"; did you mean `{near}`?" if near else ""
        wrong = wrong.note(f"there is no `{each.key}`, {each.type}, for {each.path}{meant}")
    if places:
        wrong = wrong.suggest("they are " + " and ".join(f'`at "{place}"`' for place in places[:SHOWN]))
    return _more(wrong, len(absent))


def layout_misfit(span: Span, file: str, layout: str, found: Sequence[Misshapen], of: int) -> Diagnostic:
    """`found`: equations of the `layout`, of `of` tensors."""
    wrong = MISFIT(
        span, f"`{file}` has other shapes or dtypes for {len(found)} of {counted(of, 'tensor')} of the layout `{layout}`"
    )
    for each in found[:SHOWN]:
        wrong = wrong.note(f"`{each.key}` is {each.found}, and {each.path} wants {each.type}")
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


def layout_target(span: Span, name: str, kind: str) -> Diagnostic:
    """`kind`: what `name` is, by the word that defines it."""
    return NO_LAYOUT(span, f"a layout is for a block or a cell, and `{name}` is of the kind `{kind}`")


def no_layer(span: Span, pattern: str, layers: Sequence[str]) -> Diagnostic:
    """`layers`: the paths of all."""
    wrong = NO_LAYOUT(span, f"`using` wants the path of one layer, and `{pattern}` is none")
    stem = pattern.partition("/*")[0]
    return wrong.suggest(f"write `{stem}`" if stem in layers else did_you_mean(stem, layers))


def not_a_layout(span: Span) -> Diagnostic:
    return NO_LAYOUT(span, "`using` wants the name of a layout, with arguments if it takes any: `using torch(0)`")


def no_layout(span: Span, name: str, kind: str, known: Sequence[str], kinds: Sequence[str]) -> Diagnostic:
    """`kind`: the definition of the layer; `known`: the layouts for it; `kinds`: what layouts of this name are for."""
    wrong = NO_LAYOUT(span, f"there is no layout `{name}` for `{kind}`")
    if kinds:
        wrong = wrong.note(f"`{name}` is for {quoted(kinds)}")
    if known:
        return wrong.suggest(f"layouts for `{kind}` are {quoted(known)}")
    return wrong.suggest(f'write one: `layout {name} for {kind} {{ "their name" = … }}`')


def map_with_layout(span: Span) -> Diagnostic:
    wrong = NO_LAYOUT(span, "a layout has the names of all tensors: there is nothing left for `map`")
    return wrong.suggest('say where they are by `at "…"`')


def part_rank(span: Span, given: int, rank: int) -> Diagnostic:
    """`given`: how many indices are written for a tensor that has `rank` dims."""
    return UNSOLVABLE(span, f"there are more indices here, {given}, than the tensor has dims, {rank}")


def part_bound(span: Span, found: str) -> Diagnostic:
    return UNSOLVABLE(span, f"a part of a foreign tensor is told by whole numbers from 0 up, and this is {found}")


def part_size(span: Span, size: int, wanted: int) -> Diagnostic:
    return UNSOLVABLE(span, f"this part is {size} long, and what it equals is {wanted}")


def parts_meet(span: Span, key: str, first: Span) -> Diagnostic:
    return UNSOLVABLE(span, f"`{key}`, or a part of it, stands on the left twice").note("the other place is here", first)


def layout_of_values(span: Span) -> Diagnostic:
    return UNSOLVABLE(span, "a layout is about variables, and this is computed in a call from other values")


def unsolved(span: Span, layout: str, paths: Sequence[str]) -> Diagnostic:
    """`paths`: variables of the layer that no equation has."""
    wrong = UNSOLVABLE(span, f"`{layout}` says nothing of {counted(len(paths), 'variable')}")
    return _more(wrong.note(quoted(paths[:SHOWN])), len(paths))


def solved_twice(span: Span, path: str, equation: Span, first: Span) -> Diagnostic:
    """`equation`: that gives `path` again, as `first` does."""
    if equation == first:
        return UNSOLVABLE(span, f"`{path}` stands twice in one equation").note("it is here", equation)
    return UNSOLVABLE(span, f"`{path}` is given by two equations").note("here", first).note("and here", equation)


def no_variable(span: Span, equation: Span) -> Diagnostic:
    return UNSOLVABLE(span, "an equation of the layout has no variable on the right").note("it is here", equation)


def no_inverse(span: Span, function: str, equation: str, place: Span) -> Diagnostic:
    """`function`: the operation that a variable is behind, as it is written."""
    wrong = UNSOLVABLE(span, f"`{function}` cannot be inverted in {equation}").note("the equation is here", place)
    return wrong.suggest("a layout may join, stack, transpose, reshape, negate, and do arithmetic with numbers")


def two_unknowns(span: Span, function: str, equation: str, place: Span) -> Diagnostic:
    """`function`: the operation whose arguments both have variables."""
    wrong = UNSOLVABLE(span, f"variables on both sides of `{function}` do not follow from {equation}")
    return wrong.note("the equation is here", place)


def not_held(span: Span, file: str, equations: Sequence[tuple[str, Span]]) -> Diagnostic:
    """`equations`: their texts and places."""
    wrong = NOT_HELD(span, f"no values of the variables fulfil the layout for what `{file}` holds")
    for text, place in equations[:SHOWN]:
        wrong = wrong.note(f"this is {text}", place)
    return _more(wrong, len(equations))


def left_over(span: Span, file: str, names: Sequence[str]) -> Diagnostic:
    warning = LEFT_OVER(span, f"nothing loads {counted(len(names), 'tensor')} of `{file}`")
    return _more(warning.note(quoted(names[:SHOWN])), len(names))


def part_left_over(span: Span, file: str, names: Sequence[str]) -> Diagnostic:
    warning = LEFT_OVER(span, f"only parts of {counted(len(names), 'tensor')} of `{file}` are loaded")
    return _more(warning.note(quoted(names[:SHOWN])), len(names))


def not_finite(span: Span, file: str, counts: Sequence[tuple[str, int, int]]) -> Diagnostic:
    """`counts`: of each variable's value, the NaNs and the infinities."""
    warning = NOT_FINITE(span, f"`{file}` has NaN or infinity for {counted(len(counts), 'variable')}")
    for path, nans, infinities in counts[:SHOWN]:
        warning = warning.note(f"`{path}`: {nans} NaN, {infinities} infinite")
    return _more(warning, len(counts))


def _more(diagnostic: Diagnostic, count: int) -> Diagnostic:
    return diagnostic.note(f"and {count - SHOWN} more") if count > SHOWN else diagnostic
