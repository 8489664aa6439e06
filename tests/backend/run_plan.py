"""Running hand-built graphs, eagerly or as a graph of unknown shapes. Whatever runs is held against the interpreter too."""

from __future__ import annotations

from typing import Any

import numpy as np
from plan_builder import Builder, plan

from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.plan.model import Node, Plan
from tests.lowering import Reads, lowered

MODES = ("eager", "graph")


def run(
    g: Builder, ids: list[str], feeds: dict[str, Any], *, reads: dict[str, Any] | None = None, training: bool = False,
    mode: str = "eager", counter: int = 0,
) -> list[np.ndarray]:  # fmt: skip
    """The values of `ids`, which the interpreter agrees with. `graph` knows no axis length while building."""
    made = plan(g)
    values = reads or {}
    found = computed(g, made, ids, feeds, values, training, mode, counter)
    expected = interpreted(made, ids, feeds, values, training, counter)
    for name, value, wanted in zip(ids, found, expected, strict=True):
        assert (value.dtype, value.shape) == (wanted.dtype, wanted.shape), name
        single = any(isinstance(n, Node) and n.op == "ctc" for n in made.graph.nodes)  # TensorFlow's own is in f32
        close = CLOSE["float32"] if single else CLOSE.get(str(value.dtype), 0.0)
        np.testing.assert_allclose(*(x.astype(float) for x in (value, wanted)), rtol=close, atol=close, err_msg=name)
    return found


CLOSE = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 1e-5, "float64": 1e-9}


def interpreted(
    made: Plan, ids: list[str], feeds: dict[str, Any], values: dict[str, Any], training: bool, counter: int
) -> list[np.ndarray]:
    variables: Any = Reads(lambda path: np.asarray(values[path]))
    context = Context(made.axes, variables, run_scan, training)
    frame = Frame(context, made.graph, {k: np.asarray(v) for k, v in feeds.items()}, {}, counter)
    with np.errstate(all="ignore"):
        frame.run(ids)
    return [frame.values[x].array for x in ids]


def computed(
    g: Builder, made: Plan, ids: list[str], feeds: dict[str, Any], values: dict[str, Any], training: bool, mode: str, counter: int
) -> list[np.ndarray]:

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
