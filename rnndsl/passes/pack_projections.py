"""Packs the products of one vector with several matrices into one: x @ a, x @ b become x @ [a, b] and two slices.

The variables stay one for each gate. The right sides are matrices that do not change from step to step (variables, constants, given
values, and what is computed from these), so that packing them is loop-invariant and `hoist_invariants` moves it out of the loop.
What is packed is exact: each column of a product depends on its own column of the matrix alone.
"""

from __future__ import annotations

from rnndsl.language.ops.products import MATMUL
from rnndsl.passes.slices import as_slice
from rnndsl.plan.attributes import NOTHING, Dim
from rnndsl.plan.model import Function, Graph, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds, follows, in_order, types_of
from rnndsl.records import replace


def pack_projections(function: Function) -> Function:
    """`function` with projections packed in each graph, bodies of scans included."""
    fresh = FreshIds(function.graph)
    return replace(function, graph=_pack(function.graph, set(), fresh))


def _pack(graph: Graph, given: set[str], fresh: FreshIds) -> Graph:
    """`given`: the inputs of `graph` that are the same at every step."""
    types = types_of(graph)
    fixed = set(given)
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if isinstance(node, Scan):
            continue
        if follows(node, fixed):
            fixed.add(node.id)
        elif packs(node, types, fixed):
            groups.setdefault(node.args[0], []).append(node)
    packed: dict[str, list[Node]] = {}
    for group in groups.values():
        if len({node.args[1] for node in group}) > 1:
            packed.update(_packed(group, types, fresh))
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        if isinstance(node, Scan):
            inner = {x.inner for x in node.given}
            nodes.append(replace(node, body=_pack(node.body, inner, fresh)))
            continue
        nodes.extend(packed.get(node.id, (node,)))
    return replace(graph, nodes=in_order(nodes) if packed else tuple(nodes))


def packs(node: Node, types: dict[str, TensorType], fixed: set[str]) -> bool:
    """A product with a fixed matrix. (Its left side is not fixed, so no right side can depend on it.)"""
    if node.op != MATMUL.name or node.args[1] not in fixed or node.args[0] in fixed:
        return False
    right = types[node.args[1]]
    return not right.axes and len(right.dims) == 2


def _packed(group: list[Node], types: dict[str, TensorType], fresh: FreshIds) -> dict[str, list[Node]]:
    """For each product of `group`, [.., u_k], what takes its place: the first brings the packed product [.., sum of u_k]."""
    first = group[0]
    rights = list(dict.fromkeys(node.args[1] for node in group))
    matrix = types[rights[0]]
    total = sum(types[x].dims[1] for x in rights)
    concat_type = TensorType(matrix.dtype, (), (matrix.dims[0], total))
    concat = Node(fresh.like("packed"), "concat", tuple(rights), Dim(-1), concat_type, first.place)
    product_type = TensorType(first.type.dtype, first.type.axes, (*first.type.dims[:-1], total))
    product = Node(fresh.like(first.id), MATMUL.name, (first.args[0], concat.id), NOTHING, product_type, first.place)
    starts: dict[str, int] = {}
    start = 0
    for right in rights:
        starts[right] = start
        start += types[right].dims[1]
    result: dict[str, list[Node]] = {}
    for node in group:
        result[node.id] = [as_slice(node, product.id, starts[node.args[1]])]
    result[first.id] = [concat, product, *result[first.id]]
    return result
