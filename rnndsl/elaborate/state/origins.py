"""Where the facts about a variable come from, in words: what `explain` and the manifest say beside each."""

from __future__ import annotations

from typing import Literal

from rnndsl.text.source import Span

Kind = Literal["model", "scope", "layer"]

MATRIX = "default for rank 2 and up"
VECTOR = "default for rank 0 and 1"
WHOLE = "default"
"""Of a variable of whole numbers or truth values."""
COUNTER = "counts the calls that draw random numbers"
FIRST_CALL = "empty until the first call"

A_VAR = "a `var`"
A_COUNTER = "a counter"
CARRIED = "a carried state"
OPTIMIZERS = "an optimizer's own"
FROZEN = "declared `frozen`"


def by_with(kind: Kind, name: str, place: Span) -> str:
    """A default that is set by a `with`."""
    return f"`with` of {kind} `{name}` at {place}"


def inherited(setting: str) -> str:
    """An initialiser that a `with`, `setting`, sets."""
    return f"inherited from the {setting}"


def untrainable(setting: str) -> str:
    return f"`trainable = false` {setting}"


def declared(place: Span) -> str:
    return f"declared at {place}"


def by_selector(word: str, pattern: str, place: Span) -> str:
    """`word`: init, freeze or unfreeze."""
    return f"`{word} {pattern}` at {place}"


def no_gradient(dtype: str) -> str:
    return f"{dtype} has no gradient"


def loaded(place: Span) -> str:
    """A value that a `load` takes from a file."""
    return f"`load` at {place}"


def optimizer(name: str, train: str) -> str:
    return f"the optimizer `{name}` of `{train}`"


def first_value(path: str) -> str:
    return f"the first value of {path}"


def state(name: str, scan: str) -> str:
    """Of an input of a stream: `scan` is a path."""
    return f"the state `{name}` of `{scan}`"
