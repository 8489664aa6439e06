"""The plan of a model's outputs outside training: what only training needs is gone.

`if_training` is its second side, `dropout` its argument, a variable that a scan updates just the variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rnndsl.passes.remove_dead import remove_dead
from rnndsl.plan.model import Graph, Node, Plan, Scan, ScanInput, TensorType
from rnndsl.plan.rewriting import map_top_ends, rename_ends, rename_result, rename_used, types_of


def inference_plan(plan: Plan) -> Plan:
    """`plan` with its outputs alone, as `predict` computes them. Its inputs and variables all stay in their tables."""
    titles = ("losses", "metrics", "residuals", "updates", "trains", "signatures")
    paths = {v.path for v in plan.variables}
    collections = {name: tuple(x for x in members if x in paths) for name, members in plan.collections.items()}
    bare = plan.model_copy(update={"collections": collections, **dict.fromkeys(titles, ())})
    graph, names = _choose(plan.graph, {})
    return remove_dead(map_top_ends(bare, names, graph))


def _choose(graph: Graph, names: dict[str, str]) -> tuple[Graph, dict[str, str]]:
    types = types_of(graph)
    bodies: dict[str, tuple[Scan, dict[str, str]]] = {}
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        node = rename_used(node, names)
        if isinstance(node, Scan):
            scan, inner = _choose_body(node)
            bodies[node.id] = (node, inner)
            nodes.append(scan)
            continue
        if node.op == "result":
            scan, inner = bodies[node.args[0]]
            node = rename_result(node, inner)
            stands = _variable(node, scan)
        else:
            stands = _chosen(node, types)
        if stands is None:
            nodes.append(node)
        else:
            names[node.id] = stands
    return replace(graph, nodes=tuple(nodes)), names


def _choose_body(scan: Scan) -> tuple[Scan, dict[str, str]]:
    body, names = _choose(scan.body, {})
    given = (*scan.given, *(ScanInput(v.initial, v.old) for v in scan.variables))
    return rename_ends(replace(scan, body=body, given=given, variables=()), names), names


def _chosen(node: Node, types: Mapping[str, TensorType]) -> str | None:
    """The id whose value `node` is outside training. One of a narrower type stays behind its node, which spreads it."""
    if node.op not in ("if_training", "dropout"):
        return None
    stands = node.args[1 if node.op == "if_training" else 0]
    return stands if types[stands] == node.type else None


def _variable(node: Node, scan: Scan) -> str | None:
    if node.attrs["of"] != "variable":
        return None
    return next(v.initial for v in scan.variables if v.path == node.attrs["name"])
