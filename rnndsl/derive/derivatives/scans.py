"""The derivative of a scan: a scan the other way over what the forward one saved.

It carries the cotangents of the states and gives those of the products that read what is scanned or given; from these the
cotangents of inputs and weights are computed after the loop, for all steps at once. A step that is not valid hands the cotangents
of the states on as they are.
"""

from __future__ import annotations

from rnndsl.derive.derivatives.backward import Backward
from rnndsl.derive.derivatives.levels import Body, Outside
from rnndsl.derive.derivatives.local import Local
from rnndsl.derive.derivatives.validity import valid_axes, valid_steps
from rnndsl.derive.derivatives.writer import BodyWriter, GraphWriter
from rnndsl.language.ops.derivative.writing import V, apply, back_to, spread, total, where, zeros
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Result, ValidSteps
from rnndsl.plan.model import Graph, Node, Scan, ScanInput, ScanState, TensorType
from rnndsl.plan.rewriting import types_of
from rnndsl.records import mutable


@mutable
class _Carried:
    """A value that the scan which runs back carries: `old` from the step before (in time the one after), `new` to the next."""

    name: str
    initial: V
    old: V
    new: V | None = None


def scan_backward(around: Backward, scan: Scan, cotangents: dict[Result, V]) -> None:
    """Hands back the cotangents of the results of `scan` to what it reads."""
    _ScanBackward(around, scan, cotangents).run()


class _ScanBackward:
    def __init__(self, around: Backward, scan: Scan, cotangents: dict[Result, V]) -> None:
        self.around = around
        self.scan = scan
        self.given_back = cotangents
        types = types_of(scan.body)
        self.types = {name: around.level.writer.wide(t) for name, t in types.items()}
        self.outside = Outside(scan, around.level, valid_axes(scan, around.level, types), around.activity.ids)
        self.writer = BodyWriter(around.level.writer, scan.axis)
        self.body = Body(self.outside, self.writer)
        fed = frozenset(x.inner for x in (*scan.scanned, *scan.given))
        self.inside = Backward(self.body, around.activity, around.scans, fed)
        self.carried: list[_Carried] = []
        self.emitted: dict[str, int] = {}
        self.results: dict[Result, str] = {}
        self.valid = valid_steps(scan, self.outside)

    @property
    def outer(self) -> GraphWriter:
        return self.around.level.writer

    def run(self) -> None:
        """Adds what the scan's inputs are handed back."""
        states = self._states()
        for at, name in enumerate(self.scan.outputs):
            self._output(at, name)
        self.inside.sweep(self.scan.body.nodes)
        for state, carried in states:
            self._next(state, carried)
        deferred = [(node, at, self._whole(self.inside.of(node.id))) for node, at in self.inside.put_off]
        direct = [(x, self._whole(self.inside.of(x.inner))) for x in self.scan.scanned]
        sums = [(x, self._summed(x.inner)) for x in self.scan.given]
        self._write()
        for node, at, d in deferred:
            self._after(node, at, d)
        for x, d in direct:
            self._hand_back(x, self._read(d))
        for x, d in sums:
            if isinstance(d, _Carried):
                self.around.hand_back(x.outer, self._result_of(d))
            else:
                self._hand_back(x, d)
        for state, carried in states:
            self._start(state, carried)

    # ---- which steps count

    def _at_step(self, whole: V) -> V:
        """What a value of all steps is at one."""
        return V(self.writer, self.writer.still(whole.id))

    def _where_valid(self, a: V | float, b: V | float) -> V:
        """`a` at valid rows, `b` at the others."""
        assert self.valid is not None
        return where(self._at_step(self.valid), a, b)

    def _masked(self, d: V) -> V:
        """`d`, zero where no step is."""
        return self._seen(self._where_valid(d, 0.0))

    def _seen(self, d: V) -> V:
        """`d` where all values that it is multiplied with are finite: at a step that is not valid the scan has read zeros."""
        d.w.unselect(d.id)
        return d

    # ---- what comes in

    def _states(self) -> list[tuple[ScanState, _Carried]]:
        found: list[tuple[ScanState, _Carried]] = []
        finals = {told.at: d for told, d in self.given_back.items() if told.of == "final"}
        for at, state in enumerate(self.scan.states):
            if state.old not in self.around.activity.ids:
                continue
            t = self.types[state.old]
            carried = self._carry(state.name, t, finals.get(at))
            found.append((state, carried))
            d = carried.old if self.valid is None else self._masked(carried.old)
            self.inside.hand_back(state.new, back_to(d, self.types[state.new], t))
        return found

    def _carry(self, name: str, t: TensorType, initial: V | None) -> _Carried:
        start = zeros(self.outer, TensorType(t.dtype)) if initial is None else initial
        made = _Carried(name, start, V(self.writer, self.writer.own(t)))
        self.carried.append(made)
        return made

    def _output(self, at: int, name: str) -> None:
        """What an output is handed back at a step: of its own place, and at the last valid step of `last`."""
        whole, last = (self.given_back.get(Result(of, at)) for of in ("output", "last"))
        if name not in self.around.activity.ids:
            return
        if whole is not None and self.scan.hold and self.scan.lengths is not None:
            whole, last = self._within_length(at, whole, last)
        t = self.types[name]
        if whole is not None and self.scan.hold and self.valid is not None:
            self.inside.hand_back(name, back_to(self._held(at, whole), t, self._step_type(t)))
        elif whole is not None:
            seen = whole if self.valid is None else self._seen(where(self.valid, whole, 0.0))
            self.inside.hand_back(name, back_to(self._at_step(seen), t, self._step_type(t)))
        if last is not None:
            self.inside.hand_back(name, back_to(self._pending(at, last), t, self._step_type(t)))

    def _step_type(self, t: TensorType) -> TensorType:
        """The type of an output at one step; a mask brings its axes."""
        return t.with_axes(self.outside.valid_axes, self.outer.order)

    def _within_length(self, at: int, whole: V, last: V | None) -> tuple[V, V]:
        """Beyond its length a sequence repeats its last output, so what that is handed back there is of `last`."""
        assert self.scan.lengths is not None
        whole = spread(whole, self.outside.type(self.scan.outputs[at]))
        lengths = V(self.outer, self.around.level.value(self.scan.lengths))
        within = apply("valid_steps", whole, lengths, told=ValidSteps(self.scan.axis, lengths=True, mask=False))
        beyond = total(whole - within, [self.scan.axis])
        return within, beyond if last is None else last + beyond

    def _held(self, at: int, whole: V) -> V:
        """A held output stands for all that comes up to the next valid step."""
        carried = self._carry(f"held[{at}]", self._step_type(self.types[self.scan.outputs[at]]), None)
        total = carried.old + self._at_step(whole)
        carried.new = self._where_valid(0.0, total)
        return self._masked(total)

    def _pending(self, at: int, last: V) -> V:
        """What `last` is handed back enters at the first valid step of the way back, and is spent there."""
        carried = self._carry(f"last[{at}]", self._step_type(self.types[self.scan.outputs[at]]), last)
        if self.valid is None:
            carried.new = V(self.writer, self.writer.literal(0.0, last.type.dtype))
            return carried.old
        carried.new = self._where_valid(0.0, carried.old)
        return self._masked(carried.old)

    # ---- what goes out

    def _next(self, state: ScanState, carried: _Carried) -> None:
        d = self.inside.of(state.old)
        kept = None if self.valid is None else self._where_valid(0.0, carried.old)
        if d is None or kept is None:
            carried.new = d or kept or V(self.writer, self.writer.literal(0.0, carried.old.type.dtype))
            return
        carried.new = kept + d

    def _whole(self, d: V | None) -> V | str | None:
        """The cotangent of all steps: a value of the graph around, or the id of an output."""
        if d is None:
            return None
        if d.id in self.writer.outside:
            return V(self.outer, self.writer.outside[d.id])
        self.emitted.setdefault(d.id, len(self.emitted))
        return d.id

    def _summed(self, inner: str) -> V | _Carried | None:
        """What a given value is handed back at all steps: summed as the scan goes back."""
        d = self.inside.of(inner)
        if d is None or d.id in self.writer.outside:
            return None if d is None else V(self.outer, self.writer.outside[d.id])
        carried = self._carry(f"sum[{inner}]", self.types[inner], None)
        carried.new = carried.old + d
        return carried

    def _write(self) -> None:
        """The scan that runs back, if anything depends on it."""
        for carried in self.carried:
            assert carried.new is not None
            carried.new = V(self.writer, self.writer.real(carried.new.id))
        states = tuple(
            ScanState(x.name, self.outer.real(x.initial.id), x.old.id, x.new.id) for x in self.carried if x.new is not None
        )
        steps = self.scan.steps
        if not self.writer.scanned and self.scan.scanned:
            self.writer.feed(self.around.level.value(self.scan.scanned[0].outer))
        if isinstance(steps, str):
            steps = self.outer.real(self.around.level.value(steps))
        made = Scan(
            id=self.outer.fresh.like("d_scan"),
            path=f"{self.scan.path}'",
            axis=self.scan.axis,
            scanned=tuple(self.writer.scanned),
            given=tuple(self.writer.given),
            states=states,
            variables=(),
            outputs=tuple(self.emitted),
            body=Graph(tuple(self.writer.inputs), tuple(self.writer.nodes)),
            reverse=not self.scan.reverse,
            steps=None if self.writer.scanned else steps,
            place=self.scan.place,
        )
        self.id = made.id
        if states or self.emitted:
            self.outer.put_scan(made)

    def _read(self, d: V | str | None) -> V | None:
        """A cotangent of all steps."""
        if not isinstance(d, str):
            return d
        t = self._along(self.writer.type_of(d))
        return self._result(Result("output", self.emitted[d]), t, selected=self.writer.is_selected(d))

    def _along(self, t: TensorType) -> TensorType:
        """The type of all steps of a value of the type `t` at one."""
        return t.with_axes([self.scan.axis], self.outer.order)

    def _result(self, told: Result, t: TensorType, *, selected: bool = False) -> V:
        if told not in self.results:
            node = Node(self.outer.fresh.like("d_result"), "result", (self.id,), told, t, self.scan.place)
            self.results[told] = self.outer.put(node)
            self.outer.know(node.id, t, finite=False, selected=selected)
        return V(self.outer, self.results[told])

    def _after(self, node: Node, at: int, whole: V | str | None) -> None:
        """What a node hands back to an input, from the cotangents of all steps."""
        d, derivative = self._read(whole), OPS[node.op].differentiate()
        if d is None or derivative is None:
            return
        name = node.args[at]
        self.outer.place, self.outer.target = node.place, self.outside.outer[name]
        self.around.hand_back(self.outside.outer[name], derivative.backward(Local(self.outside, node), d, at))

    def _hand_back(self, x: ScanInput, d: V | None) -> None:
        """`d`: of all steps; where it lacks the axis, it is the same at each."""
        if d is None:
            return
        self.around.hand_back(x.outer, back_to(d, self.around.level.type(x.outer), self._along(self.types[x.inner])))

    def _start(self, state: ScanState, carried: _Carried) -> None:
        if state.initial not in self.around.activity.ids:
            return
        t = self.types[state.old]
        d = self._result_of(carried)
        self.around.hand_back(state.initial, back_to(d, self.around.level.type(state.initial), t))

    def _result_of(self, carried: _Carried) -> V:
        """What the scan ends with."""
        return self._result(Result("final", self.carried.index(carried)), carried.old.type)
