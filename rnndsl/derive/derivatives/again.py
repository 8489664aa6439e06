"""The derivative of a scan whose steps are run again: a scan the other way that at each step runs the forward body, from the states
that were kept, and then goes back through it.

Nothing of the body is kept but the states before each step. What the body's own derivative keeps lives for that step alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.derive.derivatives.activity import Activity
from rnndsl.derive.derivatives.backward import Backward
from rnndsl.derive.derivatives.levels import Extras, Top
from rnndsl.derive.derivatives.writer import GraphWriter, finite_ids
from rnndsl.derive.replay import copied
from rnndsl.language.ops.derivative.writing import V, back_to, zeros
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, GraphInput, Node, Scan, ScanInput, ScanState, ScanVariable, TensorType
from rnndsl.plan.rewriting import types_of
from rnndsl.records import Immutable, record


@record
class _Carried(Immutable):
    """A state of the scan that runs back: a cotangent, `of` what the forward scan reads, or a sum of such."""

    name: str
    of: str
    initial: V
    old: V
    new: V


def scan_again(around: Backward, scan: Scan, cotangents: dict[Result, V]) -> None:
    """Hands back the cotangents of the results of `scan` to what it reads."""
    _Again(around, scan, cotangents).run()


class _Again:
    def __init__(self, around: Backward, scan: Scan, cotangents: dict[Result, V]) -> None:
        self.around, self.scan, self.cotangents = around, scan, cotangents
        self.level = around.level
        self.outer = self.level.writer
        self.copy = copied(scan, self.outer.fresh)
        """The forward scan under other names: its body runs in that of the scan which runs back."""
        self.types = types_of(self.copy.body)
        self.writer = GraphWriter(self.outer.order, self.outer.fresh, self.outer.more)
        self.inputs: list[GraphInput] = []
        self.scanned: list[ScanInput] = []
        self.given: list[ScanInput] = []
        self.extras = Extras(self.writer)
        self._know()
        self.sweep = Backward(Top(self.writer, self.extras), self._activity(), around.scans)
        self.carried: list[_Carried] = []
        self.emitted: dict[str, V] = {}
        self.results: dict[Result, V] = {}

    def run(self) -> None:
        """Adds what the scan's inputs are handed back."""
        starts = self._seed()
        self.sweep.sweep(self.copy.body.nodes)
        self._end(starts)
        self._write()
        types = types_of(self.scan.body)
        for x in self.scan.scanned:
            if x.inner in self.emitted:
                d = self._output(self.emitted[x.inner])
                whole = self._along(self.outer.wide(types[x.inner]))
                self.around.hand_back(x.outer, back_to(d, self.level.type(x.outer), whole))
        for at, x in enumerate(self.carried):
            d = self._result(Result("final", at), x.old.type)
            self.around.hand_back(x.of, back_to(d, self.level.type(x.of), x.old.type))

    # ---- the body, run once more

    def _know(self) -> None:
        """The values of the body: inputs are fed what the forward scan was fed, states what it kept."""
        fed = dict[str, str]()
        for x in (*self.copy.scanned, *self.copy.given):
            fed[x.inner] = self.level.value(x.outer)
        carried = [(x, was) for x, was in zip(self.copy.states, self.scan.states, strict=True)]
        for x, was in (*carried, *zip(self.copy.variables, self.scan.variables, strict=True)):
            fed[x.old] = self._kept(was)
        finite = {x.inner for x in (*self.copy.scanned, *self.copy.given) if self.level.is_finite(x.outer)}
        finite |= {x.old for x in (*self.copy.states, *self.copy.variables)}
        for x in self.copy.body.inputs:
            self._feed(fed[x.id], x)
        known = finite_ids(self.copy.body.nodes, finite)
        for name, t in self.types.items():
            self.writer.know(name, t, finite=name in known)

    def _kept(self, x: ScanState | ScanVariable) -> str:
        """A state before each step."""
        t = types_of(self.scan.body)[x.old]
        made = self.level.extras.more(self.scan, x.old, t, frozenset())
        self.level.add_forward(made)
        return self.level.value(made.id)

    def _feed(self, outer: str, x: GraphInput) -> None:
        """The body's input `x` is what %outer is at a step, or is at every step alike."""
        self.inputs.append(x)
        has_steps = self.scan.axis in self.outer.type_of(outer).axes
        (self.scanned if has_steps else self.given).append(ScanInput(self.outer.real(outer), x.id))

    def _activity(self) -> Activity:
        active = self.around.activity.ids
        pairs = [(x.inner, was.inner) for x, was in zip(self.copy.scanned, self.scan.scanned, strict=True)]
        pairs += [(x.inner, was.inner) for x, was in zip(self.copy.given, self.scan.given, strict=True)]
        pairs += [(x.old, was.old) for x, was in zip(self.copy.states, self.scan.states, strict=True)]
        return Activity(self.copy.body, [name for name, was in pairs if was in active])

    # ---- what comes in, and what goes out

    def _seed(self) -> Mapping[str, tuple[V, V]]:
        """Hands the results of the body their cotangents. Returns, by state, what that starts from on the way back, and is at a
        step."""
        starts: dict[str, tuple[V, V]] = {}
        for at, (x, was) in enumerate(zip(self.copy.states, self.scan.states, strict=True)):
            if was.old not in self.around.activity.ids:
                continue
            t = self.writer.wide(self.types[x.old])
            initial = self.cotangents.get(Result("final", at))
            starts[x.old] = self._zero(t) if initial is None else initial, self._own(t)
            self.sweep.hand_back(x.new, back_to(starts[x.old][1], self.writer.wide(self.types[x.new]), t))
        for at, name in enumerate(self.copy.outputs):
            whole = self.cotangents.get(Result("output", at))
            if whole is not None:
                self.sweep.hand_back(name, self._at_step(whole))
        return starts

    def _own(self, t: TensorType) -> V:
        """A new state of the scan that runs back."""
        self.inputs.append(GraphInput(self.outer.fresh.like("d_state"), t))
        self.writer.know(self.inputs[-1].id, t, finite=True)
        return V(self.writer, self.inputs[-1].id)

    def _zero(self, t: TensorType) -> V:
        return zeros(self.outer, TensorType(t.dtype))

    def _at_step(self, whole: V) -> V:
        """What a cotangent of all steps is at one."""
        x = GraphInput(self.outer.fresh.like("d_in"), whole.type.without(self.scan.axis))
        self._feed(whole.id, x)
        self.writer.know(x.id, x.type, finite=self.outer.is_finite(whole.id), selected=self.outer.is_selected(whole.id))
        return V(self.writer, x.id)

    def _end(self, starts: Mapping[str, tuple[V, V]]) -> None:
        """What is carried to the next step, and what is put out."""
        self.writer.place = self.writer.target = ""
        for x, was in zip(self.copy.states, self.scan.states, strict=True):
            if x.old in starts:
                initial, old = starts[x.old]
                self.carried.append(_Carried(x.name, was.initial, initial, old, self.sweep.of(x.old) or self._no_more(old)))
        for x in self.copy.given:
            d = self.sweep.of(x.inner)
            if d is not None:
                t = self.writer.wide(self.types[x.inner])
                old = self._own(t)
                self.carried.append(_Carried(f"sum[{x.inner}]", x.outer, self._zero(t), old, old + d))
        for x, was in zip(self.copy.scanned, self.scan.scanned, strict=True):
            d = self.sweep.of(x.inner)
            if d is not None:
                self.emitted[was.inner] = d

    def _no_more(self, old: V) -> V:
        return V(self.writer, self.writer.literal(0.0, old.type.dtype))

    def _write(self) -> None:
        forward = self.extras.applied(self.copy.body.nodes)
        made = Scan(
            id=self.outer.fresh.like("d_scan"),
            path=f"{self.scan.path}'",
            axis=self.scan.axis,
            scanned=tuple(self.scanned),
            given=tuple(self.given),
            states=tuple(ScanState(x.name, self.outer.real(x.initial.id), x.old.id, x.new.id) for x in self.carried),
            variables=(),
            outputs=tuple(dict.fromkeys(d.id for d in self.emitted.values())),
            body=Graph(tuple(self.inputs), (*forward, *self.writer.nodes)),
            reverse=not self.scan.reverse,
            same_draws=self.scan.same_draws,
            again=True,
            place=self.scan.place,
        )
        self.id, self.outputs = made.id, made.outputs
        if made.states or made.outputs:
            self.outer.put_scan(made)

    def _output(self, d: V) -> V:
        told = Result("output", self.outputs.index(d.id))
        return self._result(told, self._along(d.type), selected=self.writer.is_selected(d.id))

    def _along(self, t: TensorType) -> TensorType:
        """The type of all steps of a value of the type `t` at one."""
        return t.with_axes([self.scan.axis], self.outer.order)

    def _result(self, told: Result, t: TensorType, *, selected: bool = False) -> V:
        if told not in self.results:
            node = Node(self.outer.fresh.like("d_result"), "result", (self.id,), told, t, self.scan.place)
            self.outer.put(node)
            self.outer.know(node.id, t, finite=False, selected=selected)
            self.results[told] = V(self.outer, node.id)
        return self.results[told]
