"""What replicas say to each other: collective operations, which the runtime of `tf.distribute` carries out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Node
from rnndsl.plan.replicas import Before, How, Together

_MERGED: Mapping[How, str] = {"sum": "Add", "largest": "Max", "least": "Min"}


def together(frame: Frame, node: Node, x: Operand, replicas: Operand) -> Any:
    told = node.told(Together)
    return _meet(told.how, told.number, x.tensor, replicas)


def rows_before(frame: Frame, node: Node, replicas: Operand) -> Any:
    told = node.told(Before)
    place, count = replicas.tensor[2], replicas.tensor[1]
    own = tf.one_hot(place, count, on_value=frame.sizes[told.over], off_value=0, dtype=tf.int32)
    rows = _meet("sum", told.number, own, replicas)
    return tf.reduce_sum(rows[:place])


def _meet(how: How, number: int, own: Any, replicas: Operand) -> Any:
    """`own` of all replicas, put together: all must come to the meeting of this number."""
    met = tf.raw_ops.CollectiveReduceV2(
        input=own,
        group_size=replicas.tensor[1],
        group_key=replicas.tensor[0],
        instance_key=number,
        ordering_token=[],
        merge_op=_MERGED[how],
        final_op="Id",
    )
    met.set_shape(own.shape)
    return met


LOWERINGS: Mapping[str, Lower] = {"together": together, "rows_before": rows_before}
