"""One graph on its way into a module: values by id, sizes of axes, and how values meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rnndsl.backends.stablehlo.writer import Shape, Tensor, Writer, integers
from rnndsl.language.rules.types import unite_axes
from rnndsl.plan.attributes import DType, Result
from rnndsl.plan.model import Graph, Node, Scan, TensorType

_HALF = ("f16", "bf16")


class Absent(Exception):
    """What has no form in StableHLO: `what`, in the words of the text, at `place`."""

    def __init__(self, what: str, place: str) -> None:
        super().__init__(what)
        self.what, self.place = what, place


class Operand(NamedTuple):
    """A tensor laid out as `type` says: axes, then dims."""

    tensor: Tensor
    type: TensorType


Lower = Callable[..., Tensor]
"""From a frame, a node and its operands to the node's value."""


class Frame:
    """A graph at work: the top one, or one step of a scan.

    `variables`: the arguments that they are, by path. `seed`: i64 [], which random draws, if there are any, mix into their own
    stream; `sequence_seed`: that of the enclosing graph, for draws that are the same at every step.
    """

    def __init__(
        self,
        writer: Writer,
        order: Sequence[str],
        sizes: dict[str, int],
        variables: Mapping[str, Tensor],
        lowerings: Mapping[str, Lower],
        scan: Callable[[Frame, Scan], dict[Result, Operand]],
        seed: Tensor | None,
    ) -> None:
        self.writer, self.order, self.sizes, self.variables = writer, order, sizes, variables
        self.lowerings, self.scan = lowerings, scan
        self.seed = self.sequence_seed = seed
        self.asked: dict[str, set[Result]] = {}
        """By scan, the results of it that are read."""
        self.values: dict[str, Operand] = {}
        self.results: dict[str, dict[Result, Operand]] = {}

    def inner(self, seed: Tensor | None) -> Frame:
        """The frame of a graph within this one, whose own draws mix into `seed`."""
        frame = Frame(self.writer, self.order, self.sizes, self.variables, self.lowerings, self.scan, seed)
        frame.sequence_seed = self.seed
        return frame

    def run(self, graph: Graph) -> None:
        """Write every node. Raises Absent."""
        for node in graph.nodes:
            if isinstance(node, Node) and isinstance(node.attrs, Result):
                self.asked.setdefault(node.args[0], set()).add(node.attrs)
        for node in graph.nodes:
            if isinstance(node, Scan):
                self.results[node.id] = self.scan(self, node)
            else:
                self.define(node.id, node.type, self._value(node))

    def _value(self, node: Node) -> Tensor:
        lower = self.lowerings.get(node.op)
        if lower is None:
            raise Absent(node.op, node.place)
        operands = [self._wide(self.values[x]) for x in node.args if x in self.values]
        return lower(self, node, *operands)

    def _wide(self, x: Operand) -> Operand:
        """Half precision as f32: computed so and rounded once."""
        return Operand(self.cast(x.tensor, "f32"), x.type) if x.tensor.dtype in _HALF else x

    def define(self, name: str, t: TensorType, tensor: Tensor) -> None:
        """%name is `tensor`, of the type `t` but for its dtype."""
        for axis, size in zip(t.axes, tensor.shape, strict=False):
            if self.sizes.setdefault(axis, size) != size:
                raise AssertionError(f"the length of {axis} is {self.sizes[axis]} and {size}")
        if tensor.shape != self.shape(t):
            raise AssertionError(f"%{name} is {tensor.type}, which is not {t}")
        self.values[name] = Operand(self.cast(tensor, t.dtype), t)

    # ---- how values meet

    def shape(self, t: TensorType) -> Shape:
        return (*(self.sizes[axis] for axis in t.axes), *t.dims)

    def unite(self, *types: TensorType) -> tuple[str, ...]:
        """The axes of all `types`, in the plan's order."""
        return unite_axes(types, self.order)

    def fit(self, x: Operand, t: TensorType) -> Tensor:
        """`x` broadcast to the axes and dims of `t`, its dtype kept."""
        shape, first = self.shape(t), len(t.axes) + len(t.dims) - len(x.type.dims)
        places = [*(t.axes.index(axis) for axis in x.type.axes), *range(first, first + len(x.type.dims))]
        return self.spread(x.tensor, shape, places)

    def spread(self, x: Tensor, shape: Shape, places: Sequence[int]) -> Tensor:
        """`x` broadcast to `shape`, its dims being those at `places`."""
        if x.shape == shape:
            return x
        return self.writer.op("broadcast_in_dim", [x], x.dtype, shape, f"broadcast_dimensions = {integers(places)}")

    def widen(self, x: Tensor, shape: Shape) -> Tensor:
        """`x` broadcast to a `shape` of the same rank, in which its dims of 1 may be longer."""
        kept = [i for i, (n, m) in enumerate(zip(x.shape, shape, strict=True)) if n == m]
        return x if x.shape == shape else self.spread(self.reshape(x, [x.shape[i] for i in kept]), shape, kept)

    # ---- what operations are made of

    def op(self, name: str, *operands: Tensor) -> Tensor:
        """An operation on tensors of one shape, the value being of the first one's dtype."""
        return self.writer.op(name, operands, operands[0].dtype, operands[0].shape)

    def filled(self, value: Any, like: Tensor) -> Tensor:
        """`value` everywhere, of the dtype and shape of `like`."""
        return self.writer.constant(value, like.dtype, like.shape)

    def compare(self, how: str, a: Tensor, b: Tensor) -> Tensor:
        direction = f"comparison_direction = #stablehlo<comparison_direction {how}>"
        return self.writer.op("compare", [a, b], "bool", a.shape, direction)

    def select(self, condition: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        return self.writer.op("select", [condition, yes, no], yes.dtype, yes.shape)

    def cast(self, x: Tensor, dtype: DType) -> Tensor:
        if x.dtype == dtype:
            return x
        return self.writer.op("convert", [x], dtype, x.shape)

    def bits(self, x: Tensor, dtype: DType) -> Tensor:
        """`x` as what its bits are in a dtype that is as wide."""
        return self.writer.op("bitcast_convert", [x], dtype, x.shape)

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        return x if x.shape == tuple(shape) else self.writer.op("reshape", [x], x.dtype, shape)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        if list(order) == list(range(len(x.shape))):
            return x
        shape = [x.shape[i] for i in order]
        return self.writer.op("transpose", [x], x.dtype, shape, f"permutation = {integers(order)}")

    def move(self, x: Tensor, source: int, target: int) -> Tensor:
        """`x` with the dim at `source` moved to `target`."""
        order = [i for i in range(len(x.shape)) if i != source]
        order.insert(target, source)
        return self.transpose(x, order)

    def slice(self, x: Tensor, at: int, start: int, stop: int, by: int = 1) -> Tensor:
        """Every `by`-th place from `start` up to `stop` along the dim `at`."""
        starts, stops, strides = [0] * len(x.shape), list(x.shape), [1] * len(x.shape)
        starts[at], stops[at], strides[at] = start, stop, by
        shape = [*x.shape[:at], max(-(-(stop - start) // by), 0), *x.shape[at + 1 :]]
        told = f"limit_indices = {integers(stops)}, start_indices = {integers(starts)}, strides = {integers(strides)}"
        return self.writer.op("slice", [x], x.dtype, shape, told)

    def row(self, x: Tensor, at: Tensor) -> Tensor:
        """[at, ..] of `x`, `at` being i32 []."""
        one = x.shape[1:]
        zero = self.writer.constant(0, "i32")
        told = f"slice_sizes = {integers([1, *one])}"
        part = self.writer.op("dynamic_slice", [x, at, *(zero for _ in one)], x.dtype, (1, *one), told)
        return self.reshape(part, one)

    def put_row(self, whole: Tensor, part: Tensor, at: Tensor) -> Tensor:
        """`whole` with `part` as [at, ..]."""
        zero = self.writer.constant(0, "i32")
        row = self.reshape(part, (1, *part.shape))
        return self.writer.op("dynamic_update_slice", [whole, row, at, *(zero for _ in part.shape)], whole.dtype, whole.shape)

    def pad(self, x: Tensor, at: int, before: int, after: int, between: int = 0) -> Tensor:
        """`x` with zeros before, after and between its places along the dim `at`."""
        low, high, inside = [0] * len(x.shape), [0] * len(x.shape), [0] * len(x.shape)
        low[at], high[at], inside[at] = before, after, between
        size = x.shape[at] + max(x.shape[at] - 1, 0) * between + before + after
        shape = [*x.shape[:at], size, *x.shape[at + 1 :]]
        told = f"edge_padding_high = {integers(high)}, edge_padding_low = {integers(low)}, interior_padding = {integers(inside)}"
        return self.writer.op("pad", [x, self.writer.constant(0, x.dtype)], x.dtype, shape, told)

    def concatenate(self, parts: Sequence[Tensor], at: int) -> Tensor:
        first = parts[0]
        shape = [*first.shape[:at], sum(x.shape[at] for x in parts), *first.shape[at + 1 :]]
        return self.writer.op("concatenate", parts, first.dtype, shape, f"dimension = {at} : i64")

    def iota(self, shape: Shape, at: int, dtype: DType = "i32") -> Tensor:
        """The place along the dim `at`."""
        return self.writer.op("iota", [], dtype, shape, f"iota_dimension = {at} : i64")

    def sum(self, x: Tensor, dims: Sequence[int]) -> Tensor:
        return self.writer.reduce(x, self.writer.constant(0, x.dtype), dims, "add")
