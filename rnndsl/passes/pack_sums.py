"""Packs sums of slices: x[a..b] + y[a..b] and x[b..c] + y[b..c] become slices of one x + y; so do sums with fixed vectors.

After `pack_projections` a gate is a slice of a packed product plus a slice of another plus its bias; so packed, a step adds twice
instead of twice a gate. What is packed is exact: each column of a sum depends on its own columns alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.ops.elementwise import ADD
from rnndsl.passes.remove_dead import remove_dead
from rnndsl.passes.slices import Slice, as_slice, part_of, slice_of
from rnndsl.plan.attributes import NOTHING, Dim
from rnndsl.plan.model import Function, Graph, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds, follows, in_order, types_of
from rnndsl.records import Immutable, record, replace


@record
class _Sum(Immutable):
    """A sum that can be packed: a slice, and a slice of another value or a fixed vector."""

    node: Node
    left: Slice
    right: Slice | str


def pack_sums(function: Function) -> Function:
    """`function` with sums packed in each graph, bodies of scans included."""
    fresh = FreshIds(function.graph)
    return remove_dead(replace(function, graph=_pack(function.graph, set(), fresh)))


def _pack(graph: Graph, given: set[str], fresh: FreshIds) -> Graph:
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        inner = {x.inner for x in node.given} if isinstance(node, Scan) else set[str]()
        nodes.append(replace(node, body=_pack(node.body, inner, fresh)) if isinstance(node, Scan) else node)
    graph = replace(graph, nodes=tuple(nodes))
    while (packed := _round(graph, given, fresh)) is not None:
        graph = packed
    return graph


def _round(graph: Graph, given: set[str], fresh: FreshIds) -> Graph | None:
    """`graph` with the sums that can be seen now packed, or None if there are none. What they make may be summed again."""
    types = types_of(graph)
    groups: dict[tuple[str, str], list[_Sum]] = {}
    for each in _sums(graph, given, types):
        other = each.right.source if isinstance(each.right, Slice) else ""
        groups.setdefault((each.left.source, other), []).append(each)
    made: dict[str, list[Node]] = {}
    for group in groups.values():
        run = _contiguous(group)
        if len(run) > 1 and not any(each.node.id in made for each in run):
            made.update(_packed(run, types, fresh))
    if not made:
        return None
    replaced: list[Node | Scan] = []
    for node in graph.nodes:
        replaced.extend(made.get(node.id, (node,)))
    return replace(graph, nodes=in_order(replaced))


def _sums(graph: Graph, given: set[str], types: dict[str, TensorType]) -> list[_Sum]:
    fixed = set(given)
    slices: dict[str, Slice] = {}
    found: list[_Sum] = []
    for node in graph.nodes:
        if isinstance(node, Scan):
            continue
        if follows(node, fixed):
            fixed.add(node.id)
            continue
        selected = slice_of(node)
        if selected is not None:
            slices[node.id] = selected
        elif node.op == ADD.name and (each := _sum(node, slices, fixed, types)) is not None:
            found.append(each)
    return found


def _sum(node: Node, slices: dict[str, Slice], fixed: set[str], types: dict[str, TensorType]) -> _Sum | None:
    a, b = node.args
    if a not in slices and b in slices:
        a, b = b, a
    left = slices.get(a)
    if left is None or types[a].dims != node.type.dims:
        return None
    right = slices.get(b)
    if right is not None and types[b].dims == types[a].dims and right.source != left.source:
        return _Sum(node, left, right)
    if b in fixed and not types[b].axes and types[b].dims == types[a].dims[-1:]:
        return _Sum(node, left, b)
    return None


def _contiguous(group: Sequence[_Sum]) -> list[_Sum]:
    """The longest run of `group` whose slices follow each other, on both sides."""
    ordered = sorted({each.left.start: each for each in group}.values(), key=lambda each: each.left.start)
    best: list[_Sum] = []
    run: list[_Sum] = []
    for each in ordered:
        run = [*run, each] if run and _follows(run[-1], each) else [each]
        best = run if len(run) > len(best) else best
    return best


def _follows(first: _Sum, second: _Sum) -> bool:
    if first.left.stop != second.left.start:
        return False
    if isinstance(first.right, Slice) and isinstance(second.right, Slice):
        return first.right.stop == second.right.start
    return True


def _packed(run: Sequence[_Sum], types: dict[str, TensorType], fresh: FreshIds) -> dict[str, list[Node]]:
    """For each sum of `run` what takes its place: a slice of the packed sum, which the first brings."""
    first, last = run[0], run[-1]
    start, stop = first.left.start, last.left.stop
    place = first.node.place
    made: list[Node] = []
    left = part_of(Slice(first.left.source, start, stop), types, made, fresh, place)
    if isinstance(first.right, Slice) and isinstance(last.right, Slice):
        right = part_of(Slice(first.right.source, first.right.start, last.right.stop), types, made, fresh, place)
    else:
        vectors = tuple(each.right for each in run if isinstance(each.right, str))
        type = TensorType(first.node.type.dtype, (), (stop - start,))
        made.append(Node(fresh.like("packed"), "concat", vectors, Dim(-1), type, place))
        right = made[-1].id
    type = TensorType(first.node.type.dtype, first.node.type.axes, (*first.node.type.dims[:-1], stop - start))
    total = Node(fresh.like(first.node.id), ADD.name, (left, right), NOTHING, type, place)
    made.append(total)
    result: dict[str, list[Node]] = {}
    for each in run:
        result[each.node.id] = [as_slice(each.node, total.id, each.left.start - start)]
    result[first.node.id] = [*made, *result[first.node.id]]
    return result
