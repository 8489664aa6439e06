"""A scan as a `while` over buffers [step, ..], as the docstring of `rnndsl.plan.graph.Scan` says it."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.backends.stablehlo.frame import Absent, Frame, Operand
from rnndsl.backends.stablehlo.ops.axes import reverse_along, turned
from rnndsl.backends.stablehlo.writer import Tensor, integers
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Scan, TensorType
from rnndsl.plan.rewriting import types_of
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
        frame.sizes.setdefault(scan.axis, self.length)
        self.lengths = None if scan.lengths is None else frame.values[scan.lengths]
        self.mask = None if scan.mask is None else self._scanned(scan.mask)
        self.until = next((s for s in scan.states if s.name == scan.until), None)
        masks = [x.type for x in (self.lengths, self.mask) if x is not None]
        masks += [] if self.until is None else [self.types[self.until.old]]
        self.axes = frame.unite(*masks)
        self.valid_type = TensorType("bool", self.axes)

    def _length(self) -> int:
        scan = self.scan
        if scan.scanned:
            x = self.frame.values[scan.scanned[0].outer]
            return x.tensor.shape[x.type.axes.index(scan.axis)]
        if isinstance(scan.steps, str):
            raise Absent(f"a scan of as many steps as `{scan.steps}` says", scan.place)
        return scan.steps or 0

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
        frame, one = self.frame, x.tensor.shape[1:]
        zero = frame.writer.constant(0, "i32")
        starts = [step, *(zero for _ in one)]
        told = f"slice_sizes = {integers([1, *one])}"
        part = frame.writer.op("dynamic_slice", [x.tensor, *starts], x.tensor.dtype, (1, *one), told)
        return Operand(frame.reshape(part, one), x.type)

    def _put(self, whole: Tensor, part: Tensor, step: Tensor) -> Tensor:
        frame = self.frame
        zero = frame.writer.constant(0, "i32")
        row = frame.reshape(part, (1, *part.shape))
        return frame.writer.op("dynamic_update_slice", [whole, row, step, *(zero for _ in part.shape)], whole.dtype, whole.shape)

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
        whole = [self._zeros(t, self.length) for t in kinds]
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
        body = frame.inner()
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
        lasts, buffers = list[Tensor](), list[Tensor]()
        for name, t, before, buffer in zip(scan.outputs, kinds, last, whole, strict=True):
            new = body.fit(body.values[name], t)
            lasts.append(self._select(valid, new, before, t))
            written = lasts[-1] if scan.hold else self._select(valid, new, self._zeros(t), t)
            buffers.append(self._put(buffer, written, at))
        return [*after, *kept, *lasts, *buffers]

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
        for i, (t, x, steps) in enumerate(zip(kinds, last, whole, strict=True)):
            results[Result("last", i)] = Operand(x, t)
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
