"""Running sums and numbers in order, in NumPy."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value, along, with_axes
from rnndsl.plan.attributes import Dim
from rnndsl.plan.model import Node
from rnndsl.plan.ordering import Cumulative, Largest, Put


def cumsum(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Cumulative)
    at = along(x, told)
    return np.flip(np.cumsum(np.flip(x.array, at), at), at) if told.back else np.cumsum(x.array, at)


def order(frame: Frame, node: Node, x: Value) -> Array:
    return np.argsort(x.array, node.told(Dim).dim, kind="stable")


def largest(frame: Frame, node: Node, x: Value) -> Array:
    """Sorted from the end, so that the first of equals stays the first."""
    k, size = node.told(Largest).k, x.type.dims[-1]
    rising = np.argsort(np.flip(x.array, -1), -1, kind="stable")
    return size - 1 - np.flip(rising, -1)[..., :k]


def take(frame: Frame, node: Node, x: Value, ids: Value) -> Array:
    axes = node.type.axes
    return np.take_along_axis(with_axes(frame, x, axes), with_axes(frame, ids, axes), node.told(Dim).dim)


def put(frame: Frame, node: Node, x: Value, ids: Value) -> Array:
    told, axes = node.told(Put), node.type.axes
    values, places = (with_axes(frame, v, axes) for v in (x, ids))
    whole = np.zeros([*(frame.sizes[a] for a in axes), *node.type.dims], x.array.dtype)
    chosen = places.ndim + told.dim
    at = (places if i == chosen else own for i, own in enumerate(np.indices(places.shape, sparse=True)))
    np.add.at(whole, tuple(at), values)
    return whole
