"""Running sums and numbers in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, fit, move, wide
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.ops.shapes import along
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Dim
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.ordering import Cumulative, Largest, Put


def cumsum(frame: Frame, node: Node, x: Operand) -> Any:
    total = tf.cumsum(wide(x.tensor), along(node, x), reverse=node.told(Cumulative).back)
    return tf.cast(total, x.tensor.dtype)


def order(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.argsort(x.tensor, node.told(Dim).dim, stable=True)


def largest(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.math.top_k(x.tensor, node.told(Largest).k).indices


def _last(frame: Frame, x: Operand, axes: tuple[str, ...], dim: int) -> Any:
    """`x` on all of `axes`, its trailing dim `dim` as the last."""
    full = fit(x, TensorType(x.type.dtype, axes, x.type.dims), frame.sizes)
    rank = len(axes) + len(x.type.dims)
    return move(full, rank + dim, rank - 1, rank)


def take(frame: Frame, node: Node, x: Operand, ids: Operand) -> Any:
    dim, axes = node.told(Dim).dim, node.type.axes
    values, places = (_last(frame, v, axes, dim) for v in (x, ids))
    rank = len(axes) + len(node.type.dims)
    return move(tf.gather(values, places, batch_dims=rank - 1), rank - 1, rank + dim, rank)


def put(frame: Frame, node: Node, x: Operand, ids: Operand) -> Any:
    """Each row's ids count on from those of the row before: one sum by segments."""
    told, axes = node.told(Put), node.type.axes
    values, places = (_last(frame, v, axes, told.dim) for v in (x, ids))
    rank, shape = len(axes) + len(node.type.dims), tf.shape(places)
    flat = tf.reshape(places, tf.stack([-1, shape[-1]]))
    rows = tf.shape(flat)[0]
    segments = flat + tf.cast(tf.range(rows) * told.size, flat.dtype)[:, tf.newaxis]
    total = tf.math.unsorted_segment_sum(wide(tf.reshape(values, [-1])), tf.reshape(segments, [-1]), rows * told.size)
    whole = tf.reshape(tf.cast(total, values.dtype), tf.concat([shape[:-1], [told.size]], 0))
    return move(whole, rank - 1, rank + told.dim, rank)


LOWERINGS: Mapping[str, Lower] = {"cumsum": cumsum, "order": order, "largest": largest, "take": take, "put": put}
