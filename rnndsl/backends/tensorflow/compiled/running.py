"""Regions as functions that XLA compiles, once for each set of shapes that they meet.

So that there are few, the axis of a scan is widened to the next of a few lengths, four to a doubling; the loop takes as many steps
as there are. Every operation beside the scans is about each position alone, so what stands in the rest does not matter.

A loop's step is too small for several cores. So where rows do not meet, each half of them is a loop of its own, and the two run at
the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rnndsl.backends.tensorflow.align import shape_of
from rnndsl.backends.tensorflow.compiled.regions import Region, parts
from rnndsl.backends.tensorflow.compiled.sharing import Shared
from rnndsl.backends.tensorflow.frame import Frame
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Graph, GraphInput, Node, TensorType

_LEAST = 16
"""The shortest length that is widened to; below, every length is one of its own."""
_FEW = 4
"""So many rows are not worth two loops."""

Tensors = Sequence[Any]
Types = Sequence[TensorType]
Lengths = Mapping[str, Any]


def run_compiled(frame: Frame, ends: Iterable[str], shared: Shared) -> None:
    """Lower every node of `frame`, of which `ends` are read, with regions compiled: in `shared` those that other calls have too. So
    it goes on in the bodies of scans that are in no region."""
    frame.shared = shared
    for part in parts(frame.graph, ends):
        if not isinstance(part, Region):
            frame.take(part)
        elif _sized(part, frame):
            tensors = [frame.tensors[name] for name in part.reads]
            compiled = _Compiled(frame, part)
            run = shared.function(part, frame, compiled.run)
            frame.tensors.update(zip(part.gives, run(tensors, compiled.lengths()), strict=True))
        else:
            for node in part.nodes:
                frame.take(node)


def _sized(region: Region, frame: Frame) -> bool:
    """Whether the lengths of all axes are known, or can be told from what is read."""
    seen = _read_axes(region, frame) | {axis for axis, size in frame.sizes.items() if isinstance(size, int)}
    return all(axis in seen for node in region.nodes if isinstance(node, Node) for axis in node.type.axes)


def _read_axes(region: Region, frame: Frame) -> set[str]:
    return {axis for name in region.reads for axis in frame.types[name].axes}


class _Compiled:
    """A region of a frame. Lists of tensors are in the order of what it reads, or gives."""

    def __init__(self, frame: Frame, region: Region) -> None:
        self.frame = frame
        self.region = region
        self.reads = [frame.types[name] for name in region.reads]
        self.gives = [frame.types[name] for name in region.gives]
        self.function = tf.function(self._lowered, jit_compile=True, autograph=False)

    def lengths(self) -> Lengths:
        """The lengths of axes that are told by a call alone."""
        axes = self.region.scanned.union(*(t.axes for t in (*self.reads, *self.gives)))
        sizes = {axis: self.frame.sizes[axis] for axis in sorted(axes) if axis in self.frame.sizes}
        return {axis: tf.convert_to_tensor(size) for axis, size in sizes.items() if not isinstance(size, int)}

    def run(self, tensors: Tensors, lengths: Lengths) -> Tensors:
        """What the region gives."""
        sizes = {**{axis: size for axis, size in self.frame.sizes.items() if isinstance(size, int)}, **lengths}
        drawn = {axis for axes in self.region.drawn for axis in axes}
        axes = [a for a in sorted(self.region.scanned - self.region.about - drawn) if not isinstance(sizes.get(a, 0), int)]
        if not axes:
            return self._in_halves(tensors, {}, sizes)
        steps = {axis: sizes[axis] for axis in axes}
        rooms = {axis: room_for(length) for axis, length in steps.items()}
        exact = tf.reduce_all([rooms[axis] == steps[axis] for axis in axes])

        def widened() -> Tensors:
            wide = [_widened(x, t, steps, rooms) for x, t in zip(tensors, self.reads, strict=True)]
            return [_cut(x, t, steps, sizes) for x, t in zip(self._in_halves(wide, steps, sizes), self.gives, strict=True)]

        return tf.cond(exact, lambda: self._in_halves(tensors, steps, sizes), widened)

    def _lowered(self, tensors: Tensors, steps: Lengths, firsts: Lengths) -> Tensors:
        """`firsts`: of an axis that is cut, the place of the first row."""
        graph = Graph(tuple(map(GraphInput, self.region.reads, self.reads)), self.region.nodes)
        read = _read_axes(self.region, self.frame)
        known = {axis: size for axis, size in self.frame.sizes.items() if axis not in read and isinstance(size, int)}
        inner = Frame(self.frame.context, graph, dict(zip(self.region.reads, tensors, strict=True)), known, self.frame.seed)
        inner.compiled = True
        inner.steps.update(steps)
        inner.firsts.update(firsts)
        inner.run()
        return [inner.tensors[name] for name in self.region.gives]

    # ---- two halves

    def _in_halves(self, tensors: Tensors, steps: Lengths, sizes: Lengths) -> Tensors:
        axis = self._rows()
        if axis is None:
            return self.function(tensors, steps, {})
        size = sizes[axis]

        def whole() -> Tensors:
            return self.function(tensors, steps, self._first(axis, 0))

        if isinstance(size, int):
            return self._halves(axis, size, tensors, steps) if size >= _FEW else whole()
        return tf.cond(size >= _FEW, lambda: self._halves(axis, size, tensors, steps), whole)

    def _rows(self) -> str | None:
        """An axis whose positions do not meet, and that all that is given has. What is drawn at random is drawn row by row."""
        apart = self.region.scanned | self.region.about
        order = self.frame.context.natural
        apart.update(axis for axes in self.region.drawn for axis in sorted(axes, key=order.index)[1:])
        return next((a for a in order if a not in apart and all(a in t.axes for t in self.gives)), None)

    def _halves(self, axis: str, size: Any, tensors: Tensors, steps: Lengths) -> Tensors:
        middle = size // 2
        parts = ((slice(None, middle), 0), (slice(middle, None), middle))
        halves = [self.function(_rows_of(tensors, self.reads, axis, rows), steps, self._first(axis, at)) for rows, at in parts]
        return [tf.concat(both, t.axes.index(axis)) for *both, t in zip(*halves, self.gives, strict=True)]

    def _first(self, axis: str, row: Any) -> Lengths:
        return {axis: tf.convert_to_tensor(row)} if self.region.drawn else {}


def _rows_of(tensors: Tensors, types: Types, axis: str, rows: slice) -> Tensors:
    """Each tensor at these `rows`; those without the axis as they are."""
    places = [tuple(rows if a == axis else slice(None) for a in t.axes) for t in types]
    return [x[place] if axis in t.axes else x for x, t, place in zip(tensors, types, places, strict=True)]


# ---- few lengths


def room_for(length: Any) -> Any:
    """The least of 16, 20, 24, 28, 32, 40, 48, 56, 64, 80… that is not below `length`, an i32 scalar; below 16 that itself."""
    wide = tf.maximum(length, _LEAST)
    quarter = tf.bitwise.left_shift(tf.constant(1), _highest_bit(wide) - 2)
    return tf.where(length < _LEAST, length, (wide + quarter - 1) // quarter * quarter)


def _highest_bit(x: Any) -> Any:
    """The place of the highest bit of an i32 from 1 up."""
    return tf.reduce_sum(tf.cast(x >= tf.constant([2**k for k in range(1, 31)]), tf.int32))


def _widened(x: Any, t: TensorType, lengths: Lengths, rooms: Lengths) -> Any:
    if lengths.keys().isdisjoint(t.axes):
        return x
    more = [rooms[axis] - lengths[axis] if axis in lengths else 0 for axis in t.axes]
    return tf.pad(x, [[0, n] for n in (*more, *(0 for _ in t.dims))])


def _cut(x: Any, t: TensorType, widened: Lengths, sizes: Lengths) -> Any:
    if widened.keys().isdisjoint(t.axes):
        return x
    return tf.slice(x, [0] * (len(t.axes) + len(t.dims)), shape_of(t, sizes))
