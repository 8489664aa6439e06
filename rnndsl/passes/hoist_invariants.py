"""Moves what is the same at every step out of the loop: it is computed once and given to the body.

That is every pure node whose arguments are given values, variables, constants, or such nodes themselves, and a draw that is one for
all steps. Constants alone stay where they are used, since a compiler folds them best there; so does what is drawn afresh at each
step. A variable that the scan updates is not read by a node but carried, so a `read` is always of the value before the call.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.language.ops.table import has
from rnndsl.passes.moving import Move, fixed_ids, hoist_everywhere
from rnndsl.plan.attributes import Draw
from rnndsl.plan.model import Function, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds
from rnndsl.records import replace


def hoist_invariants(function: Function) -> Function:
    """`function` with loop-invariant nodes moved out of its scans, through several if they are nested."""
    fresh = FreshIds(function.graph)

    def hoist(scan: Scan, types: Mapping[str, TensorType]) -> tuple[list[Node], Scan]:
        fixed = fixed_ids(scan, _drawn_once)
        nodes = (n for n in scan.body.nodes if isinstance(n, Node) and n.id in fixed and not has(n.op, "constant"))
        moved = tuple(replace(n, attrs=replace(n.attrs, each_step=True)) if isinstance(n.attrs, Draw) else n for n in nodes)
        return Move(scan, moved, {n.id: n.type for n in moved}, frozenset()).apply(fresh)

    return hoist_everywhere(function, hoist)


def _drawn_once(node: Node) -> bool:
    """Whether `node` draws once for all steps."""
    return isinstance(node.attrs, Draw) and not node.attrs.each_step
