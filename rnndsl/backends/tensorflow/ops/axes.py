"""Leading axes: shifted, numbered, reversed, renamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, align, meet, unite, zeros_around
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Over, Renamed, Steps, ValidSteps
from rnndsl.plan.model import Node, TensorType


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


LOWERINGS: Mapping[str, Lower] = {
    "shift": shift,
    "position": position,
    "axis_length": axis_length,
    "valid_steps": valid_steps,
    "reverse": reverse,
    "rename": rename,
}
