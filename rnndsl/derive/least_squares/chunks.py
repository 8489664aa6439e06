"""Residuals chunk by chunk of the batch, so that of their Jacobian only the rows of one chunk are there at a time.

A scan over the chunks has for its state what the rows have added up to. Its body has the part of the graph that leads from the
variables to the residuals, on the rows of one chunk: what does not depend on the variables is computed before, for the whole batch,
and cut. The last chunk is filled up with zeros, whose residuals a `where` leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rnndsl.derive.derivatives.activity import Activity
from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.least_squares.again import again
from rnndsl.derive.least_squares.jacobian import Unknowns, jacobian
from rnndsl.derive.least_squares.normal_equations import Sums, both, cost, sums
from rnndsl.derive.making import Making
from rnndsl.derive.preparing.axes import renamed
from rnndsl.derive.replay import copied
from rnndsl.language.builtins import BATCH
from rnndsl.language.ops.derivative.writing import V, apply, cast, compare, where, zeros
from rnndsl.plan.attributes import Over, Result
from rnndsl.plan.graph import Graph, GraphInput, Node, Scan, ScanInput, ScanState, TensorType
from rnndsl.plan.rewriting import FreshIds, new_axis, rename_used, types_of
from rnndsl.plan.stretches import Segments
from rnndsl.plan.tables import LeastSquares
from rnndsl.records import replace

Given = Callable[[V], V]
"""From a value of the graph to what it is where a scan stands."""


def chunked(graph: Graph, residuals: Sequence[str], reads: Iterable[str]) -> list[str]:
    """Those of `residuals` that have a batch, and depend on what `reads` read: of the others no chunk is wanted."""
    active, types = Activity(graph, reads).ids, types_of(graph)
    return [x for x in residuals if x in active and BATCH in types[x].axes]


class Chunks:
    """`graph` is that of `making` before it is differentiated; of it the `residuals` are meant, which all depend on the variables
    and have a batch."""

    def __init__(
        self, making: Making, graph: Graph, residuals: Sequence[str], unknowns: Unknowns, told: LeastSquares, path: str
    ) -> None:
        assert told.chunk is not None
        self.making, self.unknowns, self.told, self.path = making, unknowns, told, path
        chunk = new_axis("chunk", making.axes)
        self.cut = Segments(BATCH, chunk, new_axis("part", making.axes), each=told.chunk)
        at = making.axes.index(BATCH)
        making.axes = (*making.axes[:at], chunk, self.cut.within, *making.axes[at:])
        types, fresh = types_of(graph), FreshIds(graph)
        self.values = {path: fresh.like("value") for path in unknowns.types}
        found = again(graph, residuals, self.values, fresh)
        self.residuals = [found.names[x] for x in residuals]
        self.fed = {name: fresh.like("piece") for name in found.fixed}
        self.is_row = fresh.like("is_row")
        inputs = [GraphInput(self.values[path], t) for path, t in unknowns.types.items()]
        inputs += [GraphInput(inner, types[name]) for name, inner in self.fed.items()]
        inputs.append(GraphInput(self.is_row, TensorType("bool", (BATCH,))))
        nodes = tuple(rename_used(node, self.fed) for node in found.nodes)
        self.graph = renamed(Graph(tuple(inputs), nodes), BATCH, self.cut.within)
        self.pieces: dict[str, V] = {}
        """What the scans are given, by the id of their input; what has a batch is cut."""

    def prepare(self, writer: GraphWriter) -> None:
        """Cuts what the scans are given, behind the graph."""
        whole = {inner: V(writer, name) for name, inner in self.fed.items()}
        like = next(x for x in whole.values() if BATCH in x.type.axes)
        whole[self.is_row] = compare("ge", apply("position", like, told=Over(BATCH)), 0)
        self.pieces = {k: apply("segments", x, told=self.cut) if BATCH in x.type.axes else x for k, x in whole.items()}

    def sums(self, writer: GraphWriter, values: Mapping[str, V]) -> Sums:
        """What the rows of all chunks add up to, written behind the graph."""
        part, residuals = self._part()
        rows_of = jacobian(part, residuals, self.values, self.unknowns, forward=self.told.forward, apart=self.cut.within)
        self.making.axes = writer.order = part.axes
        body = part.writer(writer.place)
        found = sums(rows_of(body, self.told.dtype), self.told)
        kept = [*found.parts, found.squares]
        olds = [_input(body, x.type) for x in kept]
        whole = both(Sums(tuple(V(body, x.id) for x in olds[:-1]), V(body, olds[-1].id)), found, self.told)
        part.extend(body.nodes)
        news = [x.id for x in (*whole.parts, whole.squares)]
        made = self._scan(writer, part.graph, olds, news, values, lambda x: x)
        return Sums(tuple(made[:-1]), made[-1])

    def cost(self, writer: GraphWriter, values: Mapping[str, V], given: Given) -> V:
        """The cost alone, on other values of the variables."""
        part, residuals = self._part()
        body = part.writer(writer.place)
        found = cost([cast(V(body, x), self.told.dtype) for x in residuals], self.told)
        old = _input(body, found.type)
        new = V(body, old.id) + found
        part.extend(body.nodes)
        return self._scan(writer, part.graph, [old], [new.id], values, given)[0]

    # ---- the body

    def _part(self) -> tuple[Making, list[str]]:
        """The graph of one chunk, and its residuals, zero where the batch has no row."""
        making = self.making
        part = Making(making.mode, self.graph, FreshIds(self.graph), making.variables, making.axes)
        writer = part.writer("")
        rows = [where(V(writer, self.is_row), V(writer, x), 0.0).id for x in self.residuals]
        part.extend(writer.nodes)
        return part, rows

    # ---- the scan

    def _scan(
        self,
        writer: GraphWriter,
        part: Graph,
        olds: Sequence[GraphInput],
        news: Sequence[str],
        values: Mapping[str, V],
        given: Given,
    ) -> list[V]:
        """The last values of the states that start at zero and are `olds` before a chunk, `news` behind it."""
        pieces = {inner: ScanInput(given(x).id, inner) for inner, x in self.pieces.items()}
        is_cut = {inner for inner, x in self.pieces.items() if self.cut.to in x.type.axes}
        scan = Scan(
            id=writer.fresh.like("chunks"),
            path=self.path,
            axis=self.cut.to,
            scanned=tuple(x for inner, x in pieces.items() if inner in is_cut),
            given=(
                *(ScanInput(values[path].id, inner) for path, inner in self.values.items()),
                *(x for inner, x in pieces.items() if inner not in is_cut),
            ),
            states=tuple(ScanState(f"sum_{k}", zeros(writer, x.type).id, x.id, news[k]) for k, x in enumerate(olds)),
            variables=(),
            outputs=(),
            body=replace(part, inputs=(*part.inputs, *olds)),
            again=True,
            place=writer.place,
        )
        writer.put_scan(copied(scan, writer.fresh))
        return [self._final(writer, scan, at, x.type) for at, x in enumerate(olds)]

    def _final(self, writer: GraphWriter, scan: Scan, at: int, t: TensorType) -> V:
        node = Node(writer.fresh.like("sum"), "result", (scan.id,), Result("final", at), t, scan.place)
        return V(writer, writer.put(node))


def _input(writer: GraphWriter, t: TensorType) -> GraphInput:
    made = GraphInput(writer.fresh.like("before"), t)
    writer.know(made.id, t, finite=False)
    return made
