"""Leading axes: shifted, numbered, reversed, renamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, align, fit, meet, move, move_axis_first, relaid, unite, zeros_around
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Over, Renamed, Steps, ValidSteps
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.stretches import Exchanged, Segments, StepAt, Stretch, segment_length


def shift(frame: Frame, node: Node, x: Operand) -> Any:
    """y[t] = x[t - steps]; zeros enter at the end that is left."""
    told = node.told(Steps)
    steps, at, rank = told.steps, x.type.axes.index(told.over), x.tensor.shape.rank
    if steps == 0:
        return x.tensor
    length = tf.shape(x.tensor)[at]
    entering = tf.minimum(abs(steps), length)
    kept = slice(0, length - entering) if steps > 0 else slice(entering, None)
    rest = x.tensor[tuple(kept if i == at else slice(None) for i in range(rank))]
    shifted = zeros_around(rest, at, entering if steps > 0 else 0, 0 if steps > 0 else entering)
    shifted.set_shape(x.tensor.shape)
    return shifted


def position(frame: Frame, node: Node, like: Operand) -> Any:
    return tf.range(frame.sizes[node.told(Over).over], dtype=tf.int32)


def axis_length(frame: Frame, node: Node) -> Any:
    return tf.cast(frame.sizes[node.told(Over).over], tf.int32)


def turn(frame: Frame, node: Node, x: Operand, lengths: Operand) -> Any:
    t, over = node.type, node.told(Over).over
    ends = tf.clip_by_value(tf.cast(lengths.tensor, tf.int32), 0, frame.sizes[over])
    ordered = Operand(move_axis_first(Operand(fit(x, t, frame.sizes), t), over), t.without(over))
    return move(turned(ordered, Operand(ends, lengths.type), frame), 0, t.axes.index(over), len(t.axes) + len(t.dims))


def turned(x: Operand, lengths: Operand, frame: Frame) -> Any:
    """`x.tensor` [time, ...type], each sequence's own steps from their end; it has the axes of `lengths`, which are i32 and no more
    than the steps."""
    axes = unite([x.type, lengths.type], frame.context.order)
    if not lengths.type.axes:
        steps = tf.range(tf.shape(x.tensor)[0])
        return tf.gather(x.tensor, tf.where(steps < lengths.tensor, lengths.tensor - 1 - steps, steps))
    if axes != x.type.axes:
        raise AssertionError(f"lengths over {axes} of a sequence {x.type}")
    ends = tf.reshape(fit(lengths, TensorType("i32", axes), frame.sizes), [-1])
    if len(axes) == 1:
        return tf.reverse_sequence(x.tensor, ends, seq_axis=0, batch_axis=1)
    shape = tf.shape(x.tensor)
    flat = tf.reshape(x.tensor, tf.concat([[shape[0], -1], shape[1 + len(axes) :]], 0))
    found = tf.reshape(tf.reverse_sequence(flat, ends, seq_axis=0, batch_axis=1), shape)
    found.set_shape(x.tensor.shape)
    return found


def valid_steps(frame: Frame, node: Node, x: Operand, *by: Operand) -> Any:
    """`by`: lengths, then a mask, those of them that the scan has."""
    over, order, rest = node.told(Over).over, frame.context.order, list(by)
    parts: list[Operand] = []
    if node.told(ValidSteps).lengths:
        lengths = rest.pop(0)
        ends = Operand(tf.cast(lengths.tensor, tf.int32), lengths.type)
        place = Operand(tf.range(frame.sizes[over]), TensorType("i32", (over,)))
        axes = unite([place.type, ends.type], order)
        parts.append(Operand(tf.less(*meet([place, ends], order)), TensorType("bool", axes)))
    parts += rest
    valid = [align(part, x.type.axes, len(x.type.dims)) for part in parts]
    both = valid[0] if len(valid) == 1 else tf.logical_and(*valid)
    return tf.where(both, x.tensor, tf.zeros_like(x.tensor))


def _at(x: Operand, axis: str, place: Any) -> Any:
    """`x` at one or more steps of an axis, which stays where it is."""
    return x.tensor[tuple(place if a == axis else slice(None) for a in x.type.axes)]


def step_at(frame: Frame, node: Node, x: Operand) -> Any:
    told = node.told(StepAt)
    return _at(x, told.over, told.at)


def place_step(frame: Frame, node: Node, x: Operand) -> Any:
    told, at = node.told(StepAt), node.type.axes.index(node.told(StepAt).over)
    before = told.at if told.at >= 0 else frame.sizes[told.over] + told.at
    return zeros_around(tf.expand_dims(x.tensor, at), at, before, frame.sizes[told.over] - before - 1)


def stretch(frame: Frame, node: Node, x: Operand) -> Any:
    told = node.told(Stretch)
    return relaid(_at(x, told.over, slice(told.start, told.stop, told.by)), _named(x, told.over, told.to), node.type.axes)


def place_stretch(frame: Frame, node: Node, x: Operand) -> Any:
    """`by` - 1 zeros behind each step, zeros before the first, and as many behind the last as the axis needs, or fewer."""
    told, named = node.told(Stretch), _named(x, node.told(Stretch).to, node.told(Stretch).over)
    size, at, rank = frame.sizes[told.over], node.type.axes.index(told.over), len(node.type.axes) + len(node.type.dims)
    values = relaid(x.tensor, named, node.type.axes)
    before = tf.clip_by_value(told.start if told.start >= 0 else size + told.start, 0, size)
    shape = tf.shape(values)
    spaced = zeros_around(tf.expand_dims(values, at + 1), at + 1, 0, told.by - 1)
    spaced = tf.reshape(spaced, tf.concat([shape[:at], [shape[at] * told.by], shape[at + 1 :]], 0))
    whole = zeros_around(spaced, at, before, tf.maximum(size - before - shape[at] * told.by, 0))
    return whole[tuple(slice(0, size) if i == at else slice(None) for i in range(rank))]


def _named(x: Operand, old: str, new: str) -> TensorType:
    """The type of `x`, laid out as it is, with another name for an axis."""
    return TensorType(x.type.dtype, tuple(new if a == old else a for a in x.type.axes), x.type.dims)


def segments(frame: Frame, node: Node, x: Operand) -> Any:
    told, rest = node.told(Segments), x.type.without(node.told(Segments).over)
    steps = move_axis_first(x, told.over)
    size, each = steps.shape[0], told.each
    if size is None:
        size = tf.shape(steps)[0]
    if each is None and not isinstance(size, int):
        each = tf.maximum(tf.cast(tf.math.ceil(tf.sqrt(tf.cast(size, tf.float64))), tf.int32), 1)
    elif each is None:
        each = segment_length(size)
    count = (size + each - 1) // each
    whole = zeros_around(steps, 0, 0, count * each - size)
    cut = tf.reshape(whole, tf.concat([[count, each], tf.shape(steps)[1:]], 0))
    cut.set_shape([*(n if isinstance(n, int) else None for n in (count, each)), *steps.shape[1:]])
    return relaid(cut, TensorType(rest.dtype, (told.to, told.within, *rest.axes), rest.dims), node.type.axes)


def joined(frame: Frame, node: Node, x: Operand) -> Any:
    told, rest = node.told(Segments), node.type.without(node.told(Segments).over)
    steps = relaid(x.tensor, x.type, (told.to, told.within, *rest.axes))
    whole = tf.reshape(steps, tf.concat([[-1], tf.shape(steps)[2:]], 0))[: frame.sizes[told.over]]
    whole.set_shape([whole.shape[0], *steps.shape[2:]])
    return move(whole, 0, node.type.axes.index(told.over), len(node.type.axes) + len(node.type.dims))


def reverse(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.reverse(x.tensor, [x.type.axes.index(node.told(Over).over)])


def rename(frame: Frame, node: Node, x: Operand) -> Any:
    """The same values; the renamed axis may have another place in the plan's order."""
    told = node.told(Renamed)
    axes = [told.new if axis == told.old else axis for axis in x.type.axes]
    order = [axes.index(axis) for axis in node.type.axes]
    if order == list(range(len(order))):
        return x.tensor
    return tf.transpose(x.tensor, [*order, *range(len(order), x.tensor.shape.rank)])


def as_dim(frame: Frame, node: Node, x: Operand) -> Any:
    at = x.type.axes.index(node.told(Exchanged).over)
    return move(x.tensor, at, len(x.type.axes) - 1, len(x.type.axes) + len(x.type.dims))


def as_axis(frame: Frame, node: Node, x: Operand) -> Any:
    at = node.type.axes.index(node.told(Exchanged).over)
    return move(x.tensor, len(x.type.axes), at, len(x.type.axes) + len(x.type.dims))


LOWERINGS: Mapping[str, Lower] = {
    "shift": shift,
    "position": position,
    "axis_length": axis_length,
    "turn": turn,
    "valid_steps": valid_steps,
    "step_at": step_at,
    "place_step": place_step,
    "stretch": stretch,
    "place_stretch": place_stretch,
    "segments": segments,
    "joined": joined,
    "reverse": reverse,
    "rename": rename,
    "as_dim": as_dim,
    "as_axis": as_axis,
}
