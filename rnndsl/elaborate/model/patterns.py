"""How long a regular expression may take: Python's matcher tries ways, one after the other, and can't be stopped."""

from __future__ import annotations

import math
import re

MOST_WAYS = 10_000_000
"""A second or so of trying. Five `.*` in a path of 60 letters are below, a repeated group that itself has a choice above."""
_REPEAT = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.S)
_ESCAPE = re.compile(r"\\.", re.S)


def is_quick(pattern: str, longest: int) -> bool:
    """Whether `pattern`, which Python can compile, is matched in bounded time with any text of up to `longest` letters: whether the
    ways in which it may be tried, counted from above, are at most MOST_WAYS."""
    ways, free, _ = _choice(pattern, 0, longest)
    return _total(ways, free, longest) <= MOST_WAYS


def _total(ways: int, free: int, longest: int) -> int:
    """`free` repeats share the letters of a text, in so many ways."""
    return ways * math.comb(longest + free, free)


def _choice(text: str, at: int, longest: int) -> tuple[int, int, int]:
    """What stands from `at` up to a `)` or the end: its ways, the repeats in a row beside them, and the place behind."""
    ways, free = 0, 0
    while True:
        one, repeats, at = _sequence(text, at, longest)
        ways, free = ways + one, max(free, repeats)
        if at == len(text) or text[at] == ")":
            return ways, free, at
        at += 1  # the bar


def _sequence(text: str, at: int, longest: int) -> tuple[int, int, int]:
    ways, free = 1, 0
    while at < len(text) and text[at] not in "|)":
        inner, repeats = 1, 0
        if text[at] == "(":
            inner, repeats, at = _choice(text, at + (2 if text[at : at + 2] == "(?" else 1), longest)
            at += 1
        else:
            atom = _CLASS.match(text, at) or _ESCAPE.match(text, at)
            at = atom.end() if atom else at + 1
        repeat = _REPEAT.match(text, at)
        if repeat is None:
            ways, free = ways * inner, free + repeats
            continue
        at = repeat.end()
        least, most = _bounds(repeat, longest)
        if most <= 1:
            ways, free = ways * (most - least + inner), free + repeats
        elif _total(inner, repeats, longest) > 1:
            ways = min(ways * _total(inner, repeats, longest) ** most * (most + 1), MOST_WAYS + 1)
        elif most - least >= longest:
            free += 1
        else:
            ways *= most - least + 1
    return min(ways, MOST_WAYS + 1), free, at


def _bounds(repeat: re.Match[str], longest: int) -> tuple[int, int]:
    """How often at least and at most; no more often than a text has letters."""
    match repeat[0]:
        case "?":
            return 0, 1
        case "*" | "+":
            return 0, longest
        case _:
            least = min(int(repeat[1] or 0), longest)
            most = min(int(repeat[3] or longest), longest) if repeat[2] else least
            return least, max(least, most)
