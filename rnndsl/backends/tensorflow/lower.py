"""From the graph of a function to TensorFlow's: every node, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnndsl.backends.layout import steps_first
from rnndsl.backends.tensorflow.align import relaid
from rnndsl.backends.tensorflow.frame import Context, Frame, Variables
from rnndsl.backends.tensorflow.ops.table import LOWERINGS
from rnndsl.backends.tensorflow.scan.recurrence import lower_scan
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, Node


def frame_of(graph: Graph, order: Sequence[str], variables: Variables, inputs: Mapping[str, Any], seed: Any = None) -> Frame:
    """A frame of `graph`, ready to run. `order`: of the plan's axes. `seed`: integer scalar that tells this call's draws from
    another's."""
    number = tf.constant(0, tf.int64) if seed is None else tf.cast(seed, tf.int64)
    laid, layout = steps_first(graph, order)
    given = {x.id: relaid(inputs[x.id], x.type, layout) for x in graph.inputs if x.id in inputs}
    return Frame(Context(layout, tuple(order), variables, _lower, lower_scan), laid, given, {}, number)


def _lower(frame: Frame, node: Node) -> Any:
    """The tensor of `node`, whose arguments `frame` has."""
    if isinstance(node.attrs, Result):
        return frame.fit(frame.results[node.args[0]][node.attrs], node.type)
    return LOWERINGS[node.op](frame, node, *map(frame.operand, node.args))
