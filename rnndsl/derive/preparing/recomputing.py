"""All scans of a plan as if each said `recompute = true`: what `compile --recompute` does."""

from __future__ import annotations

from rnndsl.plan.model import Node, Plan, Scan
from rnndsl.records import replace


def recomputing(plan: Plan) -> Plan:
    """`plan`, whose functions are not derived yet. A scan in a step of another one is run again with that, and one of as many steps
    as an input says stays as it is."""
    return replace(plan, graph=replace(plan.graph, nodes=tuple(map(_node, plan.graph.nodes))))


def _node(node: Node | Scan) -> Node | Scan:
    is_told = isinstance(node, Scan) and not isinstance(node.steps, str)
    return replace(node, recompute=True) if is_told else node
