"""Losses that give one value a position. Formulas: the rows of `rnndsl.language.ops.table`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, meet, unite
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Huber
from rnndsl.plan.model import Node, TensorType


def cross_entropy(frame: Frame, node: Node, logits: Operand, labels: Operand) -> Any:
    """-sum(labels * log_softmax(logits)); integer labels are ids of the last dim, float labels distributions over it."""
    axes = unite([logits.type, labels.type], frame.context.order)
    scores = frame.fit(logits, TensorType(logits.type.dtype, axes, logits.type.dims))
    known = frame.fit(labels, TensorType(labels.type.dtype, axes, labels.type.dims))
    if labels.type.dtype in ("i32", "i64"):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=known, logits=scores)
    return -tf.reduce_sum(known * tf.nn.log_softmax(scores, -1), -1)


def binary_cross_entropy(frame: Frame, node: Node, *operands: Operand) -> Any:
    """softplus(logits) - labels * logits."""
    logits, labels = meet(operands, frame.context.order)
    return tf.math.softplus(logits) - labels * logits


def huber(frame: Frame, node: Node, *operands: Operand) -> Any:
    """d * d / 2 for d = |a - b| up to delta, then delta * (d - delta / 2)."""
    a, b = meet(operands, frame.context.order)
    delta = node.told(Huber).delta
    distance = tf.abs(a - b)
    return tf.where(distance <= delta, tf.square(a - b) / 2, delta * (distance - delta / 2))


LOWERINGS: Mapping[str, Lower] = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "huber": huber,
}
