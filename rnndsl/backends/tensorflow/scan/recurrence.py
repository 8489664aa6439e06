"""A scan as one while loop, time-major inside. The contract is the docstring of `rnndsl.plan.model.Scan`.

The loop carries the step number, the states, the variables that the body updates, the last valid outputs
where they are asked for, and one list for each output that is stacked. Nothing else is computed per step: without lengths, mask
and `until` there is no selection in the loop.
"""

from __future__ import annotations

from typing import Any

from rnndsl.backends.tensorflow.align import Operand, align, fit, move, move_axis_first, shape_of, static_shape
from rnndsl.backends.tensorflow.compiled.running import run_compiled
from rnndsl.backends.tensorflow.frame import Frame
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.ops.random.numbers import mix
from rnndsl.backends.tensorflow.scan import tensor_list
from rnndsl.backends.tensorflow.scan.validity import Validity
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Scan, TensorType
from rnndsl.plan.rewriting import draws, scan_ends, types_of, used_ids
from rnndsl.records import mutable

Results = dict[Result, Operand]


def lower_scan(frame: Frame, scan: Scan) -> Results:
    """All results of `scan`. Outputs have the scan's axis again, in the plan's order of axes."""
    with tf.name_scope(op_name(scan.path or scan.id)):
        return _Loop(frame, scan).results()


@mutable
class _Carried:
    """What the loop carries from step to step."""

    states: list[Any]
    variables: list[Any]
    last: list[Any]
    stacked: list[Any]

    def flat(self) -> list[Any]:
        return [*self.states, *self.variables, *self.last, *self.stacked]


class _Loop:
    def __init__(self, frame: Frame, scan: Scan) -> None:
        self.frame, self.scan = frame, scan
        asked = frame.asked(scan)
        self.stacked = [name for at, name in enumerate(scan.outputs) if Result("output", at) in asked]
        lasts = [name for at, name in enumerate(scan.outputs) if Result("last", at) in asked]
        self.last = [name for name in scan.outputs if name in lasts or (scan.hold and name in self.stacked)]
        self.types = types_of(scan.body)
        self.draws = draws(scan.body) and not scan.same_draws
        self.room = self._room()
        self.length = frame.steps.get(scan.axis, self.room)
        self.valid = Validity.of(frame, scan, self.length)

    # ---- before the loop

    def _room(self) -> Any:
        """For how many steps there is room: an int if known while building, else a scalar i32 tensor."""
        if self.scan.scanned:
            outer = self.frame.operand(self.scan.scanned[0].outer)
            at = outer.type.axes.index(self.scan.axis)
            static = outer.tensor.shape[at]
            return tf.shape(outer.tensor)[at] if static is None else static
        steps = self.scan.steps
        return tf.maximum(tf.cast(self.frame.operand(steps).tensor, tf.int32), 0) if isinstance(steps, str) else steps

    def _output_type(self, name: str) -> TensorType:
        """The type of an output at one step; a mask brings its axes."""
        return self.types[name].with_axes(self.valid.axes(self._until_type()), self.frame.context.order)

    def _until_type(self) -> TensorType | None:
        return next((self.types[s.old] for s in self.scan.states if s.name == self.scan.until), None)

    def _initial(self) -> _Carried:
        states = [fit(self.frame.operand(s.initial), self.types[s.old], self.frame.sizes) for s in self.scan.states]
        variables = [fit(self.frame.operand(v.initial), self.types[v.old], self.frame.sizes) for v in self.scan.variables]
        last = [tf.zeros(self._shape(name), DTYPES[self.types[name].dtype]) for name in self.last]
        return _Carried(states, variables, last, [self._empty(name) for name in self.stacked])

    def _shape(self, name: str) -> Any:
        try:
            return shape_of(self._output_type(name), self.frame.sizes)
        except KeyError as error:
            raise NotImplementedError(f"a scan's output over the axis {error}, which only its cell knows") from None

    def _empty(self, name: str) -> Any:
        dtype = DTYPES[self.types[name].dtype]
        return tensor_list.empty(self.room, self._shape(name), dtype)

    def _invariants(self) -> list[Any]:
        """Static shapes that hold at every step."""
        kinds = [self.types[s.old] for s in self.scan.states] + [self.types[v.old] for v in self.scan.variables]
        kinds += [self._output_type(name) for name in self.last]
        shapes = [tf.TensorShape(static_shape(t, self.frame.sizes)) for t in kinds]
        return [*shapes, *(tf.TensorShape([]) for _ in self.stacked)]

    # ---- one step

    def _unpack(self, flat: list[Any]) -> _Carried:
        a = len(self.scan.states)
        b = a + len(self.scan.variables)
        c = b + len(self.last)
        return _Carried(list(flat[:a]), list(flat[a:b]), list(flat[b:c]), list(flat[c:]))

    def _step(self, inputs: list[tuple[str, Any]], t: Any, carried: _Carried) -> _Carried:
        values = {x.inner: self._given(x.outer, x.inner) for x in self.scan.given}
        values.update(inputs)
        values.update((s.old, value) for s, value in zip(self.scan.states, carried.states, strict=True))
        values.update((v.old, value) for v, value in zip(self.scan.variables, carried.variables, strict=True))
        body = self.frame.body(self.scan.body, values, self._seed(t))
        if self.frame.shared is None:
            body.run()
        else:
            run_compiled(body, scan_ends(self.scan), self.frame.shared)
        valid = self.valid.at(t, self._until(carried))
        pairs = zip(self.scan.states, carried.states, strict=True)
        states = [self._next(body.operand(s.new), old, s.old, valid) for s, old in pairs]
        variables = self._next_variables(body, carried.variables, valid)
        last: list[Any] = []
        for name, old in zip(self.last, carried.last, strict=True):
            new = fit(body.operand(name), self._output_type(name), self.frame.sizes)
            last.append(_select(valid, new, Operand(old, self._output_type(name))))
        place = self.valid.place(t)
        stacked = [
            self._write(body, name, place, handle, last, valid) for name, handle in zip(self.stacked, carried.stacked, strict=True)
        ]
        return _Carried(states, variables, last, stacked)

    def _seed(self, t: Any) -> Any:
        if not self.draws:
            return self.frame.seed
        return mix(self.frame.seed, t if self.scan.first is None else t + self.frame.operand(self.scan.first).tensor)

    def _given(self, outer: str, inner: str) -> Any:
        return fit(self.frame.operand(outer), self.types[inner], self.frame.sizes)

    def _until(self, carried: _Carried) -> Operand | None:
        for state, value in zip(self.scan.states, carried.states, strict=True):
            if state.name == self.scan.until:
                return Operand(value, self.types[state.old])
        return None

    def _next(self, new: Operand, old: Any, name: str, valid: Operand | None) -> Any:
        t = self.types[name]
        value = new.tensor
        if new.type.axes != t.axes or new.type.dims != t.dims:
            value = tf.broadcast_to(align(new, t.axes, len(t.dims)), tf.shape(old))
        return _select(valid, value, Operand(old, t))

    def _next_variables(self, body: Frame, old: list[Any], valid: Operand | None) -> list[Any]:
        """New values of variables, which nothing differentiates; kept at a step where no row is valid."""
        some = None if valid is None else tf.reduce_any(valid.tensor)
        values: list[Any] = []
        for variable, before in zip(self.scan.variables, old, strict=True):
            new = fit(body.operand(variable.new), self.types[variable.old], self.frame.sizes)
            kept = new if some is None else tf.where(some, new, before)
            values.append(tf.stop_gradient(kept))
        return values

    def _write(self, body: Frame, name: str, place: Any, handle: Any, last: list[Any], valid: Operand | None) -> Any:
        t = self._output_type(name)
        if self.scan.hold and valid is not None:
            item = last[self.last.index(name)]
        else:
            item = fit(body.operand(name), t, self.frame.sizes)
            item = _select(valid, item, Operand(tf.zeros_like(item), t))
        return tensor_list.put(handle, place, item)

    # ---- the loop

    def results(self) -> Results:
        lists = self._lists()
        initial = self._initial()
        shapes = self._invariants()
        _narrow(initial.flat(), shapes)

        def goes_on(t: Any, *flat: Any) -> Any:
            until = self._until(self._unpack(list(flat)))
            more = t < self.length
            return more if until is None else more & ~tf.reduce_all(until.tensor)

        def step(t: Any, *flat: Any) -> Any:
            carried = self._step(self._inputs(lists, t), t, self._unpack(list(flat)))
            return (t + 1, *_narrow(carried.flat(), shapes))

        end = tf.while_loop(
            goes_on,
            step,
            (tf.constant(0), *initial.flat()),
            shape_invariants=(tf.TensorShape([]), *shapes),
            parallel_iterations=1 if self.scan.again else 10,  # steps that overlap are there at the same time
        )
        return self._named(self._unpack(list(end[1:])), end[0])

    def _named(self, final: _Carried, steps: Any) -> Results:
        results: Results = {}
        place = self.scan.outputs.index
        for at, (state, value) in enumerate(zip(self.scan.states, final.states, strict=True)):
            results[Result("final", at)] = Operand(value, self.types[state.old])
        for at, (variable, value) in enumerate(zip(self.scan.variables, final.variables, strict=True)):
            results[Result("variable", at)] = Operand(value, self.types[variable.old])
        for name, value in zip(self.last, final.last, strict=True):
            results[Result("last", place(name))] = Operand(value, self._output_type(name))
        for name, handle in zip(self.stacked, final.stacked, strict=True):
            results[Result("output", place(name))] = self._aligned_output(name, self._stack(name, handle, final.last, steps))
        return results

    def _lists(self) -> list[tuple[str, TensorType, Any, Any]]:
        """For each needed scanned input: its name in the body, its type, its shape at one step, a list over time."""
        lists: list[tuple[str, TensorType, Any, Any]] = []
        read = {*scan_ends(self.scan), *(name for node in self.scan.body.nodes for name in used_ids(node))}
        for x in self.scan.scanned:
            if x.inner not in read:
                continue
            outer = self.frame.operand(x.outer)
            t = outer.type.without(self.scan.axis)
            tensor = self.valid.ordered(Operand(move_axis_first(outer, self.scan.axis), t))
            shape = tf.shape(tensor)[1:] if None in tensor.shape.as_list()[1:] else tensor.shape.as_list()[1:]
            lists.append((x.inner, t, shape, tensor_list.from_tensor(tensor)))
        return lists

    def _inputs(self, lists: list[tuple[str, TensorType, Any, Any]], t: Any) -> list[tuple[str, Any]]:
        place = self.valid.place(t)
        values: list[tuple[str, Any]] = []
        for name, kind, shape, handle in lists:
            item = tensor_list.get(handle, place, shape, DTYPES[kind.dtype])
            item.set_shape(static_shape(kind, self.frame.sizes))
            values.append((name, fit(Operand(item, kind), self.types[name], self.frame.sizes)))
        return values

    # ---- after the loop

    def _stack(self, name: str, handle: Any, last: list[Any], steps: Any) -> Any:
        """[length, ...] in the order of the loop. After an early end by `until`, `hold` repeats the last valid output."""
        t = self._output_type(name)
        value = tensor_list.stack(handle, self._shape(name), DTYPES[t.dtype])
        value.set_shape([self.room if isinstance(self.room, int) else None, *static_shape(t, self.frame.sizes)])
        if self.scan.until is None or not self.scan.hold:
            return value
        rank = len(t.axes) + len(t.dims)
        late = tf.reshape(tf.range(self.room) >= steps, [-1, *[1] * rank])
        return tf.where(late, last[self.last.index(name)], value)

    def _aligned_output(self, name: str, value: Any) -> Operand:
        """From the loop's order to time order, and the scan's axis to its place among the axes."""
        t = self._output_type(name)
        ordered = self.valid.ordered(Operand(value, t))
        full = t.with_axes([self.scan.axis], self.frame.context.order)
        return Operand(move(ordered, 0, full.axes.index(self.scan.axis), len(full.axes) + len(t.dims)), full)


def _select(valid: Operand | None, new: Any, old: Operand) -> Any:
    """`new` where the row is valid, else `old`."""
    if valid is None:
        return new
    missing = [axis for axis in valid.type.axes if axis not in old.type.axes]
    if missing:
        raise AssertionError(f"a mask over {missing} of a value {old.type}")
    return tf.where(align(valid, old.type.axes, len(old.type.dims)), new, old.tensor)


def _narrow(values: list[Any], shapes: list[Any]) -> list[Any]:
    """`values` with their static shapes narrowed to what holds at every step."""
    for value, shape in zip(values, shapes, strict=True):
        value.set_shape(shape)
    return values
