"""Small parts of messages: names in quotes, counted things, lists in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import NewType

Hint = NewType("Hint", str)
"""A line that tells how to mend a fault. Made in `rnndsl.text` alone."""

MAX_SIMILAR = 2_000
"""Names that one name is compared with."""

MAX_COMPARED = 199
"""Characters of a name for which a similar one is looked for. From 200 on difflib leaves out what occurs often."""

_MAX_WORK = 60 * 60 * MAX_SIMILAR
"""Pairs of characters that are compared for one name."""


def did_you_mean(name: str, known: Iterable[str]) -> Hint | None:
    """A line that names the nearest of `known`, or None if none is near."""
    near = similar(name, known)
    return meant(near) if near else None


def similar(name: str, known: Iterable[str]) -> str | None:
    """The nearest of `known`, or None if none is near. Of very many, or of long ones, those of about its length are compared."""
    if len(name) > MAX_COMPARED:
        return None
    most = min(MAX_SIMILAR, _MAX_WORK // (len(name) + 1) ** 2)
    names = nsmallest(most, known, key=lambda n: abs(len(n) - len(name)))
    names = [n for n in names if len(n) <= 2 * len(name)]
    near = [n for n in names if n.casefold() == name.casefold()] or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return near[0] if near else None


def meant(word: str) -> Hint:
    """That `word` was probably meant."""
    return Hint(f"did you mean `{word}`?")


def quoted(names: Iterable[object]) -> str:
    """`a`, `b`, `c`, each in quotes."""
    return ", ".join(f"`{name}`" for name in names)


def either(words: Sequence[str]) -> str:
    """a, b or c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def counted(number: int, noun: str) -> str:
    """1 input, 2 inputs."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def article(noun: str) -> str:
    """a cell, an input."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def at(place: str) -> str:
    """Where something stands in the text, in brackets behind a sentence; nothing if it stands nowhere."""
    return f" ({place})" if place else ""
