"""Trailing dims in NumPy: joined, cut, reshaped, looked up; one-hot vectors; softmax and argmax along a dim or an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnndsl.language.ops.meaning.align import DTYPES, Array, Frame, Value, along, each_position, with_axes
from rnndsl.plan.attributes import Along, Dim, OneHot, Shifted, ToDType
from rnndsl.plan.indices import All, At, Index, Part
from rnndsl.plan.model import Node, TensorType


def cast(frame: Frame, node: Node, x: Value) -> Array:
    """Towards zero, from a float to a whole number."""
    return x.array.astype(DTYPES[node.told(ToDType).dtype])


def concat(frame: Frame, node: Node, *values: Value) -> Array:
    return np.concatenate([with_axes(frame, x, node.type.axes) for x in values], node.told(Dim).dim)


def stack(frame: Frame, node: Node, *values: Value) -> Array:
    part = TensorType(node.type.dtype, node.type.axes, node.type.dims[:-1])
    return np.stack([frame.fit(x, part) for x in values], -1)


def index(frame: Frame, node: Node, x: Value) -> Array:
    places: list[Any] = [slice(None) for _ in x.type.axes]
    for item in node.told(Index).items:
        match item:
            case All():
                places.append(slice(None))
            case At(at):
                places.append(at)
            case Part(start, stop):
                places.append(slice(start, stop))
    return x.array[tuple(places)]


def reshape(frame: Frame, node: Node, x: Value) -> Array:
    return x.array.reshape([*x.array.shape[: len(x.type.axes)], *node.type.dims])


def broadcast(frame: Frame, node: Node, x: Value) -> Array:
    return frame.fit(x, node.type)


def transpose(frame: Frame, node: Node, x: Value) -> Array:
    return np.swapaxes(x.array, -1, -2)


def roll(frame: Frame, node: Node, x: Value) -> Array:
    return np.roll(x.array, node.told(Shifted).shift, -1)


def zeros_like(frame: Frame, node: Node, x: Value) -> Array:
    return np.zeros_like(x.array)


def ones_like(frame: Frame, node: Node, x: Value) -> Array:
    return np.ones_like(x.array)


def one_hot(frame: Frame, node: Node, x: Value) -> Array:
    return np.equal(x.array[..., np.newaxis], np.arange(node.told(OneHot).n))


def gather(frame: Frame, node: Node, table: Value, ids: Value) -> Array:
    """Raises ValueError for an id that the table lacks."""
    rows = table.type.dims[0]
    wrong = ids.array[(ids.array < 0) | (ids.array >= rows)]
    if wrong.size:
        raise ValueError(f"looks up row {wrong.flat[0]} in a table of {rows}")
    if not table.type.axes:
        return table.array[ids.array]
    return each_position(_rows, node.type, frame, [table, ids])


def _rows(table: Array, ids: Array) -> Array:
    return table[ids]


def log_softmax(frame: Frame, node: Node, x: Value) -> Array:
    return log_probabilities(x.array, along(x, node.told(Along)))


def softmax(frame: Frame, node: Node, x: Value) -> Array:
    return np.exp(log_softmax(frame, node, x))


def log_probabilities(x: Array, at: int = -1) -> Array:
    """x - log(sum(exp(x))) along the dim `at`."""
    shifted = x - x.max(axis=at, keepdims=True) if x.size else x
    return shifted - np.log(np.sum(np.exp(shifted), axis=at, keepdims=True))


def argmax(frame: Frame, node: Node, x: Value) -> Array:
    return np.argmax(x.array, along(x, node.told(Along)))
