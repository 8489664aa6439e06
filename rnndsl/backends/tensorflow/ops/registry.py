"""The table of lowerings, one small function for each operation of the plan.

A lowering is `(frame, node, *operands) -> tensor`; the tensor is laid out as `node.type` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnndsl.backends.tensorflow.lower import Frame
else:
    Frame = Any

Lower = Callable[..., Any]
LOWERINGS: dict[str, Lower] = {}
"""Filled at import by `lowers`, and not changed afterwards."""

__all__ = ["LOWERINGS", "Frame", "Lower", "lowers"]


def lowers(*names: str) -> Callable[[Lower], Lower]:
    """Register the lowering of the operations `names`. Raises ValueError if one is registered already."""

    def register(function: Lower) -> Lower:
        for name in names:
            if name in LOWERINGS:
                raise ValueError(f"{name} is lowered twice")
            LOWERINGS[name] = function
        return function

    return register
