"""Which result tells the best epoch, and whether it is to be low or high."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from rnndsl.arrays.values import DataError
from rnndsl.records import Immutable, record
from rnndsl.text.faults import training as faults

HELD_OUT = "held_out/"
"""What stands before the names of results on the examples that are held out."""
Direction = Literal["min", "max"]
DIRECTIONS: Sequence[Direction] = ("min", "max")


@record
class Watch(Immutable):
    """The result `name` of `evaluate` on what is held out is to be as low (`min`) or as high (`max`) as can be."""

    name: str
    direction: Direction

    def __str__(self) -> str:
        return f"{self.name}:{self.direction}"

    def is_better(self, results: Mapping[str, float], before: Mapping[str, float]) -> bool:
        """Whether `results` beat those of `before`; anything does where there is nothing to beat, or what there is is NaN."""
        old = before.get(HELD_OUT + self.name, math.nan)
        new = results[HELD_OUT + self.name]
        return math.isnan(old) or (new < old if self.direction == "min" else new > old)


def watched(asked: str | None, trained: Sequence[str], losses: Collection[str], known: Sequence[str]) -> Watch:
    """What `--watch` asks for: `NAME:min`, `NAME:max`, or the NAME of a loss, which is to be low. Without it, the first loss.

    `trained`: the losses that are minimised. `losses`: those that there are. `known`: what `evaluate` gives.
    Raises DataError for an unknown name, and for a metric of which the direction is not said.
    """
    if asked is None:
        first = next((name for name in (*trained, *known) if name in losses), None)
        if first is None:
            raise DataError(faults.nothing_to_watch(known))
        return Watch(first, "min")
    name, colon, said = asked.partition(":")
    if name not in known:
        raise DataError(faults.unwatched(name, known))
    for direction in DIRECTIONS:
        if said == direction or (not colon and name in losses):
            return Watch(name, direction)
    raise DataError(faults.which_way(name, said))
