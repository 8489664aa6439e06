"""Diagnostics of variables, initialisers and selectors: see `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.codes.clauses import Clause
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import did_you_mean, meant

SELECTS_NOTHING = Code("RNN0301", "selector without a match")
TWO_INITIALIZERS = Code("RNN0302", "two initialisers")
BAD_INITIALIZER = Code("RNN0304", "initialiser does not fit")
NOTHING_INHERITED = Code("RNN0305", "nothing to inherit")
FREEZES_VAR = Code("RNN0306", "selector of params matches a var")
UNKNOWN_DEFAULT = Code("RNN0307", "unknown default")
BAD_RATE = Code("RNN0308", "rate out of range")
BAD_DEVICE = Code("RNN0309", "not a device")
BAD_BOUNDS = Code("RNN0310", "bounds that do not fit")


# ---------------------------------------------------------------- selectors


def selects_nothing(span: Span, pattern: str, near: str | None) -> Diagnostic:
    """`near`: a pattern that selects something."""
    return _nothing(span, pattern).suggest(meant(near) if near else None)


def selects_kind(span: Span, pattern: str, path: str, kind: str, rest: str) -> Diagnostic:
    """`gru/**`, where the layer at `path` is a GRU; `rest` is what follows the kind."""
    return _nothing(span, pattern).suggest(f"the layer `{path}` is a `{kind}`: write `{path}/{rest}`")


def _nothing(span: Span, pattern: str) -> Diagnostic:
    return SELECTS_NOTHING(span, f"`{pattern}` selects no variable")


def selects_vars(span: Span, pattern: str) -> Diagnostic:
    """A selector of params that matches `var`s alone."""
    return FREEZES_VAR(span, f"`{pattern}` selects no param: `freeze`, `unfreeze` and `rate` work on params alone")


def bad_rate(span: Span, what: str) -> Diagnostic:
    """`what`: the value, in words."""
    return BAD_RATE(span, f"a rate factor is a number from 0 up, not {what}")


# ---------------------------------------------------------------- initialisers


def two_initializers(span: Span, path: str, first: Span) -> Diagnostic:
    wrong = TWO_INITIALIZERS(span, f"two selectors give `{path}` different initialisers")
    return wrong.note("the other selector is here", first)


def bad_initializer(span: Span, name: str, path: str, problem: Clause) -> Diagnostic:
    """`problem`: what `language.initializers` finds."""
    return _misfit(span, name, path, f"it {problem}")


def initializer_dtype(span: Span, name: str, path: str, value: object, dtype: str) -> Diagnostic:
    return _misfit(span, name, path, f"{str(value).lower()} is no {dtype}")


def _misfit(span: Span, name: str, path: str, problem: str) -> Diagnostic:
    what = "the list" if name == "values" else f"`{name}`"
    return BAD_INITIALIZER(span, f"{what} cannot initialise `{path}`: {problem}")


def nothing_inherited(span: Span, path: str) -> Diagnostic:
    wrong = NOTHING_INHERITED(span, f"`{path}` asks for the inherited initialiser, and no `with (init = …)` encloses it")
    return wrong.suggest("`inherited(INIT)` says what holds where nothing is inherited")


# ---------------------------------------------------------------- defaults


def unknown_default(span: Span, name: str, known: Sequence[str]) -> Diagnostic:
    wrong = UNKNOWN_DEFAULT(span, f"`with` has no default `{name}`")
    return wrong.suggest(did_you_mean(name, known) or f"there are {', '.join(known)}")


def bad_device(span: Span, written: str) -> Diagnostic:
    wrong = BAD_DEVICE(span, f"{written} is not the name of a device")
    return wrong.suggest('write `"/GPU:0"`, `"/CPU:0"` or another number')


# ---------------------------------------------------------------- bounds


def bounds_of(span: Span, path: str, what: str) -> Diagnostic:
    """`what`: a `var`, or a param of whole numbers."""
    return BAD_BOUNDS(span, f"`{path}` is {what}: optimizers keep `param`s of floats within bounds, and nothing else")


def bound(span: Span, path: str, what: str) -> Diagnostic:
    """`what`: the value, in words."""
    return BAD_BOUNDS(span, f"a bound of `{path}` is a number or `none`, not {what}")


def no_bounds(span: Span, path: str) -> Diagnostic:
    return BAD_BOUNDS(span, f"`{path}` has neither a lower nor an upper bound").suggest("leave the clause out")


def empty_bounds(span: Span, path: str, low: float, high: float) -> Diagnostic:
    return BAD_BOUNDS(span, f"the lower bound of `{path}`, {low:g}, is not below the upper one, {high:g}")


def starts_outside(span: Span, path: str, name: str, value: float, low: float | None, high: float | None) -> Diagnostic:
    """`name`: the initialiser that gives `value`."""
    room = " and ".join([*([f"{low:g} or more"] if low is not None else []), *([f"{high:g} or less"] if high is not None else [])])
    wrong = BAD_BOUNDS(span, f"`{path}` starts at {value:g} by `{name}`, outside of its bounds: {room}")
    return wrong.suggest("choose a start with `~`, or with `init` in the model")
