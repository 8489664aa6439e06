"""Trailing dims: joined, cut, reshaped, turned; one-hot vectors; softmax and argmax along a dim or an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, move
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.ops.columns import split_columns
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.attributes import Along, Dim, OneHot, Shifted
from rnndsl.plan.indices import All, At, Index, Item, Part, Placed
from rnndsl.plan.model import Node, TensorType


def concat(frame: Frame, node: Node, *operands: Operand) -> Any:
    """Axes united first, so a value without `batch` is repeated along it."""
    axes = node.type.axes
    parts = [frame.fit(x, TensorType(x.type.dtype, axes, x.type.dims)) for x in operands]
    return tf.concat(parts, node.told(Dim).dim)


def stack(frame: Frame, node: Node, *operands: Operand) -> Any:
    part = TensorType(node.type.dtype, node.type.axes, node.type.dims[:-1])
    return tf.stack([frame.fit(x, part) for x in operands], -1)


def index(frame: Frame, node: Node, x: Operand) -> Any:
    """Columns that part a value are one `tf.split`."""
    part = _part(frame, node, x)
    if part is not None:
        return part
    places: list[Any] = [slice(None)] * len(x.type.axes)
    for item in node.told(Index).items:
        places.append(_place(item))
    return x.tensor[tuple(places)]


def _part(frame: Frame, node: Node, x: Operand) -> Any:
    """The columns that `node` selects of `x`, if such nodes part its last dim: one split, whose gradient is one concat."""
    if node.id not in frame.parts:
        parted = split_columns(frame.graph, node)
        if parted is None:
            return None
        sizes = [stop - start for start, stop, _ in parted]
        for (_, _, names), tensor in zip(parted, tf.split(x.tensor, sizes, axis=-1), strict=True):
            frame.parts.update(dict.fromkeys(names, tensor))
    return frame.parts[node.id]


def _place(item: Item) -> int | slice:
    match item:
        case All():
            return slice(None)
        case At(at):
            return at
        case Part(start, stop):
            return slice(start, stop)


def reshape(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.reshape(x.tensor, frame.shape(node.type))


def broadcast(frame: Frame, node: Node, x: Operand) -> Any:
    return frame.fit(x, node.type)


def place(frame: Frame, node: Node, x: Operand) -> Any:
    told, value, first = node.told(Placed), x.tensor, len(x.type.axes)
    pads = [[0, 0] for _ in x.type.axes]
    for at, (item, size) in enumerate(zip(told.items, told.dims, strict=True), first):
        match item:
            case All():
                pads.append([0, 0])
            case At(index):
                value = tf.expand_dims(value, at)
                pads.append([index, size - index - 1])
            case Part(start, stop):
                pads.append([start, size - stop])
    return tf.pad(value, pads)


def transpose(frame: Frame, node: Node, x: Operand) -> Any:
    rank = x.tensor.shape.rank
    return tf.transpose(x.tensor, [*range(rank - 2), rank - 1, rank - 2])


def roll(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.roll(x.tensor, node.told(Shifted).shift, -1)


def one_hot(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.one_hot(x.tensor, node.told(OneHot).n, dtype=DTYPES[node.type.dtype])


def along(node: Node, x: Operand) -> int:
    """The dim of the tensor that `over` (a leading axis) or `dim` (from the end) means."""
    told = node.told(Along)
    if told.over is not None:
        return x.type.axes.index(told.over)
    return x.tensor.shape.rank + (-1 if told.dim is None else told.dim)


def softmax(frame: Frame, node: Node, x: Operand) -> Any:
    return _in_rows(tf.nn.softmax, x.tensor, along(node, x))


def log_softmax(frame: Frame, node: Node, x: Operand) -> Any:
    return _in_rows(tf.nn.log_softmax, x.tensor, along(node, x))


def _in_rows(function: Callable[..., Any], x: Any, at: int) -> Any:
    """`function(x, at)`, which takes five dims at most."""
    rank = x.shape.rank
    if rank <= 5:
        return function(x, at)
    last = move(x, at, rank - 1, rank)
    shape = tf.shape(last)
    rows = tf.reshape(last, tf.stack([tf.reduce_prod(shape[:-1]), shape[-1]]))
    return move(tf.reshape(function(rows, -1), shape), rank - 1, at, rank)


def argmax(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.argmax(x.tensor, along(node, x), output_type=tf.int32)


LOWERINGS: Mapping[str, Lower] = {
    "concat": concat,
    "stack": stack,
    "index": index,
    "reshape": reshape,
    "broadcast": broadcast,
    "transpose": transpose,
    "place": place,
    "roll": roll,
    "one_hot": one_hot,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "argmax": argmax,
}
