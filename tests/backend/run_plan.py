"""Running hand-built graphs, eagerly or as a graph of unknown shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from plan_builder import Builder, plan

from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from tests.lowering import lowered

MODES = ("eager", "graph")


def run(
    g: Builder, ids: list[str], feeds: dict[str, Any], *, reads: dict[str, Any] | None = None, training: bool = False,
    mode: str = "eager", counter: int = 0,
) -> list[np.ndarray]:  # fmt: skip
    """The values of `ids`. `graph` knows no axis length while building."""
    made = plan(g)
    values = reads or {}

    def compute(**inputs: Any) -> list[Any]:
        count = tf.constant(counter, tf.int64)
        return lowered(made, ids, inputs, lambda path: tf.constant(values[path]), training=training, counter=count)

    tensors = {x.id: tf.constant(feeds[x.id], DTYPES[x.type.dtype]) for x in g.inputs if x.id in feeds}
    if mode == "eager":
        return [x.numpy() for x in compute(**tensors)]
    specs = {
        x.id: tf.TensorSpec([*(None for _ in x.type.axes), *x.type.dims], DTYPES[x.type.dtype]) for x in g.inputs if x.id in feeds
    }
    concrete = tf.function(compute, autograph=False).get_concrete_function(**specs)
    outputs = concrete(**tensors)
    return [x.numpy() for x in outputs]


def finite_differences(function: Any, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences of a scalar function of an f64 array."""
    result = np.zeros_like(x)
    for at in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        result[at] = (function(up) - function(down)) / (2 * step)
    return result
