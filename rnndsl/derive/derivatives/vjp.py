"""Vector-Jacobian products: the cotangents of some values of a function, given those of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.derivatives.activity import Activity
from rnndsl.derive.derivatives.again import scan_again
from rnndsl.derive.derivatives.backward import Backward
from rnndsl.derive.derivatives.levels import Extras, Top
from rnndsl.derive.derivatives.scans import scan_backward
from rnndsl.derive.derivatives.writer import GraphWriter, finite_ids
from rnndsl.language.ops.derivative.writing import V, spread, zeros
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds, types_of
from rnndsl.records import replace


def vjp(
    graph: Graph, seeds: Mapping[str, str], by: Sequence[str], order: Sequence[str], keep: Sequence[str] = ()
) -> tuple[Graph, dict[str, str]]:
    """`graph` with the cotangents of `by`, which are ids of its inputs or of what it reads, and their ids.

    seeds: from values of the graph to their cotangents, which are values of the graph too. They may have leading axes that no value
    has, many cotangents at once; then so has each of `by`. order: of the plan's axes and of those. What does not depend on a value
    has the cotangent zero. Every variable in `by` is read outside of scans (see `prepare`).

    keep: axes along which nothing meets on the way, and which all that is seeded has: cotangents are not summed over them, so that
    each of `by` is handed back what is owed to each place alone.
    """
    types = types_of(graph)
    more = tuple(a for a in order if a in keep or any(a in types[d].axes and a not in types[x].axes for x, d in seeds.items()))
    writer = GraphWriter(order, FreshIds(graph), more)
    finite = finite_ids(graph.nodes, ())
    for name, t in types.items():
        writer.know(name, t, finite=name in finite)
    extras = Extras(writer)
    sweep = Backward(Top(writer, extras), Activity(graph, by), _of_scan)
    for name, d in seeds.items():
        sweep.hand_back(name, V(writer, d))
    sweep.sweep(graph.nodes)
    writer.place = writer.target = ""
    found = {name: _whole(sweep.of(name), writer, writer.wide(writer.type_of(name))).id for name in by}
    return replace(graph, nodes=(*extras.applied(graph.nodes), *writer.nodes)), found


def _of_scan(around: Backward, scan: Scan, cotangents: dict[Result, V]) -> None:
    (scan_again if scan.again else scan_backward)(around, scan, cotangents)


def _whole(d: V | None, writer: GraphWriter, t: TensorType) -> V:
    return zeros(writer, t) if d is None else spread(d, t)
