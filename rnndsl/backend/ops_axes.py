"""Leading axes: shifted, numbered, reversed, renamed."""

from __future__ import annotations

from typing import Any

from rnndsl.backend.align import Operand
from rnndsl.backend.registry import Frame, lowers
from rnndsl.backend.tensorflow_module import tf
from rnndsl.plan.model import Node


@lowers("shift")
def shift(frame: Frame, node: Node, x: Operand) -> Any:
    """y[t] = x[t - steps]; zeros enter at the end that is left."""
    steps, at, rank = node.attrs.get("steps", 1), x.type.axes.index(node.attrs["over"]), x.tensor.shape.rank
    if steps == 0:
        return x.tensor
    pads = [[0, 0] for _ in range(rank)]
    pads[at] = [steps, 0] if steps > 0 else [0, -steps]
    padded = tf.pad(x.tensor, pads)
    cut = slice(0, -steps) if steps > 0 else slice(-steps, None)
    return padded[tuple(cut if i == at else slice(None) for i in range(rank))]


@lowers("position")
def position(frame: Frame, node: Node, like: Operand) -> Any:
    return tf.range(frame.sizes[node.attrs["over"]], dtype=tf.int32)


@lowers("reverse")
def reverse(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.reverse(x.tensor, [x.type.axes.index(node.attrs["over"])])


@lowers("rename")
def rename(frame: Frame, node: Node, x: Operand) -> Any:
    """The same values; the renamed axis may have another place in the plan's order."""
    axes = [node.attrs["to"] if axis == node.attrs["from"] else axis for axis in x.type.axes]
    order = [axes.index(axis) for axis in node.type.axes]
    if order == list(range(len(order))):
        return x.tensor
    return tf.transpose(x.tensor, [*order, *range(len(order), x.tensor.shape.rank)])
