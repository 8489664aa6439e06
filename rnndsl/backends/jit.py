"""Whether a backend has the recurrences of a function compiled before it runs them."""

from __future__ import annotations

import math
from typing import Literal

from rnndsl.plan.model import Function, Scan, all_nodes
from rnndsl.plan.rewriting import types_of

Jit = Literal["auto", "always", "never"]
"""`auto`: those of training steps, which are called often, and wide ones."""
JITS: tuple[Jit, ...] = ("auto", "always", "never")
_WIDE = 64
"""So many numbers in the states of a row make a recurrence that is worth the compiler's time, some 0.2 s for each length. Below,
a call takes a millisecond or two, and halving that needs hundreds of calls."""


def compiles(function: Function, jit: Jit) -> bool:
    """Whether `function` is compiled."""
    if jit == "auto":
        return function.kind == "train" or (function.kind != "gradients" and _width(function) >= _WIDE)
    return jit == "always"


def _width(function: Function) -> int:
    """How many numbers the states of a row have, in the widest scan."""
    scans = (node for node in all_nodes(function.graph) if isinstance(node, Scan))
    return max(map(_carried, scans), default=0)


def _carried(scan: Scan) -> int:
    types = types_of(scan.body)
    return sum(math.prod(types[state.old].dims) for state in scan.states)
