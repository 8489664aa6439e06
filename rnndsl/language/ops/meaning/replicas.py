"""What replicas say to each other, in NumPy."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value
from rnndsl.plan.model import Node
from rnndsl.plan.replicas import Before, Together


def together(frame: Frame, node: Node, x: Value, replicas: Value) -> Array:
    told = node.told(Together)
    return frame.variables.together(told.how, told.number, x.array)


def rows_before(frame: Frame, node: Node, replicas: Value) -> Array:
    told = node.told(Before)
    _, count, place = replicas.array
    own = np.zeros(count, np.int32)
    own[place] = frame.sizes[told.over]
    return np.asarray(np.sum(frame.variables.together("sum", told.number, own)[:place]), np.int32)
