"""Leading axes: shifted, numbered, reversed, renamed, cut, exchanged for dims; running sums."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.backends.stablehlo.frame import Absent, Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.reductions import along
from rnndsl.backends.stablehlo.writer import Tensor, integers
from rnndsl.plan.attributes import Over, Renamed, Steps, ValidSteps
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.ordering import Cumulative
from rnndsl.plan.stretches import Exchanged, Segments, StepAt, Stretch


def shift(frame: Frame, node: Node, x: Operand) -> Tensor:
    told = node.told(Steps)
    at = x.type.axes.index(told.over)
    size = x.tensor.shape[at]
    by = max(min(told.steps, size), -size)
    if by >= 0:
        return frame.pad(frame.slice(x.tensor, at, 0, size - by), at, by, 0)
    return frame.pad(frame.slice(x.tensor, at, -by, size), at, 0, -by)


def position(frame: Frame, node: Node, like: Operand) -> Tensor:
    shape = frame.shape(node.type)
    return frame.iota(shape, node.type.axes.index(node.told(Over).over))


def axis_length(frame: Frame, node: Node) -> Tensor:
    return frame.writer.constant(frame.sizes[node.told(Over).over], node.type.dtype)


def reverse_along(frame: Frame, x: Tensor, at: int) -> Tensor:
    return frame.writer.op("reverse", [x], x.dtype, x.shape, f"dimensions = {integers([at])}")


def turned(frame: Frame, x: Operand, over: str, lengths: Operand) -> Tensor:
    """`x`, which has the axes of `lengths`, each sequence's own steps along `over` from their end."""
    axes, at = x.type.axes, x.type.axes.index(over)
    size, shape = x.tensor.shape[at], x.tensor.shape[: len(axes)]
    steps = frame.iota(shape, at)
    own = frame.cast(frame.fit(lengths, TensorType("i32", axes)), "i32")
    own = frame.op("minimum", frame.op("maximum", own, frame.filled(0, own)), frame.filled(size, own))
    back = frame.op("subtract", frame.op("subtract", own, frame.filled(1, own)), steps)
    place = frame.select(frame.compare("LT", steps, own), back, steps)
    columns = [place if i == at else frame.iota(shape, i) for i in range(len(axes))]
    where = frame.concatenate([frame.reshape(c, (*c.shape, 1)) for c in columns], len(axes))
    keys, rest = list(range(len(axes))), x.tensor.shape[len(axes) :]
    numbers = (
        f"offset_dims = {list(range(len(axes), len(x.tensor.shape)))}, collapsed_slice_dims = {keys}, start_index_map = {keys}, "
        f"index_vector_dim = {len(axes)}"
    )
    told = f"dimension_numbers = #stablehlo.gather<{numbers}>, indices_are_sorted = false, slice_sizes = "
    told += integers([*[1 for _ in axes], *rest])
    return frame.writer.op("gather", [x.tensor, where], x.tensor.dtype, x.tensor.shape, told)


def turn(frame: Frame, node: Node, x: Operand, lengths: Operand) -> Tensor:
    return turned(frame, Operand(frame.fit(x, node.type), node.type), node.told(Over).over, lengths)


def reverse(frame: Frame, node: Node, x: Operand) -> Tensor:
    return reverse_along(frame, x.tensor, x.type.axes.index(node.told(Over).over))


def valid_steps(frame: Frame, node: Node, x: Operand, *by: Operand) -> Tensor:
    """`by`: lengths, then a mask, those of them that the scan has."""
    axes, over, rest = TensorType("bool", x.type.axes), node.told(Over).over, list(by)
    zeros, found = frame.filled(0, x.tensor), x.tensor
    places = range(len(x.type.axes))
    if node.told(ValidSteps).lengths:
        lengths = frame.cast(frame.fit(rest.pop(0), axes), "i32")
        early = frame.compare("LT", frame.iota(lengths.shape, x.type.axes.index(over)), lengths)
        found = frame.select(frame.spread(early, x.tensor.shape, places), found, zeros)
    for mask in rest:
        found = frame.select(frame.spread(frame.fit(mask, axes), x.tensor.shape, places), found, zeros)
    return found


def _step(told: StepAt, size: int, node: Node) -> int:
    """Raises Absent for a step that the axis lacks."""
    if not -size <= told.at < size:
        raise Absent(f"step {told.at} of {told.over}, which has {size}", node.place)
    return told.at % size


def step_at(frame: Frame, node: Node, x: Operand) -> Tensor:
    told = node.told(StepAt)
    at = x.type.axes.index(told.over)
    step = _step(told, x.tensor.shape[at], node)
    return frame.reshape(frame.slice(x.tensor, at, step, step + 1), [n for i, n in enumerate(x.tensor.shape) if i != at])


def place_step(frame: Frame, node: Node, x: Operand) -> Tensor:
    told = node.told(StepAt)
    at, size = node.type.axes.index(told.over), frame.sizes[told.over]
    step = _step(told, size, node)
    one = frame.reshape(x.tensor, [*x.tensor.shape[:at], 1, *x.tensor.shape[at:]])
    return frame.pad(one, at, step, size - step - 1)


def stretch(frame: Frame, node: Node, x: Operand) -> Tensor:
    told = node.told(Stretch)
    at = x.type.axes.index(told.over)
    steps = range(x.tensor.shape[at])[told.start : told.stop : told.by]
    part = frame.slice(x.tensor, at, steps.start, max(steps.stop, steps.start), told.by)
    return frame.move(part, at, node.type.axes.index(told.to))


def place_stretch(frame: Frame, node: Node, x: Operand) -> Tensor:
    told = node.told(Stretch)
    at, size = node.type.axes.index(told.over), frame.sizes[told.over]
    steps = range(size)[told.start : told.stop : told.by]
    if not steps:
        return frame.writer.constant(0, x.tensor.dtype, frame.shape(node.type))
    moved = frame.move(x.tensor, x.type.axes.index(told.to), at)
    return frame.pad(moved, at, steps[0], size - 1 - steps[-1], told.by - 1)


def segments(frame: Frame, node: Node, x: Operand) -> Tensor:
    told, at = node.told(Segments), x.type.axes.index(node.told(Segments).over)
    steps = frame.move(x.tensor, at, 0)
    size, rest = steps.shape[0], steps.shape[1:]
    each = told.of(size)
    count = -(-size // each)
    cut = frame.reshape(frame.pad(steps, 0, 0, count * each - size), (count, each, *rest))
    axes = (told.to, told.within, *(axis for axis in x.type.axes if axis != told.over))
    return frame.transpose(cut, [*map(axes.index, node.type.axes), *range(len(axes), len(cut.shape))])


def joined(frame: Frame, node: Node, x: Operand) -> Tensor:
    told, axes = node.told(Segments), x.type.axes
    order = [axes.index(told.to), axes.index(told.within)]
    order += [i for i in range(len(x.tensor.shape)) if i not in order]
    steps = frame.transpose(x.tensor, order)
    whole = frame.reshape(steps, (steps.shape[0] * steps.shape[1], *steps.shape[2:]))
    return frame.move(frame.slice(whole, 0, 0, frame.sizes[told.over]), 0, node.type.axes.index(told.over))


def rename(frame: Frame, node: Node, x: Operand) -> Tensor:
    """The renamed axis may have another place in the plan's order."""
    told = node.told(Renamed)
    axes = [told.new if axis == told.old else axis for axis in x.type.axes]
    rest = range(len(axes), len(x.tensor.shape))
    return frame.transpose(x.tensor, [*(axes.index(axis) for axis in node.type.axes), *rest])


def as_dim(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.move(x.tensor, x.type.axes.index(node.told(Exchanged).over), len(x.type.axes) - 1)


def as_axis(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.move(x.tensor, len(x.type.axes), node.type.axes.index(node.told(Exchanged).over))


def cumsum(frame: Frame, node: Node, x: Operand) -> Tensor:
    told = node.told(Cumulative)
    at = along(x, told)
    found = running_sum(frame, reverse_along(frame, x.tensor, at) if told.back else x.tensor, at)
    return reverse_along(frame, found, at) if told.back else found


def running_sum(frame: Frame, x: Tensor, at: int) -> Tensor:
    """Along the dim `at`, by doubling: after k rounds each place is the sum of the 2^k that end with it."""
    size, by = x.shape[at], 1
    while by < size:
        x = frame.op("add", x, frame.pad(frame.slice(x, at, 0, size - by), at, by, 0))
        by *= 2
    return x


LOWERINGS: Mapping[str, Lower] = {
    "shift": shift,
    "position": position,
    "axis_length": axis_length,
    "turn": turn,
    "reverse": reverse,
    "valid_steps": valid_steps,
    "step_at": step_at,
    "place_step": place_step,
    "stretch": stretch,
    "place_stretch": place_stretch,
    "segments": segments,
    "joined": joined,
    "rename": rename,
    "as_dim": as_dim,
    "as_axis": as_axis,
    "cumsum": cumsum,
}
