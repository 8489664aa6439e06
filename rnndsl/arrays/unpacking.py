"""How much a packed file may unpack to: one of a few kilobytes can fill any machine."""

from __future__ import annotations

MOST_UNPACKED = 1 << 31
MOST_TIMES = 100


def most_unpacked(packed: int) -> int:
    """The most bytes that a file of `packed` bytes may unpack to. Numbers that are worth keeping shrink far less."""
    return max(MOST_UNPACKED, MOST_TIMES * packed)
