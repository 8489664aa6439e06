"""One run of a scan in NumPy, as the docstring of `rnndsl.plan.model.Scan` says it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Value, aligned
from rnndsl.language.ops.meaning.axes import turned
from rnndsl.language.ops.meaning.philox import mix
from rnndsl.meaning.interpreter import Frame
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Scan, ScanState, TensorType
from rnndsl.plan.rewriting import draws, types_of
from rnndsl.plan.stretches import lengths_told


def run_scan(frame: Frame, scan: Scan) -> dict[Result, Value]:
    """All results of `scan`. Outputs have the scan's axis again, in the plan's order of axes."""
    return _Run(frame, scan).results()


class _Run:
    """Steps are numbered as the loop goes: in reverse step 0 is a sequence's last one. What is scanned is put in that order first,
    and the outputs back in time at the end."""

    def __init__(self, frame: Frame, scan: Scan) -> None:
        self.frame, self.scan = frame, scan
        self.types = types_of(scan.body)
        self.draws = draws(scan.body) and not scan.same_draws
        self.first = 0 if scan.first is None else int(frame.values[scan.first].array)
        self.length = self._length()
        for axis, length in lengths_told(scan.body):
            frame.sizes.setdefault(axis, length)
        self.lengths = None if scan.lengths is None else frame.values[scan.lengths]
        self.mask = None if scan.mask is None else self._scanned(scan.mask)
        self.until = next((s for s in scan.states if s.name == scan.until), None)
        masks = [x.type.axes for x in (self.lengths, self.mask) if x is not None]
        masks += [] if self.until is None else [self.types[self.until.old].axes]
        present = {axis for axes in masks for axis in axes}
        self.axes = tuple(axis for axis in frame.order if axis in present)
        """Over which a step's validity differs."""

    def _length(self) -> int:
        scan, values = self.scan, self.frame.values
        if scan.scanned:
            x = values[scan.scanned[0].outer]
            return x.array.shape[x.type.axes.index(scan.axis)]
        return max(int(values[scan.steps].array), 0) if isinstance(scan.steps, str) else scan.steps or 0

    # ---- the order of the loop

    def _scanned(self, name: str) -> Value:
        """The value `name`, the scan's axis first and in the order of the loop; its type is that of one step."""
        x = self.frame.values[name]
        t = x.type.without(self.scan.axis)
        return self._turned(Value(np.moveaxis(x.array, x.type.axes.index(self.scan.axis), 0), t))

    def _turned(self, x: Value) -> Value:
        """[step, ...] between the order in time and that of the loop: of each sequence, its own steps from their end."""
        if not self.scan.reverse:
            return x
        if self.lengths is None:
            return Value(x.array[::-1], x.type)
        axes = tuple(a for a in self.frame.order if a in x.type.axes or a in self.lengths.type.axes)
        t = TensorType(x.type.dtype, axes, x.type.dims)
        whole = np.stack([self.frame.fit(Value(step, x.type), t) for step in x.array]) if len(x.array) else x.array
        if not len(whole):
            return Value(np.zeros([0, *(self.frame.sizes[a] for a in axes), *t.dims], x.array.dtype), t)
        along = TensorType(t.dtype, (self.scan.axis, *axes), t.dims)
        return Value(turned(Value(whole, along), self.scan.axis, self.lengths), t)

    # ---- which rows count

    def _valid(self, step: int, states: Mapping[str, Array]) -> Array:
        """[self.axes]: which rows are valid at `step`. `states`: from before it."""
        valid = np.ones([self.frame.sizes[axis] for axis in self.axes], bool)
        if self.lengths is not None:
            valid = valid & (step < aligned(self.lengths, self.axes, 0))
        if self.mask is not None:
            valid = valid & aligned(Value(self.mask.array[step], self.mask.type), self.axes, 0)
        if self.until is not None:
            valid = valid & ~self._ended(self.until, states)
        return valid

    def _ended(self, until: ScanState, states: Mapping[str, Array]) -> Array:
        return aligned(Value(states[until.name], self.types[until.old]), self.axes, 0)

    def _select(self, valid: Array, new: Array, old: Array, t: TensorType) -> Array:
        """`new` where the row is valid, else `old`, both of the type `t`."""
        rows = aligned(Value(valid, TensorType("bool", self.axes)), t.axes, 0)
        return np.where(rows.reshape([*rows.shape, *[1] * len(t.dims)]), new, old)

    # ---- the loop

    def results(self) -> dict[Result, Value]:
        frame, scan = self.frame, self.scan
        states = {s.name: self._start(s.initial, s.old) for s in scan.states}
        variables = {v.path: self._start(v.initial, v.old) for v in scan.variables}
        scanned = {x.inner: self._scanned(x.outer) for x in scan.scanned}
        given = {x.inner: self._start(x.outer, x.inner) for x in scan.given}
        last = {name: self._zeros(name) for name in scan.outputs}
        outputs = {name: list[Array]() for name in scan.outputs}
        for step in range(self.length):
            if self.until is not None and np.all(self._ended(self.until, states)):
                break
            inputs = {**given, **{s.old: states[s.name] for s in scan.states}, **{v.old: variables[v.path] for v in scan.variables}}
            inputs.update((n, frame.fit(Value(x.array[step], x.type), self.types[n])) for n, x in scanned.items())
            body = frame.body(scan.body, inputs, mix(frame.seed, self.first + step) if self.draws else frame.seed)
            body.run()
            valid = self._valid(step, states)
            for s in scan.states:
                new = body.fit(body.values[s.new], self.types[s.old])
                states[s.name] = self._select(valid, new, states[s.name], self.types[s.old])
            for v in scan.variables:
                if frame.training and valid.any():
                    variables[v.path] = body.fit(body.values[v.new], self.types[v.old])
            for name in scan.outputs:
                t = self._output_type(name)
                new = body.fit(body.values[name], t)
                last[name] = self._select(valid, new, last[name], t)
                outputs[name].append(last[name] if scan.hold else self._select(valid, new, self._zeros(name), t))
        return self._named(states, variables, last, outputs)

    def _start(self, outer: str, inner: str) -> Array:
        return self.frame.fit(self.frame.values[outer], self.types[inner])

    def _output_type(self, name: str) -> TensorType:
        """The type of an output at one step; a mask brings its axes."""
        return self.types[name].with_axes(self.axes, self.frame.order)

    def _zeros(self, name: str) -> Array:
        t = self._output_type(name)
        return np.zeros([*(self.frame.sizes[a] for a in t.axes), *t.dims], self.frame.context.dtype(t))

    def _named(
        self,
        states: Mapping[str, Array],
        variables: Mapping[str, Array],
        last: Mapping[str, Array],
        outputs: Mapping[str, list[Array]],
    ) -> dict[Result, Value]:
        results: dict[Result, Value] = {}
        for at, s in enumerate(self.scan.states):
            results[Result("final", at)] = Value(states[s.name], self.types[s.old])
        for at, v in enumerate(self.scan.variables):
            results[Result("variable", at)] = Value(variables[v.path], self.types[v.old])
        for at, (name, steps) in enumerate(outputs.items()):
            t = self._output_type(name)
            results[Result("last", at)] = Value(last[name], t)
            late = last[name] if self.scan.hold else self._zeros(name)  # after an early end
            whole = np.stack([*steps, *[late] * (self.length - len(steps))]) if self.length else self._zeros(name)[np.newaxis][:0]
            turned = self._turned(Value(whole, t))
            full = turned.type.with_axes([self.scan.axis], self.frame.order)
            results[Result("output", at)] = Value(np.moveaxis(turned.array, 0, full.axes.index(self.scan.axis)), full)
        return results
