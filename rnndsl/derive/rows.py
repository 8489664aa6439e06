"""Tables of which a step looks up some rows: their gradient is that of these rows, and so may the optimizer's step be.

It is where the rule leaves a row alone whose gradient is zero: plain gradient descent does, and Adagrad; what has a momentum does
not, or a decay of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.ops.op import Op
from rnndsl.language.ops.table import OPS, has
from rnndsl.plan.attributes import Scatter
from rnndsl.plan.model import Graph, Node, Rule, Scan

_ZERO = "zero"
_PROBES = (-3.25, -1.0, -0.5, 0.5, 1.0, 3.25)
"""Numbers for which a function of plain numbers must be what it is taken for."""


def looked_up(graph: Graph, gradient: str) -> tuple[str, str] | None:
    """The ids and the rows that %gradient is the sum of, if it is one of a table without leading axes."""
    node = next(n for n in graph.nodes if n.id == gradient)
    if isinstance(node, Scan) or not isinstance(node.attrs, Scatter) or node.attrs.axes:
        return None
    ids, rows = node.args
    return ids, rows


def leaves_rows(rule: Rule) -> bool:
    """Whether a row whose gradient is zero stays what it is, its slots too, and each row's step is one of its own."""
    kinds: dict[str, str | None] = {"value": "value", "gradient": _ZERO}
    kinds.update((x.name, x.name) for x in rule.slots)
    whole = next(x.type for x in rule.graph.inputs if x.id == "value")
    if any(x.type.dims != whole.dims for x in rule.slots):
        return False
    by_row = set(kinds)
    for node in rule.graph.nodes:
        if isinstance(node, Scan) or not _goes_by_row(node, by_row):
            return False
        by_row.update([node.id] if not by_row.isdisjoint(node.args) else ())
        kinds[node.id] = _kind(OPS[node.op], [kinds.get(x) for x in node.args])
    return kinds.get(rule.value) == "value" and all(kinds.get(x.value) == x.name for x in rule.slots)


def _goes_by_row(node: Node, by_row: set[str]) -> bool:
    """Whether it computes each place of a table from the same place, or is one number for all."""
    return not node.type.dims if by_row.isdisjoint(node.args) else has(node.op, "elementwise")


def _kind(op: Op, args: Sequence[str | None]) -> str | None:
    """Zero, one of the values before the step, or neither: what `op` is of such, told by what it is of plain numbers."""
    if op.scalar is None or not args:
        return None
    same = {x for x in args if x is not None and x != _ZERO}
    if len(same) == 1 and None not in args and all(_of(op, args, x) == x for x in _PROBES):
        return same.pop()
    if _ZERO in args and all(_of(op, args, x) == 0.0 for x in _PROBES):
        return _ZERO
    return None


def _of(op: Op, args: Sequence[str | None], number: float) -> float | None:
    assert op.scalar is not None
    try:
        return op.scalar(*(0.0 if x == _ZERO else number for x in args))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
