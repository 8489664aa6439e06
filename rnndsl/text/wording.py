"""Small parts of messages: names in quotes, counted things, lists in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NewType

Hint = NewType("Hint", str)
"""A line that tells how to mend a fault. Made in `rnndsl.text` alone."""

MAX_SIMILAR = 2_000
"""Names that one name is compared with."""

MAX_COMPARED = 60
"""Characters of a name for which a similar one is looked for."""


def did_you_mean(name: str, known: Iterable[str]) -> Hint | None:
    """A line that names the nearest of `known`, or None if none is near."""
    near = similar(name, known)
    return meant(near) if near else None


def similar(name: str, known: Iterable[str]) -> str | None:
    """The nearest of `known`, or None if none is near. Of very many, or of very long ones, some are compared."""
    if len(name) > MAX_COMPARED:
        return None
    names = list(islice((n for n in known if abs(len(n) - len(name)) <= len(name)), MAX_SIMILAR))
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
