"""A scan as a `while` over buffers [step, ..], as the docstring of `rnndsl.plan.graph.Scan` says it."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.backends.stablehlo.frame import Absent, Frame, Operand
from rnndsl.backends.stablehlo.ops.axes import reverse_along, turned
from rnndsl.backends.stablehlo.ops.random import mix
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Scan, TensorType
from rnndsl.plan.rewriting import draws, types_of
from rnndsl.plan.stretches import lengths_told


def lower_scan(frame: Frame, scan: Scan) -> dict[Result, Operand]:
    """All results of `scan`. Raises Absent."""
    return _Loop(frame, scan).results()


class _Loop:
    """Steps are numbered as the loop goes: in reverse step 0 is a sequence's last one."""

    def __init__(self, frame: Frame, scan: Scan) -> None:
        self.frame, self.scan = frame, scan
        self.types = types_of(scan.body)
        self.length = self._length()
        for axis, length in lengths_told(scan.body):
            frame.sizes.setdefault(axis, length)
        if isinstance(self.length, int):
            frame.sizes.setdefault(scan.axis, self.length)
        self.stacked = [Result("output", at) in frame.asked.get(scan.id, ()) for at, _ in enumerate(scan.outputs)]
        self.draws = draws(scan.body) and not scan.same_draws
        self.lengths = None if scan.lengths is None else frame.values[scan.lengths]
        self.mask = None if scan.mask is None else self._scanned(scan.mask)
        self.until = next((s for s in scan.states if s.name == scan.until), None)
        masks = [x.type for x in (self.lengths, self.mask) if x is not None]
        masks += [] if self.until is None else [self.types[self.until.old]]
        self.axes = frame.unite(*masks)
        self.valid_type = TensorType("bool", self.axes)

    def _length(self) -> int | Tensor:
        """How many steps: a number, or i32 [] where a value says so."""
        scan = self.scan
        if scan.scanned:
            x = self.frame.values[scan.scanned[0].outer]
            return x.tensor.shape[x.type.axes.index(scan.axis)]
        if not isinstance(scan.steps, str):
            return scan.steps or 0
        if any(told.of == "output" for told in self.frame.asked.get(scan.id, ())):
            raise Absent(f"all outputs of a scan of as many steps as `{scan.steps}` says", scan.place)
        return self.frame.cast(self.frame.values[scan.steps].tensor, "i32")

    # ---- the order of the loop

    def _scanned(self, name: str) -> Operand:
        """The value `name`, the scan's axis first and in the order of the loop; its type is that of one step."""
        x = self.frame.values[name]
        first = self.frame.move(x.tensor, x.type.axes.index(self.scan.axis), 0)
        return self._turned(Operand(first, x.type.without(self.scan.axis)))

    def _turned(self, x: Operand) -> Operand:
        """[step, ..] between the order in time and that of the loop."""
        frame, axis = self.frame, self.scan.axis
        if not self.scan.reverse:
            return x
        if self.lengths is None:
            return Operand(reverse_along(frame, x.tensor, 0), x.type)
        t = TensorType(x.type.dtype, frame.unite(x.type, self.lengths.type), x.type.dims)
        along = TensorType(t.dtype, (axis, *t.axes), t.dims)
        whole = frame.fit(Operand(x.tensor, TensorType(t.dtype, (axis, *x.type.axes), t.dims)), along)
        return Operand(turned(frame, Operand(whole, along), axis, self.lengths), t)

    def _at(self, x: Operand, step: Tensor) -> Operand:
        """One step of [step, ..]."""
        return Operand(self.frame.row(x.tensor, step), x.type)

    # ---- which rows count

    def _valid(self, step: Tensor, states: Sequence[Tensor]) -> Tensor | None:
        """[self.axes]: which rows are valid at `step`; None if all are. `states`: from before it."""
        frame, found = self.frame, list[Tensor]()
        if self.lengths is not None:
            lengths = frame.cast(frame.fit(self.lengths, self.valid_type), "i32")
            found.append(frame.compare("LT", frame.spread(step, lengths.shape, []), lengths))
        if self.mask is not None:
            found.append(frame.fit(self._at(self.mask, step), self.valid_type))
        if self.until is not None:
            ended = states[self.scan.states.index(self.until)]
            found.append(frame.op("not", frame.fit(Operand(ended, self.types[self.until.old]), self.valid_type)))
        if not found:
            return None
        valid = found[0]
        for other in found[1:]:
            valid = frame.op("and", valid, other)
        return valid

    def _select(self, valid: Tensor | None, new: Tensor, old: Tensor, t: TensorType) -> Tensor:
        if valid is None:
            return new
        rows = self.frame.spread(valid, self.frame.shape(t), [t.axes.index(a) for a in self.axes])
        return self.frame.select(rows, new, old)

    # ---- the loop

    def results(self) -> dict[Result, Operand]:
        frame, scan = self.frame, self.scan
        states = [self._start(s.initial, s.old) for s in scan.states]
        variables = [self._start(v.initial, v.old) for v in scan.variables]
        scanned = {x.inner: self._scanned(x.outer) for x in scan.scanned}
        given = {x.inner: self._start(x.outer, x.inner) for x in scan.given}
        kinds = [self._output_type(name) for name in scan.outputs]
        last = [self._zeros(t) for t in kinds]
        room = self.length if isinstance(self.length, int) else 0  # nothing is stacked then
        whole = [self._zeros(t, room) for t, is_read in zip(kinds, self.stacked, strict=True) if is_read]
        ends = [len(states), len(variables), len(last), len(whole)]

        def step(at: Tensor, carried: Sequence[Tensor]) -> list[Tensor]:
            return self._step(at, _split(carried, ends), scanned, given, kinds)

        found = frame.writer.loop(self.length, [*states, *variables, *last, *whole], step)
        return self._named(_split(found, ends), kinds)

    def _step(
        self,
        at: Tensor,
        carried: list[list[Tensor]],
        scanned: dict[str, Operand],
        given: dict[str, Tensor],
        kinds: Sequence[TensorType],
    ) -> list[Tensor]:
        frame, scan, types = self.frame, self.scan, self.types
        states, variables, last, whole = carried
        body = frame.inner(self._seed(at))
        inputs = dict(given)
        inputs.update((s.old, x) for s, x in zip(scan.states, states, strict=True))
        inputs.update((v.old, x) for v, x in zip(scan.variables, variables, strict=True))
        inputs.update((name, frame.fit(self._at(x, at), types[name])) for name, x in scanned.items())
        for x in scan.body.inputs:
            body.define(x.id, x.type, inputs[x.id])
        body.run(scan.body)
        valid = self._valid(at, states)
        news = [body.fit(body.values[s.new], types[s.old]) for s in scan.states]
        after = [self._select(valid, new, old, types[s.old]) for s, new, old in zip(scan.states, news, states, strict=True)]
        kept = [
            self._kept(valid, body.fit(body.values[v.new], types[v.old]), x) for v, x in zip(scan.variables, variables, strict=True)
        ]
        lasts, buffers, waiting = list[Tensor](), list[Tensor](), iter(whole)
        for name, t, before, is_read in zip(scan.outputs, kinds, last, self.stacked, strict=True):
            new = body.fit(body.values[name], t)
            lasts.append(self._select(valid, new, before, t))
            if not is_read:
                continue
            buffer = next(waiting)
            written = lasts[-1] if scan.hold else self._select(valid, new, self._zeros(t), t)
            buffers.append(frame.put_row(buffer, written, at))
        return [*after, *kept, *lasts, *buffers]

    def _seed(self, step: Tensor) -> Tensor | None:
        if not self.draws or self.frame.seed is None:
            return self.frame.seed
        first = self.scan.first
        number = step if first is None else self.frame.op("add", step, self.frame.values[first].tensor)
        return mix(self.frame, self.frame.seed, number)

    def _kept(self, valid: Tensor | None, new: Tensor, old: Tensor) -> Tensor:
        """A variable after a step: one at which no row is valid leaves it."""
        if valid is None:
            return new
        frame = self.frame
        some = frame.writer.reduce(valid, frame.writer.constant(False, "bool"), list(range(len(valid.shape))), "or")
        return frame.select(frame.spread(some, new.shape, []), new, old)

    def _start(self, outer: str, inner: str) -> Tensor:
        return self.frame.fit(self.frame.values[outer], self.types[inner])

    def _output_type(self, name: str) -> TensorType:
        """The type of an output at one step; a mask brings its axes."""
        return self.types[name].with_axes(self.axes, self.frame.order)

    def _zeros(self, t: TensorType, *steps: int) -> Tensor:
        return self.frame.writer.constant(0, t.dtype, (*steps, *self.frame.shape(t)))

    def _named(self, parts: list[list[Tensor]], kinds: Sequence[TensorType]) -> dict[Result, Operand]:
        scan, frame = self.scan, self.frame
        states, variables, last, whole = parts
        results: dict[Result, Operand] = {}
        for i, (s, x) in enumerate(zip(scan.states, states, strict=True)):
            results[Result("final", i)] = Operand(x, self.types[s.old])
        for i, (v, x) in enumerate(zip(scan.variables, variables, strict=True)):
            results[Result("variable", i)] = Operand(x, self.types[v.old])
        waiting = iter(whole)
        for i, (t, x, is_read) in enumerate(zip(kinds, last, self.stacked, strict=True)):
            results[Result("last", i)] = Operand(x, t)
            if not is_read:
                continue
            steps = next(waiting)
            turned_back = self._turned(Operand(steps, t))
            full = turned_back.type.with_axes([scan.axis], frame.order)
            results[Result("output", i)] = Operand(frame.move(turned_back.tensor, 0, full.axes.index(scan.axis)), full)
        return results


def _split(values: Sequence[Tensor], counts: Sequence[int]) -> list[list[Tensor]]:
    """`values` as lists of these lengths."""
    found, at = list[list[Tensor]](), 0
    for count in counts:
        found.append(list(values[at : at + count]))
        at += count
    return found
