"""What is counted up or put in order: running sums, and the places of sorted numbers, by which these are taken."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter, tensors, traits
from rnndsl.language.rules import ordering
from rnndsl.plan.attributes import Dim
from rnndsl.plan.ordering import Cumulative, Largest, Put

_INTERNAL = traits("internal")

ROWS: tuple[Op, ...] = (
    Op(
        "cumsum",
        "structure",
        (Parameter("x"), Parameter("axis", "int", -1), Parameter("over", "axis", None)),
        ordering.cumsum,
        ".ordering:cumsum",
        "y[i] = x[0] + ... + x[i]",
        "number",
        attributes=Cumulative,
        derivative=".ordering:cumsum",
        unseen="zeros",
    ),
    Op(
        "order",
        "structure",
        tensors("x"),
        ordering.order,
        ".ordering:order",
        "where the sorted numbers are, the first of equals first",
        symbol="sort",
        attributes=Dim,
        traits=_INTERNAL | traits("heavy"),
    ),
    Op(
        "largest",
        "structure",
        tensors("x"),
        ordering.largest,
        ".ordering:largest",
        "where the largest numbers of the last dim are, the first of equals first",
        symbol="top_k",
        attributes=Largest,
        traits=_INTERNAL | traits("heavy"),
    ),
    Op(
        "take",
        "structure",
        tensors("x", "ids"),
        ordering.take,
        ".ordering:take",
        "y[.., i, ..] = x[.., ids[.., i, ..], ..]",
        attributes=Dim,
        derivative=".ordering:take",
        traits=_INTERNAL,
    ),
    Op(
        "put",
        "structure",
        tensors("x", "ids"),
        ordering.put,
        ".ordering:put",
        "the sum of what has each id, zeros elsewhere",
        attributes=Put,
        derivative=".ordering:put",
        traits=_INTERNAL | traits("selects"),
    ),
)
