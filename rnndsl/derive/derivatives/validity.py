"""Which rows a scan counts at each step, as the scan that runs back must know it."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.derive.derivatives.levels import Level, Outside
from rnndsl.language.ops.derivative.writing import V, apply, spread
from rnndsl.plan.attributes import Constant, ValidSteps
from rnndsl.plan.model import Node, Scan, TensorType


def valid_axes(scan: Scan, level: Level, types: Mapping[str, TensorType]) -> frozenset[str]:
    """Over which the validity of a step differs. `types`: of the body."""
    axes = {a for x in (scan.lengths, scan.mask) if x is not None for a in level.axes(x)}
    axes.update(a for s in scan.states if s.name == scan.until for a in types[s.old].axes)
    return frozenset(axes - {scan.axis})


def valid_steps(scan: Scan, outside: Outside) -> V | None:
    """Which rows are valid, of all steps: None if all are at every step."""
    if scan.until is not None:
        return _saved(scan, outside)
    level, writer = outside.level, outside.writer
    by = [x for x in (scan.lengths, scan.mask) if x is not None]
    if not by:
        return None
    t = TensorType("bool").with_axes([scan.axis, *outside.valid_axes], writer.order)
    yes = spread(V(writer, writer.put(_true(scan, outside))), t)
    told = ValidSteps(scan.axis, scan.lengths is not None, scan.mask is not None)
    return apply("valid_steps", yes, *(V(writer, level.value(x)) for x in by), told=told)


def _saved(scan: Scan, outside: Outside) -> V:
    """An output that is true at each step is false where no step was."""
    node = _true(scan, outside)
    outside.add_forward(node)
    made = outside.extras.more(scan, node.id, node.type, outside.valid_axes)
    outside.extras.constants.setdefault(scan.id, []).append(node)
    outside.level.add_forward(made)
    return V(outside.writer, outside.level.value(made.id))


def _true(scan: Scan, outside: Outside) -> Node:
    return Node(outside.writer.fresh.like("d_true"), "literal", (), Constant(True), TensorType("bool"), scan.place)
