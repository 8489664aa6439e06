"""Moves what is the same at every step out of the loop: it is computed once and given to the body.

That is every pure node whose arguments are given values, variables, constants, or such nodes themselves. Constants alone stay
where they are used, since a compiler folds them best there; so does anything random, which is drawn afresh at each step.
A variable that the scan updates is not read by a node but carried, so a `read` is always of the value before the call.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.language.ops.table import has
from rnndsl.passes.moving import Move, fixed_ids, hoist_everywhere
from rnndsl.plan.model import Function, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds


def hoist_invariants(function: Function) -> Function:
    """`function` with loop-invariant nodes moved out of its scans, through several if they are nested."""
    fresh = FreshIds(function.graph)

    def hoist(scan: Scan, types: Mapping[str, TensorType]) -> tuple[list[Node], Scan]:
        fixed = fixed_ids(scan)
        nodes = tuple(n for n in scan.body.nodes if isinstance(n, Node) and n.id in fixed and not has(n.op, "constant"))
        return Move(scan, nodes, {n.id: n.type for n in nodes}, frozenset()).apply(fresh)

    return hoist_everywhere(function, hoist)
