"""What passes did to a function, found by comparing it before and after, and what they left in its loops, and why.

No pass keeps a record of its own. A node that has left a graph for one around it has moved; one that has become columns of a new
value has been packed into that. Where nothing is packed, one that is gone is shared, or read by nothing; where something is, it was
on the way to what is packed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from rnndsl.language.ops.table import has
from rnndsl.passes.hoist_inputs import Cone, Hindrance
from rnndsl.passes.pack_projections import packs
from rnndsl.passes.slices import slice_of
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Function, Graph, Node, Scan
from rnndsl.plan.rewriting import types_of, used_ids
from rnndsl.records import Immutable, record

Deed = Literal["moved", "packed", "gone"]
Why = Literal["state", "changing_matrix", "only_product"] | Hindrance


@record
class Change(Immutable):
    """What became of `node`, which stood in the body of `scan`, or in no loop. `into`: the id of what it was packed into."""

    deed: Deed
    scan: Scan | None
    node: Node
    into: str = ""


@record
class Left(Immutable):
    """A `node` that is dear and still in the body of `scan`. `why`, with the ids of the body that are to blame."""

    scan: Scan
    node: Node
    why: Why
    blamed: tuple[str, ...]


def changes(before: Function, after: Function) -> Iterator[Change]:
    """What became of the nodes of `before` that do something, in order. Leaves are written down anew wherever they are needed."""
    found = list(_changes(before, after))
    something_packed = any(x.deed == "packed" for x in found)
    yield from (x for x in found if not (something_packed and x.deed == "gone"))


def _changes(before: Function, after: Function) -> Iterator[Change]:
    old, new = {x.id for _, x in _placed(before.graph)}, {x.id: x for _, x in _placed(after.graph)}
    where = {x.id: None if scan is None else scan.id for scan, x in _placed(after.graph)}
    copies: dict[tuple[str, str], set[str | None]] = {}
    for id, node in new.items():
        if id not in old:
            copies.setdefault((_stem(id), node.op), set()).add(where[id])
    for scan, node in _placed(before.graph):
        now = new.get(node.id)
        if now is None:
            elsewhere = copies.get((_stem(node.id), node.op), set()) - {None if scan is None else scan.id}
            yield Change("moved" if scan is not None and elsewhere else "gone", scan, node)
        elif slice_of(node) is None and (part := slice_of(now)) is not None:
            yield Change("packed", scan, node, part.source)


def left(function: Function, packed: Iterable[str]) -> Iterator[Left]:
    """What is dear in the loops of `function`, and why it stands there. `packed`: the ids that other values were packed into."""
    made = {*packed}
    yield from _left(function.graph, function, made)


def _left(graph: Graph, function: Function, packed: set[str]) -> Iterator[Left]:
    types = types_of(graph)
    for scan in (x for x in graph.nodes if isinstance(x, Scan)):
        cone = Cone(scan, types, function.axes)
        causes = _causes(scan, cone)
        dear = [x for x in scan.body.nodes if isinstance(x, Node) and (has(x.op, "heavy") or has(x.op, "random"))]
        for node in dear:
            yield from (Left(scan, node, why, blamed) for why, blamed in causes[node.id].items())
        yield from _unpacked(scan, [x for x in dear if has(x.op, "product")], cone, packed)
        yield from _left(scan.body, function, packed)


def _causes(scan: Scan, cone: Cone) -> Mapping[str, dict[Why, tuple[str, ...]]]:
    """For each id of the body that stays in it: the reasons, its own and those of what it reads."""
    causes: dict[str, dict[Why, tuple[str, ...]]] = {x.old: {"state": (x.old,)} for x in (*scan.states, *scan.variables)}
    for node in scan.body.nodes:
        found: dict[Why, tuple[str, ...]] = {}
        for name in used_ids(node):
            for why, blamed in causes.get(name, {}).items():
                found[why] = tuple(dict.fromkeys((*found.get(why, ()), *blamed)))
        own = _own(node, cone)
        if own is not None:
            found[own] = tuple(dict.fromkeys((*found.get(own, ()), node.id)))
        causes[node.id] = found
    return causes


def _own(node: Node | Scan, cone: Cone) -> Hindrance | None:
    """What keeps `node` in the loop of `cone` beside what it reads."""
    if isinstance(node, Scan) or isinstance(node.attrs, Result) or node.id in cone.fixed:
        return None
    return cone.hindrance(node)


def _unpacked(scan: Scan, products: list[Node], cone: Cone, packed: set[str]) -> Iterator[Left]:
    """Of several products in a loop, those that are not part of a packed one."""
    types = types_of(scan.body)
    of = [node.args[0] for node in products]
    for node in products if len(products) > 1 else ():
        if node.id in packed:
            continue
        if not packs(node, types, cone.fixed):
            yield Left(scan, node, "changing_matrix", node.args[1:2])
        elif of.count(node.args[0]) == 1:
            yield Left(scan, node, "only_product", node.args[:1])


def _placed(graph: Graph, scan: Scan | None = None) -> Iterator[tuple[Scan | None, Node]]:
    """Each node that does something, with the scan in whose body it stands."""
    for node in graph.nodes:
        if isinstance(node, Scan):
            yield from _placed(node.body, node)
        elif not has(node.op, "leaf") and not isinstance(node.attrs, Result):
            yield scan, node


def _stem(id: str) -> str:
    """What a fresh id keeps of the one that it is like."""
    return re.sub(r"_\d+$", "", id)
