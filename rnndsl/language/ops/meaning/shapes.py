"""Trailing dims in NumPy: joined, cut, reshaped, looked up; one-hot vectors; softmax and argmax along a dim or an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnndsl.language.ops.meaning.align import DTYPES, Array, Frame, Value, along, each_position, unite, with_axes
from rnndsl.plan.attributes import Along, Dim, OneHot, Scatter, Shifted, ToDType
from rnndsl.plan.indices import All, At, Index, Item, Part, Placed
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
    places += map(_where, node.told(Index).items)
    return x.array[tuple(places)]


def _where(item: Item) -> int | slice:
    match item:
        case All():
            return slice(None)
        case At(at):
            return at
        case Part(start, stop):
            return slice(start, stop)


def reshape(frame: Frame, node: Node, x: Value) -> Array:
    return x.array.reshape([*x.array.shape[: len(x.type.axes)], *node.type.dims])


def broadcast(frame: Frame, node: Node, x: Value) -> Array:
    return frame.fit(x, node.type)


def place(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Placed)
    whole = np.zeros([*x.array.shape[: len(x.type.axes)], *told.dims], x.array.dtype)
    whole[(*[slice(None)] * len(x.type.axes), *map(_where, told.items))] = x.array
    return whole


def scatter(frame: Frame, node: Node, ids: Value, rows: Value) -> Array:
    """Raises ValueError for an id that the table lacks."""
    told = node.told(Scatter)
    axes = unite([ids.type, rows.type], frame.order)
    places, values = with_axes(frame, ids, axes), with_axes(frame, rows, axes)
    if places.size and not 0 <= places.min() <= places.max() < told.rows:
        raise ValueError(f"adds to a row that a table of {told.rows} lacks")
    kept = [frame.sizes[a] for a in node.type.axes]
    table = np.zeros([*kept, *node.type.dims], values.dtype)
    at = np.indices(places.shape, sparse=True)
    np.add.at(table, (*(at[axes.index(a)] for a in node.type.axes), places), values)
    return table


def distinct(frame: Frame, node: Node, ids: Value) -> Array:
    return np.unique(ids.array)


def rows_of(frame: Frame, node: Node, distinct: Value, ids: Value, rows: Value) -> Array:
    axes = unite([ids.type, rows.type], frame.order)
    places, values = with_axes(frame, ids, axes), with_axes(frame, rows, axes)
    found = np.zeros([len(distinct.array), *node.type.dims], values.dtype)
    np.add.at(found, np.searchsorted(distinct.array, places), values)
    return found


def with_rows(frame: Frame, node: Node, table: Value, ids: Value, rows: Value) -> Array:
    found = table.array.copy()
    found[ids.array] = rows.array
    return found


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
