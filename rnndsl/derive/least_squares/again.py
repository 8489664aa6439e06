"""Residuals once more, on other values of the variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.replay import replay
from rnndsl.language.ops.table import has
from rnndsl.plan.graph import Graph, Node, Scan
from rnndsl.plan.rewriting import FreshIds, rename_used, used_ids
from rnndsl.records import Immutable, record, replace


@record
class Again(Immutable):
    """`nodes` read other values of the variables, and of the graph the values `fixed`, which do not depend on variables. `names`:
    what each residual is then; those that do not depend on variables are not in it."""

    nodes: tuple[Node | Scan, ...]
    fixed: tuple[str, ...]
    names: Mapping[str, str]


def again(graph: Graph, residuals: Sequence[str], values: Mapping[str, str], fresh: FreshIds) -> Again:
    """The part of `graph` that leads from variables to `residuals`, `values` in place of these. Constants are written down anew."""
    widened, names = replay(graph, residuals, values, fresh)
    added = widened.nodes[len(graph.nodes) :]
    own = {*(node.id for node in added), *values.values()}
    read = dict.fromkeys(x for node in added for x in used_ids(node) if x not in own)
    constants = (n for n in graph.nodes if isinstance(n, Node) and has(n.op, "constant") and not n.attrs.about)
    copies = {n.id: replace(n, id=fresh.like(n.id)) for n in constants if n.id in read}
    renamed = {name: copy.id for name, copy in copies.items()}
    nodes = (*copies.values(), *(rename_used(node, renamed) for node in added))
    return Again(nodes, tuple(x for x in read if x not in copies), names)
