"""Scans whose derivative keeps few states, as scans of scans: over segments of the steps, and over the steps of each.

A segment has as many steps as there are segments, or one more: the states between segments, and what one segment's derivative
keeps, then grow with the root of the number of steps. The outer scan is marked: its derivative runs each segment again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnndsl.language.ops.table import result_type
from rnndsl.plan.attributes import Attributes, Constant, Over, Result, Shape, ValidSteps
from rnndsl.plan.model import (
    Function,
    Graph,
    GraphInput,
    Node,
    Scan,
    ScanInput,
    ScanState,
    ScanVariable,
    TensorType,
)
from rnndsl.plan.rewriting import FreshIds, add_inputs, draws, new_axis, types_of
from rnndsl.plan.stretches import Segments, StepAt
from rnndsl.records import replace


def in_segments(function: Function) -> Function:
    """`function` with two more axes, in `axes` behind its own, for each scan that is to be run again in part."""
    graph, axes, fresh = function.graph, list(function.axes), FreshIds(function.graph)
    types = types_of(graph)
    cut: dict[str, _Cut] = {}
    nodes: list[Node | Scan] = []
    for node in graph.nodes:
        if isinstance(node, Scan) and node.recompute and not node.reverse:
            results = [n for n in graph.nodes if isinstance(n, Node) and n.args[:1] == (node.id,)]
            cut[node.id] = _Cut(node, results, types, axes, fresh)
            nodes += cut[node.id].nodes
        elif isinstance(node, Node) and isinstance(node.attrs, Result) and node.args[0] in cut:
            nodes += cut[node.args[0]].result(node, node.attrs)
        else:
            nodes.append(node)
    return replace(function, graph=replace(graph, nodes=tuple(nodes)), axes=tuple(axes))


class _Cut:
    """A scan as two. `nodes`: what stands for it. results: the nodes that read it. types: of the values around it."""

    def __init__(self, scan: Scan, results: Sequence[Node], types: dict[str, TensorType], axes: list[str], fresh: FreshIds) -> None:
        self.scan, self.types, self.order, self.fresh = scan, dict(types), axes, fresh
        self.nodes: list[Node | Scan] = []
        self.told = self._axes(scan, axes)
        self.asked = {node.told(Result) for node in results}
        self.body = {x.id: x.type for x in scan.body.inputs} | types_of(scan.body)
        self.valid = self._valid()
        self.outer_inputs: list[GraphInput] = []
        self.held = scan.hold and any(x is not None for x in (scan.lengths, scan.mask, scan.until))
        self.places: dict[str, int] = {}
        """By id of the inner body, where an output of it is among those of the outer scan."""
        self.lasts: dict[int, int] = {}
        """By the place of an output, where its last value is among the states."""
        self._write()

    def _axes(self, scan: Scan, axes: list[str]) -> Segments:
        to = new_axis(f"{scan.axis}_segment", axes)
        within = new_axis(f"{scan.axis}_in_segment", axes)
        at = axes.index(scan.axis) + 1
        axes[at:at] = [to, within]
        return Segments(scan.axis, to, within, scan.steps if isinstance(scan.steps, int) else None)

    # ---- around the scan

    def _add(self, op: str, args: tuple[str, ...], told: Attributes, stem: str = "") -> str:
        t = result_type(op, [self.types[x] for x in args], told, self.order)
        return self._put(Node(self.fresh.like(stem or op), op, args, told, t, self.scan.place))

    def _put(self, node: Node) -> str:
        self.nodes.append(node)
        self.types[node.id] = node.type
        return node.id

    def _leaf(self, value: Any, t: TensorType) -> str:
        return self._put(Node(self.fresh.like("start"), "literal", (), Constant(value), t, self.scan.place))

    def _valid(self) -> str:
        """bool[.., axis]: which steps are valid but for `until`."""
        scan = self.scan
        by = tuple(x for x in (scan.lengths, scan.mask) if x is not None)
        wide = tuple(axis for axis in self.order if axis == scan.axis or any(axis in self.types[x].axes for x in by))
        yes = self._put(
            Node(
                self.fresh.like("valid"),
                "broadcast",
                (self._leaf(True, TensorType("bool")),),
                Shape((), wide),
                TensorType("bool", wide),
                scan.place,
            )
        )
        if not by:
            return yes
        told = ValidSteps(scan.axis, scan.lengths is not None, scan.mask is not None)
        return self._add("valid_steps", (yes, *by), told, "valid")

    @property
    def valid_axes(self) -> list[str]:
        """Over which it differs whether a step is valid."""
        ends = (self.body[s.old] for s in self.scan.states if s.name == self.scan.until)
        return [*self.types[self.valid].without(self.scan.axis).axes, *(axis for t in ends for axis in t.axes)]

    def _segments(self, name: str) -> ScanInput:
        """The value %name, cut, as the outer scan has it segment by segment."""
        cut = self._add("segments", (name,), self.told, name)
        return ScanInput(cut, self._inner(self.types[cut].without(self.told.to), name))

    def _inner(self, t: TensorType, stem: str) -> str:
        """A new input of the outer scan's body."""
        self.outer_inputs.append(GraphInput(self.fresh.like(stem), t))
        return self.outer_inputs[-1].id

    # ---- the two scans

    def _write(self) -> None:
        scan, told = self.scan, self.told
        if self.held:
            scan = self._with_valid(scan)
        scanned = [self._segments(x.outer) for x in scan.scanned]
        mask = self._segments(self.valid)
        first = self._first() if draws(scan.body) and not scan.same_draws else None
        given = [ScanInput(x.outer, self._inner(self.body[x.inner], x.inner)) for x in scan.given]
        fed = [*(ScanInput(here.inner, x.inner) for here, x in zip(scanned, scan.scanned, strict=True))]
        body = scan.body
        if not fed:  # a scan has its length from what it scans
            fed.append(ScanInput(mask.inner, self.fresh.like("step")))
            body = add_inputs(body, [fed[0].inner], {fed[0].inner: self.types[self.valid].without(told.over)})
        states = [*scan.states, *self._last_states()]
        inputs = {x.old: self._inner(self.body[x.old], x.old) for x in (*states, *scan.variables)}
        body = add_inputs(body, [s.old for s in states[len(scan.states) :]], {s.old: self.body[s.old] for s in states})
        inner = Scan(
            id=self.fresh.like(scan.id),
            path=scan.path,
            axis=told.within,
            scanned=tuple(fed),
            given=tuple(ScanInput(here.inner, x.inner) for here, x in zip(given, scan.given, strict=True)),
            states=tuple(replace(x, initial=inputs[x.old]) for x in states),
            variables=tuple(replace(x, initial=inputs[x.old]) for x in scan.variables),
            outputs=scan.outputs,
            body=body,
            mask=mask.inner,
            until=scan.until,
            same_draws=scan.same_draws,
            first=None if first is None else first.inner,
            place=scan.place,
        )
        self._outer(inner, [*scanned, mask, *([] if first is None else [first])], given, states, inputs)

    def _outer(
        self, inner: Scan, scanned: list[ScanInput], given: list[ScanInput], states: list[ScanState], inputs: dict[str, str]
    ) -> None:
        ends: list[Node] = []

        def end(told: Result, t: TensorType) -> str:
            ends.append(Node(self.fresh.like("result"), "result", (inner.id,), told, t, inner.place))
            return ends[-1].id

        outputs: list[str] = []
        for at, name in enumerate(inner.outputs):
            if Result("output", at) in self.asked or (self.held and name == inner.outputs[-1]):
                self.places[name] = len(outputs)
                outputs.append(end(Result("output", at), self._step(name).with_axes([self.told.within], self.order)))
        outer_states = [
            ScanState(x.name, x.initial, inputs[x.old], end(Result("final", at), self.body[x.old])) for at, x in enumerate(states)
        ]
        variables = [
            ScanVariable(x.path, x.initial, inputs[x.old], end(Result("variable", at), self.body[x.old]))
            for at, x in enumerate(inner.variables)
        ]
        variables = [replace(x, initial=v.initial) for x, v in zip(variables, self.scan.variables, strict=True)]
        self.nodes.append(
            Scan(
                id=self.scan.id,
                path=self.scan.path,
                axis=self.told.to,
                scanned=tuple(scanned),
                given=tuple(given),
                states=tuple(outer_states),
                variables=tuple(variables),
                outputs=tuple(outputs),
                body=Graph(tuple(self.outer_inputs), (inner, *ends)),
                same_draws=True,
                again=True,
                place=self.scan.place,
            )
        )

    def _with_valid(self, scan: Scan) -> Scan:
        """`scan` with one more output, which says whether a step is valid: what is put out elsewhere is zero."""
        yes = Node(self.fresh.like("valid"), "literal", (), Constant(True), TensorType("bool"), scan.place)
        self.body[yes.id] = yes.type
        body = replace(scan.body, nodes=(*scan.body.nodes, yes))
        self.scan = replace(scan, body=body, outputs=(*scan.outputs, yes.id))
        return self.scan

    def _first(self) -> ScanInput:
        """The number of the first step of each segment."""
        steps = self._add("position", (self.valid,), Over(self.told.over))
        cut = self._add("segments", (steps,), self.told)
        start = self._add("step_at", (cut,), StepAt(self.told.within, 0))
        return ScanInput(start, self._inner(TensorType("i32"), start))

    def _step(self, name: str) -> TensorType:
        """The type of an output at one step."""
        return self.body[name].with_axes(self.valid_axes, self.order)

    def _last_states(self) -> list[ScanState]:
        """One for each output whose last value is asked for: what was put out at the last valid step, zero before the first."""
        made: list[ScanState] = []
        for at, name in enumerate(self.scan.outputs):
            if Result("last", at) not in self.asked:
                continue
            t = self._step(name)
            start = self._leaf(False if t.dtype == "bool" else 0, TensorType(t.dtype))
            old = self.fresh.like(name)
            self.body[old] = t
            self.lasts[at] = len(self.scan.states) + len(made)
            made.append(ScanState(f"output.last[{at}]", start, old, name))
        return made

    # ---- what is read of it

    def result(self, node: Node, told: Result) -> list[Node | Scan]:
        """`node`, which reads the scan, and what it needs for that."""
        match told.of:
            case "final" | "variable":
                return [node]
            case "last":
                return [replace(node, attrs=Result("final", self.lasts[told.at]))]
            case "output":
                return self._output(node, self.scan.outputs[told.at])

    def _output(self, node: Node, name: str) -> list[Node | Scan]:
        if not self.held:
            return [*self._joined(name, node)]
        whole = replace(node, id=self.fresh.like(node.id))
        valid = self.scan.outputs[-1]
        mask = replace(node, id=self.fresh.like(valid), type=self._step(valid).with_axes([self.scan.axis], self.order))
        return [*self._joined(name, whole), *self._joined(valid, mask), *self._repeated(whole, mask.id, node)]

    def _joined(self, name: str, node: Node) -> list[Node]:
        """All steps of the output %name, as `node`."""
        t = self._step(name).with_axes([self.told.to, self.told.within], self.order)
        cut = Node(self.fresh.like(node.id), "result", (self.scan.id,), Result("output", self.places[name]), t, node.place)
        return [cut, replace(node, op="joined", args=(cut.id,), attrs=self.told)]

    def _repeated(self, whole: Node, mask: str, node: Node) -> list[Node | Scan]:
        """`whole`, each step where the `mask` does not hold being the last before at which it does, as `node`."""
        scan, step = self.scan, GraphInput(self.fresh.like(whole.id), whole.type.without(self.scan.axis))
        held = Scan(
            id=self.fresh.like(scan.id),
            path=scan.path,
            axis=scan.axis,
            scanned=(ScanInput(whole.id, step.id),),
            given=(),
            states=(),
            variables=(),
            outputs=(step.id,),
            body=Graph((step,)),
            mask=mask,
            hold=True,
            place=scan.place,
        )
        return [held, replace(node, args=(held.id,), attrs=Result("output", 0))]
