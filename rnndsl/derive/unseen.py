"""What a mask leaves out is never seen: neither in a value, nor by way of a gradient, nor as an id that no table has.

A masked reduction and the guard of a scan leave out positions of leading axes. What only they use, and what that is made of
position by position, is as if zero stood in the function's inputs there: NaN in the padding of a target reaches no gradient, -1
in the padding of ids no table. What something else uses too is seen there, and left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.language.ops.table import OPS
from rnndsl.language.rules.types import FLOATS, INTS
from rnndsl.plan.attributes import NOTHING, Result, ValidSteps
from rnndsl.plan.indices import At, Index
from rnndsl.plan.model import Function, Graph, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds, in_order, rename_used, types_of
from rnndsl.records import Immutable, record, replace


@record
class _Mask(Immutable):
    """What leaves positions of `axes` out: the arguments behind the first of a `valid_steps`, or a masked reduction's mask."""

    by: tuple[str, ...]
    axes: frozenset[str]
    valid: ValidSteps | None = None


_EVERYWHERE = _Mask((), frozenset())
"""Seen everywhere."""


def unseen(function: Function) -> Function:
    """`function` with zeros in those of its inputs, and whole numbers, that it reads at the positions of a mask alone."""
    graph = function.graph
    types = types_of(graph)
    masks, through = _masks(function, types)
    floats = FLOATS if function.kind == "train" else ()
    leaves = [x.id for x in graph.inputs if types[x.id].dtype in (*INTS, *floats)]
    numbers = (node for node in graph.nodes if isinstance(node, Node) and node.type.dtype in INTS)
    leaves += [node.id for node in numbers if not any(masks.get(x) == masks.get(node.id) for x in node.args)]
    guarded = {name: masks[name] for name in leaves if name in through and masks[name] is not _EVERYWHERE}
    return _guard(function, guarded, types) if guarded else function


def _masks(function: Function, types: Mapping[str, TensorType]) -> tuple[dict[str, _Mask], set[str]]:
    """By each value that is read, the mask at whose positions alone that happens; and which values something else than the mask's
    own operation reads so."""
    masks = dict.fromkeys(function.ends(), _EVERYWHERE)
    through: set[str] = set()
    for node in reversed(function.graph.nodes):
        if isinstance(node, Scan):
            masks.update(dict.fromkeys(node.outer_ids(), _EVERYWHERE))
            continue
        own = masks.get(node.id)
        if own is None or isinstance(node.attrs, Result):
            continue  # nothing reads it, or it reads no value
        for at, name in enumerate(node.args):
            mask = _of_argument(node, at, own, types)
            masks[name] = mask if masks.get(name, mask) == mask else _EVERYWHERE
            if mask is own:
                through.add(name)
    return masks, through


def _of_argument(node: Node, at: int, own: _Mask, types: Mapping[str, TensorType]) -> _Mask:
    """The mask at whose positions `node`, which is read at those of `own`, reads its argument."""
    type = types[node.args[at]]
    if at == 0 and isinstance(node.attrs, ValidSteps):
        valid = node.attrs
        return _Mask(node.args[1:], frozenset({valid.over, *(axis for x in node.args[1:] for axis in types[x].axes)}), valid)
    if at == 0 and OPS[node.op].kind == "reduction" and len(node.args) == 2:
        mask = types[node.args[1]]
        whole = {*mask.axes} <= {*type.axes} and all(dim == 1 for dim in mask.dims)
        return _Mask(node.args[1:], frozenset(mask.axes)) if whole and mask.axes else _EVERYWHERE
    return own if own.axes <= {*type.axes} and _is_by_position(node, own.axes) else _EVERYWHERE


def _is_by_position(node: Node, axes: frozenset[str]) -> bool:
    """Whether each position of `axes` in the value of `node` is made of the same position of its arguments."""
    op = OPS[node.op]
    return op.kind not in ("leaf", "control") and "whole_sequence" not in op.traits and axes.isdisjoint(node.attrs.about)


def _guard(function: Function, guarded: Mapping[str, _Mask], types: Mapping[str, TensorType]) -> Function:
    fresh = FreshIds(function.graph)
    made: list[Node] = []
    names: dict[str, str] = {}
    for name, mask in guarded.items():
        nodes = _zeros_left_out(name, mask, types, fresh)
        made += nodes
        names[name] = nodes[-1].id
    nodes = [*made, *(rename_used(node, names) for node in function.graph.nodes)]
    return replace(function, graph=Graph(function.graph.inputs, in_order(nodes)))


def _zeros_left_out(name: str, mask: _Mask, types: Mapping[str, TensorType], fresh: FreshIds) -> Sequence[Node]:
    """Nodes that are the value `name` at the positions of `mask`, zero elsewhere; the last is the value."""
    type = types[name]
    if mask.valid is not None:
        return [Node(fresh.like("seen"), "valid_steps", (name, *mask.by), mask.valid, type)]
    (by,) = mask.by
    nodes: list[Node] = []
    if types[by].dims:
        first = Index((At(0),) * len(types[by].dims))
        nodes.append(Node(fresh.like("positions"), "index", (by,), first, TensorType("bool", types[by].axes)))
        by = nodes[-1].id
    zero = Node(fresh.like("zero"), "zeros_like", (name,), NOTHING, type)
    return [*nodes, zero, Node(fresh.like("seen"), "where", (by, name, zero.id), NOTHING, type)]
