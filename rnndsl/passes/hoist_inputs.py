"""Computes what depends on a scan's inputs alone before the loop, for all steps at once: one [time, batch, n] @ [n, m].

Named axes make that exact: the same node, whose type has the scan's axis too. It holds for a scan in reverse, with lengths or
a mask, since each step's value depends on that step's inputs alone; in reverse with lengths only of each row alone.

**What may move**: pure nodes of scanned inputs, given values and constants, whose type rule gives for the whole sequence the
type of one step plus the axis. That leaves out what has the scan's axis already (attention over the sequence that is scanned),
and `position`. Where `until` can end the loop early, what can fail on values that the loop would never see does not move either
(`gather`, `inv`, `solve`, division of integers).

**What does move**: products with weights and other heavy operations, what they are computed from, and what is computed from them
alone (a bias, a gate's nonlinearity). A cheap function of the input without a product stays in the loop, where it costs
nothing and no memory for all steps. Neither does anything move that makes more numbers than it reads, a product with a weight
apart: an outer product of two projections would take time * n * n.

**Where the cut is**: slices of a packed product stay in the loop, which then reads one input for all gates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from rnndsl.language.ops.table import has, result_type
from rnndsl.language.rules.types import INTS, TypeRuleError
from rnndsl.passes.moving import Move, fixed_ids, hoist_everywhere
from rnndsl.plan.model import Function, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds, is_pure, turned_axes, used_ids

Hindrance = Literal["random", "step_by_step", "may_fail", "grows", "rows_meet"]
"""What keeps a function of scanned inputs in the loop: it draws; of all steps at once it is another; it may fail where the loop
would not go; it makes more numbers than it reads; rows meet in it that are not at one step."""


def hoist_inputs(function: Function) -> Function:
    """`function` with the parts of its scans that depend on scanned inputs alone computed before the loop."""
    fresh = FreshIds(function.graph)

    def hoist(scan: Scan, types: Mapping[str, TensorType]) -> tuple[list[Node], Scan]:
        return ([], scan) if scan.again else Cone(scan, types, function.axes).move().apply(fresh)

    return hoist_everywhere(function, hoist)


class Cone:
    """The part of a body that depends on scanned inputs alone."""

    def __init__(self, scan: Scan, outer: Mapping[str, TensorType], order: Sequence[str]) -> None:
        self.scan = scan
        self.order = order
        self.nodes = {n.id: n for n in scan.body.nodes if isinstance(n, Node)}
        inner = {x.id: x.type for x in scan.body.inputs}
        inner.update((n.id, n.type) for n in self.nodes.values())
        self.fixed = fixed_ids(scan)
        self.turned = turned_axes(scan, outer)
        self.types: dict[str, TensorType] = {x: inner[x] for x in self.fixed}
        self.varying = {x.inner for x in scan.scanned if outer[x.outer] == self.along(inner[x.inner])}
        self.types.update((x.inner, outer[x.outer]) for x in scan.scanned if x.inner in self.varying)
        for node in self.nodes.values():
            if self.movable(node):
                self.varying.add(node.id)
                self.types[node.id] = self.along(node.type)

    def along(self, t: TensorType) -> TensorType:
        """The type of all steps of a value that has the type `t` at one."""
        return t.with_axes([self.scan.axis], self.order)

    def movable(self, node: Node) -> bool:
        """Whether `node` may move, given that its arguments may."""
        if not all(x in self.types for x in node.args) or not any(x in self.varying for x in node.args):
            return False
        return self.hindrance(node) is None

    def hindrance(self, node: Node) -> Hindrance | None:
        """What keeps `node` in the loop beside its arguments."""
        if not is_pure(node):
            return "random"
        if self.scan.axis in node.type.axes:
            return "step_by_step"
        if self.fails_early(node):
            return "may_fail"
        if self.meets(node):
            return "rows_meet"
        if any(x not in self.types for x in node.args):
            return None
        if self.grows(node):
            return "grows"
        return None if self.has_all_steps(node) else "step_by_step"

    def has_all_steps(self, node: Node) -> bool:
        """Whether of all steps at once it has the type of one, plus the axis."""
        try:
            whole = result_type(node.op, [self.types[x] for x in node.args], node.attrs, self.order)
        except TypeRuleError:
            return False
        return whole == self.along(node.type)

    def meets(self, node: Node) -> bool:
        """Whether rows meet in `node` that are not at one step of time: each is reversed within its own length."""
        return not self.turned.isdisjoint(node.attrs.about)

    def fails_early(self, node: Node) -> bool:
        """Whether `node` could fail on a step that the loop leaves out."""
        if self.scan.until is None:
            return False
        return has(node.op, "can_fail") or (has(node.op, "can_fail_on_whole_numbers") and node.type.dtype in INTS)

    def grows(self, node: Node) -> bool:
        """Whether a step of `node` holds more numbers than what it reads of that step; products with weights may."""
        product = has(node.op, "product") or has(node.op, "lookup")
        if product and any(x in self.fixed for x in node.args):
            return False
        read = sum(math.prod(self.types[x].dims) for x in dict.fromkeys(node.args) if x in self.varying)
        return math.prod(node.type.dims) > read

    def chosen(self) -> set[str]:
        """Ids of the varying nodes that do move: heavy ones, what lies above, and what they need."""
        above: set[str] = set()
        for node in self.nodes.values():
            if node.id in self.varying and (has(node.op, "heavy") or any(x in above for x in node.args)):
                above.add(node.id)
        for node in reversed(self.nodes.values()):
            if node.id in above:
                above.update(x for x in node.args if x in self.nodes and x in self.varying)
        return above - self.sunk(above)

    def sunk(self, chosen: set[str]) -> set[str]:
        """Views that stay in the loop: those of a value that such views alone read, if nothing that moves reads them."""
        users: dict[str, list[str]] = {}
        for node in self.scan.body.nodes:
            for x in used_ids(node):
                users.setdefault(x, []).append(node.id)
        views = {x for x in chosen if has(self.nodes[x].op, "view") and not any(u in chosen for u in users.get(x, ()))}
        sinks = {x for x in chosen if users.get(x) and all(u in views for u in users[x])}
        return {x for x in views if self.nodes[x].args[0] in sinks}

    def move(self) -> Move:
        chosen = self.chosen()
        needed = set(chosen)
        for node in reversed(self.nodes.values()):
            if node.id in needed:
                needed.update(x for x in node.args if x in self.nodes and not has(self.nodes[x].op, "leaf"))
        nodes = tuple(n for n in self.nodes.values() if n.id in needed)
        return Move(self.scan, nodes, self.types, frozenset(chosen))
