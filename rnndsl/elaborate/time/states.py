"""`run.states.c`: what a state is after each step of a scan, written where it is first asked for.

A state is one more output of the scan. Where steps may be left out, by lengths, a mask or a bool state that ends a row, a second
scan over that output and over which steps were valid hands on what is carried: outputs are zero there, states are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rnndsl.elaborate.state import origins
from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.records import StateRecordInProgress
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Tensor
from rnndsl.language.ops.elementwise import WHERE
from rnndsl.plan.attributes import NOTHING, Attributes, Constant, Over, Shape
from rnndsl.plan.model import Graph, GraphInput, Initializer, Node, Scan, ScanInput, ScanState, TensorType, Variable
from rnndsl.records import replace
from rnndsl.text.source import Span


class Series(Mapping[str, Tensor]):
    """The states of the scan `id` of the graph `outer` over time, by dotted name."""

    def __init__(
        self,
        session: Session,
        outer: GraphBuilder,
        id: str,
        records: Sequence[StateRecordInProgress],
        finals: Mapping[str, Tensor],
        lengths: Tensor | None,
        span: Span,
    ) -> None:
        self.session, self.outer, self.id, self.lengths, self.span = session, outer, id, lengths, span
        self.records = {r.name: r for r in records if r.name in finals and "[t-" not in r.name}
        self.finals = finals
        self.found: dict[str, Tensor] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, name: str) -> Tensor:
        record = self.records[name]
        if name not in self.found:
            self.found[name] = self._series(record)
        return self.found[name]

    def _series(self, record: StateRecordInProgress) -> Tensor:
        assert record.new is not None
        series = self._output(record.new.id, record.old.type)
        scan = self._scan
        if scan.lengths is None and scan.mask is None and scan.until is None:
            return series
        rows = TensorType("bool", record.old.type.axes)
        valid = self._output(self._body_node("literal", (), Constant(True), TensorType("bool")), rows)
        carried = self._carried(record, series, valid)
        if not scan.reverse or self.lengths is None:
            return carried
        place = self.outer.add("position", [carried], self.span, Over(scan.axis))
        behind = self.outer.add("ge", [place, self.lengths], self.span)
        return self.outer.add(WHERE.name, [behind, self.finals[record.name], carried], self.span)

    @property
    def _scan(self) -> Scan:
        return next(node for node in self.outer.nodes if isinstance(node, Scan) and node.id == self.id)

    def _replace(self, scan: Scan) -> None:
        self.outer.nodes[self.outer.nodes.index(self._scan)] = scan

    def _output(self, id: str, type: TensorType) -> Tensor:
        """%id of the body over time, broadcast to `type`."""
        wide = self._body_node("broadcast", (id,), Shape(type.dims, type.axes), type)
        scan = self._scan
        self._replace(replace(scan, outputs=(*scan.outputs, wide)))
        whole = type.with_axes((scan.axis,), self.session.graphs.axes)
        return self.outer.result(scan.id, "output", len(scan.outputs), whole, self.span)

    def _body_node(self, op: str, args: tuple[str, ...], attrs: Attributes, type: TensorType) -> str:
        scan = self._scan
        node = Node(self.session.graphs.fresh(), op, args, attrs, type, str(self.span))
        self._replace(replace(scan, body=replace(scan.body, nodes=(*scan.body.nodes, node))))
        return node.id

    def _carried(self, record: StateRecordInProgress, series: Tensor, valid: Tensor) -> Tensor:
        """`series` where it is valid, else what was so before it in the scan's direction, or the initial value."""
        scan, fresh, type = self._scan, self.session.graphs.fresh, record.old.type
        new, old = (GraphInput(fresh(), type) for _ in range(2))
        now = GraphInput(fresh(), TensorType("bool", type.axes))
        kept = Node(fresh(), WHERE.name, (now.id, new.id, old.id), NOTHING, type, str(self.span))
        node = Scan(
            id=fresh(),
            path=f"{scan.path}/states",
            axis=scan.axis,
            scanned=(ScanInput(series.id, new.id), ScanInput(valid.id, now.id)),
            given=(),
            states=(ScanState(record.name, record.initial.id, old.id, kept.id),),
            variables=(),
            outputs=(kept.id,),
            body=Graph((new, now, old), (kept,)),
            lengths=scan.lengths if scan.reverse else None,
            reverse=scan.reverse,
            carry=scan.carry,
            place=str(self.span),
        )
        if scan.carry:
            local_variables(self.session, [record], node.path, self.span)
        self.outer.nodes.append(node)
        return self.outer.result(node.id, "output", 0, series.type, self.span)


def local_variables(session: Session, records: list[StateRecordInProgress], path: str, span: Span) -> None:
    """The variables that keep states between calls (`carry = true`)."""
    for record in records:
        name = f"{path}/{record.name}"
        session.registry.claim(name, span)
        session.registry.carried[name] = Variable(
            path=name,
            kind="carried",
            dtype=record.old.type.dtype,
            shape=record.old.type.dims,
            axes=record.old.type.axes,
            initializer=Initializer(name="zeros"),
            initializer_origin=origins.FIRST_CALL,
            trainable=False,
            not_trainable=origins.CARRIED,
            collections=("local_variables",),
            place=str(span),
        )
