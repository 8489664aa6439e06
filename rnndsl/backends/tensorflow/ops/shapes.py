"""Trailing dims: joined, cut, reshaped, turned; one-hot vectors; softmax and argmax along a dim or an axis."""

from __future__ import annotations

from typing import Any

from rnndsl.backends.tensorflow.align import Operand
from rnndsl.backends.tensorflow.ops.registry import Frame, lowers
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.model import Node, TensorType


@lowers("concat")
def concat(frame: Frame, node: Node, *operands: Operand) -> Any:
    """Axes united first, so a value without `batch` is repeated along it."""
    axes = node.type.axes
    parts = [frame.fit(x, TensorType(x.type.dtype, axes, x.type.dims)) for x in operands]
    return tf.concat(parts, node.attrs["dim"])


@lowers("stack")
def stack(frame: Frame, node: Node, *operands: Operand) -> Any:
    part = TensorType(node.type.dtype, node.type.axes, node.type.dims[:-1])
    return tf.stack([frame.fit(x, part) for x in operands], -1)


@lowers("index")
def index(frame: Frame, node: Node, x: Operand) -> Any:
    """Items: ["at", i], ["range", a, b] or ["all"], one a trailing dim. Columns that part a value are one `tf.split`."""
    part = frame.part(node, x)
    if part is not None:
        return part
    places: list[Any] = [slice(None)] * len(x.type.axes)
    for item in node.attrs["items"]:
        places.append(_place(item))
    return x.tensor[tuple(places)]


def _place(item: list[Any]) -> int | slice:
    if item[0] == "at":
        return item[1]
    return slice(item[1], item[2]) if item[0] == "range" else slice(None)


@lowers("reshape")
def reshape(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.reshape(x.tensor, frame.shape(node.type))


@lowers("broadcast")
def broadcast(frame: Frame, node: Node, x: Operand) -> Any:
    return frame.fit(x, node.type)


@lowers("transpose")
def transpose(frame: Frame, node: Node, x: Operand) -> Any:
    rank = x.tensor.shape.rank
    return tf.transpose(x.tensor, [*range(rank - 2), rank - 1, rank - 2])


@lowers("roll")
def roll(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.roll(x.tensor, node.attrs["shift"], -1)


@lowers("one_hot")
def one_hot(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.one_hot(x.tensor, node.attrs["n"], dtype=DTYPES[node.type.dtype])


def along(node: Node, x: Operand) -> int:
    """The dim of the tensor that `over` (a leading axis) or `dim` (from the end) means."""
    over = node.attrs.get("over")
    if over:
        return x.type.axes.index(over)
    return x.tensor.shape.rank + node.attrs.get("dim", -1)


@lowers("softmax")
def softmax(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.nn.softmax(x.tensor, along(node, x))


@lowers("log_softmax")
def log_softmax(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.nn.log_softmax(x.tensor, along(node, x))


@lowers("argmax")
def argmax(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.argmax(x.tensor, along(node, x), output_type=tf.int32)
