"""Constants and operations that work element by element. Formulas: the rows of `rnndsl.language.ops.table`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnndsl.backends.tensorflow.align import Operand, meet
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.attributes import Constant, Gelu, Size, Slope
from rnndsl.plan.model import Node


def _clip(x: Any, low: Any, high: Any) -> Any:
    return tf.minimum(tf.maximum(x, low), high)


_UNARY: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
    "relu6": lambda x: tf.minimum(tf.nn.relu(x), 6) if x.dtype.is_integer else tf.nn.relu6(x),
    "selu": tf.nn.selu,
    "silu": lambda x: x * tf.sigmoid(x),
    "softplus": tf.math.softplus,
    "softsign": tf.math.softsign,
    "hard_sigmoid": lambda x: tf.clip_by_value(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: tf.clip_by_value(x, -1, 1),
    "exp": tf.exp,
    "log": tf.math.log,
    "log1p": tf.math.log1p,
    "sqrt": tf.sqrt,
    "rsqrt": tf.math.rsqrt,
    "square": tf.square,
    "abs": tf.abs,
    "sign": tf.sign,
    "floor": tf.floor,
    "sin": tf.sin,
    "cos": tf.cos,
    "tan": tf.tan,
    "atan": tf.atan,
    "erf": tf.math.erf,
    "neg": tf.negative,
    "not": tf.logical_not,
    "stop_gradient": tf.stop_gradient,
}

_SEVERAL: dict[str, Callable[..., Any]] = {
    "add": tf.add,
    "sub": tf.subtract,
    "mul": tf.multiply,
    "div": tf.truediv,
    "floordiv": tf.math.floordiv,
    "mod": tf.math.floormod,
    "pow": tf.pow,
    "minimum": tf.minimum,
    "maximum": tf.maximum,
    "atan2": tf.atan2,
    "eq": tf.equal,
    "ne": tf.not_equal,
    "lt": tf.less,
    "le": tf.less_equal,
    "gt": tf.greater,
    "ge": tf.greater_equal,
    "and": tf.logical_and,
    "or": tf.logical_or,
    "where": tf.where,
    "clip": _clip,
}


def _unary(compute: Callable[[Any], Any]) -> Callable[..., Any]:
    def lower(frame: Frame, node: Node, x: Operand) -> Any:
        return compute(x.tensor)

    return lower


def _several(compute: Callable[..., Any]) -> Callable[..., Any]:
    def lower(frame: Frame, node: Node, *operands: Operand) -> Any:
        return compute(*meet(operands, frame.context.order))

    return lower


def literal(frame: Frame, node: Node) -> Any:
    dtype = DTYPES[node.type.dtype]
    value = np.asarray(node.told(Constant).value, dtype.as_numpy_dtype)
    return tf.constant(np.broadcast_to(value, node.type.dims), dtype)


def eye(frame: Frame, node: Node) -> Any:
    return tf.eye(node.told(Size).n, dtype=DTYPES[node.type.dtype])


def leaky_relu(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.where(x.tensor > 0, x.tensor, node.told(Slope).alpha * x.tensor)


def elu(frame: Frame, node: Node, x: Operand) -> Any:
    alpha = node.told(Slope).alpha
    below = tf.nn.elu(tf.minimum(x.tensor, 0))
    return tf.where(x.tensor > 0, x.tensor, alpha * below)


def gelu(frame: Frame, node: Node, x: Operand) -> Any:
    """x * Phi(x), or its tanh form (Hendrycks & Gimpel 2016). TensorFlow's own rounds its constants to f32."""
    value = x.tensor
    if node.told(Gelu).approximate:
        return 0.5 * value * (1 + tf.tanh(math.sqrt(2 / math.pi) * (value + 0.044715 * value * value * value)))
    return 0.5 * value * (1 + tf.math.erf(value * math.sqrt(0.5)))


def cast(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.cast(x.tensor, DTYPES[node.type.dtype])


def zeros_like(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.zeros_like(x.tensor)


def ones_like(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.ones_like(x.tensor)


LOWERINGS: Mapping[str, Lower] = {
    **{name: _unary(compute) for name, compute in _UNARY.items()},
    **{name: _several(compute) for name, compute in _SEVERAL.items()},
    "literal": literal,
    "eye": eye,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "cast": cast,
    "zeros_like": zeros_like,
    "ones_like": ones_like,
}
