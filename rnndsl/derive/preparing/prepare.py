"""A graph made ready to be differentiated: the same values, with every part in a form that has a derivative.

Variables are read outside of scans, what does not depend on a scan's states is computed before it, and a dropout is the product
of its argument and what it keeps, which is a random draw without a derivative. Products and sums are packed as the passes pack
them: then so are those of the derivative.
"""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.derive.preparing.axes import with_own_axes
from rnndsl.derive.preparing.segments import in_segments
from rnndsl.derive.preparing.turning import turned
from rnndsl.language.ops.elementwise import MUL
from rnndsl.language.ops.random import DROPOUT
from rnndsl.language.ops.table import has
from rnndsl.language.rules.types import FLOATS
from rnndsl.passes.hoist_inputs import hoist_inputs
from rnndsl.passes.hoist_invariants import hoist_invariants
from rnndsl.passes.pack_activations import pack_activations
from rnndsl.passes.pack_projections import pack_projections
from rnndsl.passes.pack_sums import pack_sums
from rnndsl.plan.attributes import NOTHING, Attributes, Carried, Constant, Shape
from rnndsl.plan.model import Function, Graph, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds
from rnndsl.records import replace

PREPARING: tuple[tuple[str, Callable[[Function], Function]], ...] = (
    ("pack_projections", pack_projections),
    ("pack_sums", pack_sums),
    ("pack_activations", pack_activations),
    ("hoist_invariants", hoist_invariants),
    ("hoist_inputs", hoist_inputs),
)
"""The passes that come before a derivative, in their order."""


def prepared(function: Function) -> Function:
    """`function`, ready to be differentiated."""
    function = spelled_out(function)
    for _, change in PREPARING:
        function = change(function)
    return function


def spelled_out(function: Function) -> Function:
    """`function` with every part in a form that has a derivative, before the passes."""
    fresh = FreshIds(function.graph)
    graph = turned(_spelled_out(function.graph, fresh), fresh)
    return in_segments(with_own_axes(replace(function, graph=graph)))


def _spelled_out(graph: Graph, fresh: FreshIds) -> Graph:
    nodes: list[Node | Scan] = []
    constant = {node.id for node in graph.nodes if isinstance(node, Node) and has(node.op, "constant")}
    for node in graph.nodes:
        if isinstance(node, Scan):
            nodes.append(replace(node, body=_spelled_out(node.body, fresh)))
        elif node.op == DROPOUT.name:
            nodes += _kept(node, fresh)
        elif isinstance(node.attrs, Carried) and node.args[0] not in constant and node.type.dtype in FLOATS:
            nodes += _started(node, fresh)
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _started(node: Node, fresh: FreshIds) -> list[Node]:
    """The start where nothing is kept, which is where what is kept or 0 is 0, and what is kept or 1 is 1; else what is kept."""
    number, truth = TensorType(node.type.dtype), replace(node.type, dtype="bool")
    made: list[Node] = []

    def add(op: str, args: tuple[str, ...], t: TensorType, attrs: Attributes = NOTHING) -> str:
        made.append(Node(fresh.like(op), op, args, attrs, t, node.place))
        return made[-1].id

    numbers = [add("literal", (), number, Constant(value)) for value in (0.0, 1.0)]
    kept = [add(node.op, (x,), node.type, node.attrs) for x in numbers]
    cleared = add("and", tuple(add("eq", pair, truth) for pair in zip(kept, numbers, strict=True)), truth)
    start = add("broadcast", node.args, node.type, Shape(node.type.dims, node.type.axes))
    return [*made, Node(node.id, "where", (cleared, start, kept[0]), NOTHING, node.type, node.place)]


def _kept(node: Node, fresh: FreshIds) -> list[Node]:
    """x * dropout(ones), with the same draws."""
    x, rate = node.args
    one = Node(fresh.like("one"), "literal", (), Constant(1.0), TensorType(node.type.dtype), node.place)
    ones = Node(fresh.like("ones"), "broadcast", (one.id,), Shape(node.type.dims, node.type.axes), node.type, node.place)
    kept = replace(node, id=fresh.like(node.id), args=(ones.id, rate))
    return [one, ones, kept, Node(node.id, MUL.name, (x, kept.id), NOTHING, node.type, node.place)]
