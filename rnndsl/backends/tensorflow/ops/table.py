"""All lowerings, by name of the operation. A family is one file, whose `LOWERINGS` has its part of the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType

from rnndsl.backends.tensorflow.frame import Lower
from rnndsl.backends.tensorflow.ops import (
    alignment,
    axes,
    convolution,
    elementwise,
    losses,
    ordering,
    products,
    reductions,
    replicas,
    shapes,
    variables,
)
from rnndsl.backends.tensorflow.ops.random import draws

__all__ = ["LOWERINGS"]


def _united(families: Iterable[ModuleType]) -> Mapping[str, Lower]:
    """The tables of all `families` as one. Raises ValueError if two have one operation."""
    table: dict[str, Lower] = {}
    for family in families:
        twice = table.keys() & family.LOWERINGS
        if twice:
            raise ValueError(f"lowered twice: {', '.join(sorted(twice))}")
        table.update(family.LOWERINGS)
    return table


LOWERINGS = _united(
    (variables, elementwise, products, convolution, shapes, axes, ordering, draws, reductions, losses, alignment, replicas)
)
