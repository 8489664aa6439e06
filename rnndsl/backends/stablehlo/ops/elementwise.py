"""Leaves, and operations that work element by element. Formulas: the rows of `rnndsl.language.ops.elementwise`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.erf import erf
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.attributes import Constant, Gelu, Huber, OfVariable, Result, Size, Slope
from rnndsl.plan.model import Node

_SAME_NAME = {
    "sigmoid": "logistic", "tanh": "tanh", "exp": "exponential", "log": "log", "log1p": "log_plus_one", "sqrt": "sqrt",
    "rsqrt": "rsqrt", "abs": "abs", "sign": "sign", "floor": "floor", "sin": "sine", "cos": "cosine", "neg": "negate", "not": "not",
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "minimum": "minimum",
    "maximum": "maximum", "atan2": "atan2", "and": "and", "or": "or",
}  # fmt: skip
_COMPARED = {"eq": "EQ", "ne": "NE", "lt": "LT", "le": "LE", "gt": "GT", "ge": "GE"}


def _op(name: str) -> Callable[..., Tensor]:
    def compute(frame: Frame, *operands: Tensor) -> Tensor:
        return frame.op(name, *operands)

    return compute


def _comparison(how: str) -> Callable[..., Tensor]:
    def compute(frame: Frame, a: Tensor, b: Tensor) -> Tensor:
        return frame.compare(how, a, b)

    return compute


def _scaled(f: Frame, x: Tensor, by: float, plus: float = 0.0) -> Tensor:
    scaled = f.op("multiply", x, f.filled(by, x))
    return f.op("add", scaled, f.filled(plus, x)) if plus else scaled


def _within(f: Frame, x: Tensor, low: float, high: float) -> Tensor:
    """`x`, not below `low` nor above `high`."""
    return f.op("minimum", f.op("maximum", x, f.filled(low, x)), f.filled(high, x))


def _relu(f: Frame, x: Tensor) -> Tensor:
    return f.op("maximum", x, f.filled(0, x))


def _positive(f: Frame, x: Tensor, below: Tensor) -> Tensor:
    """`x` where it is more than 0, else `below`."""
    return f.select(f.compare("GT", x, f.filled(0, x)), x, below)


def _elu(f: Frame, x: Tensor, alpha: float) -> Tensor:
    below = f.op("exponential_minus_one", f.op("minimum", x, f.filled(0, x)))
    return _positive(f, x, _scaled(f, below, alpha))


def _softplus(f: Frame, x: Tensor) -> Tensor:
    """max(x, 0) + log(1 + exp(-|x|))."""
    small = f.op("log_plus_one", f.op("exponential", f.op("negate", f.op("abs", x))))
    return f.op("add", _relu(f, x), small)


def _floored(f: Frame, a: Tensor, b: Tensor) -> Tensor:
    if a.dtype.startswith(("f", "b")):
        return f.op("floor", f.op("divide", a, b))
    towards_zero = f.op("divide", a, b)
    rest = f.op("subtract", a, f.op("multiply", towards_zero, b))
    apart = f.compare("NE", f.op("sign", rest), f.op("sign", b))
    low = f.op("and", apart, f.compare("NE", rest, f.filled(0, rest)))
    return f.select(low, f.op("subtract", towards_zero, f.filled(1, a)), towards_zero)


def _mod(f: Frame, a: Tensor, b: Tensor) -> Tensor:
    """With the sign of `b`."""
    rest = f.op("remainder", a, b)
    apart = f.compare("LT", f.op("multiply", f.op("sign", rest), f.op("sign", b)), f.filled(0, rest))
    return f.select(apart, f.op("add", rest, b), rest)


def _silu(f: Frame, x: Tensor) -> Tensor:
    return f.op("multiply", x, f.op("logistic", x))


def _softsign(f: Frame, x: Tensor) -> Tensor:
    return f.op("divide", x, f.op("add", f.op("abs", x), f.filled(1, x)))


def _relu6(f: Frame, x: Tensor) -> Tensor:
    return _within(f, x, 0, 6)


def _selu(f: Frame, x: Tensor) -> Tensor:
    """Klambauer et al. 2017, with the constants of their code."""
    return _scaled(f, _elu(f, x, 1.6732632423543772), 1.0507009873554805)


def _hard_sigmoid(f: Frame, x: Tensor) -> Tensor:
    return _within(f, _scaled(f, x, 1 / 6, 0.5), 0, 1)


def _hard_tanh(f: Frame, x: Tensor) -> Tensor:
    return _within(f, x, -1, 1)


def _square(f: Frame, x: Tensor) -> Tensor:
    return f.op("multiply", x, x)


def _tan(f: Frame, x: Tensor) -> Tensor:
    return f.op("divide", f.op("sine", x), f.op("cosine", x))


def _atan(f: Frame, x: Tensor) -> Tensor:
    return f.op("atan2", x, f.filled(1, x))


def _same(f: Frame, x: Tensor) -> Tensor:
    return x


def _where(f: Frame, condition: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return f.select(condition, yes, no)


def _clip(f: Frame, x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return f.op("minimum", f.op("maximum", x, low), high)


def _binary_cross_entropy(f: Frame, logits: Tensor, labels: Tensor) -> Tensor:
    """max(x, 0) - x z + log(1 + exp(-|x|))."""
    return f.op("subtract", _softplus(f, logits), f.op("multiply", labels, logits))


_OTHER: dict[str, Callable[..., Tensor]] = {
    "linear": _same,
    "stop_gradient": _same,
    "relu": _relu,
    "relu6": _relu6,
    "selu": _selu,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "hard_sigmoid": _hard_sigmoid,
    "hard_tanh": _hard_tanh,
    "square": _square,
    "tan": _tan,
    "atan": _atan,
    "floordiv": _floored,
    "mod": _mod,
    "where": _where,
    "clip": _clip,
    "binary_cross_entropy": _binary_cross_entropy,
    "erf": erf,
}


def _elementwise(compute: Callable[..., Tensor]) -> Lower:
    def lower(frame: Frame, node: Node, *operands: Operand) -> Tensor:
        return compute(frame, *(frame.fit(x, node.type) for x in operands))

    return lower


def _told(compute: Callable[[Frame, Tensor, Any], Tensor]) -> Lower:
    def lower(frame: Frame, node: Node, x: Operand) -> Tensor:
        return compute(frame, x.tensor, node)

    return lower


def _leaky(f: Frame, x: Tensor, node: Node) -> Tensor:
    return _positive(f, x, _scaled(f, x, node.told(Slope).alpha))


def _elu_of(f: Frame, x: Tensor, node: Node) -> Tensor:
    return _elu(f, x, node.told(Slope).alpha)


def _gelu(f: Frame, x: Tensor, node: Node) -> Tensor:
    """Hendrycks & Gimpel 2016."""
    if not node.told(Gelu).approximate:
        whole = f.op("add", erf(f, _scaled(f, x, math.sqrt(0.5))), f.filled(1, x))
        return f.op("multiply", _scaled(f, x, 0.5), whole)
    cubic = f.op("multiply", _square(f, x), x)
    inner = _scaled(f, f.op("add", x, _scaled(f, cubic, 0.044715)), math.sqrt(2 / math.pi))
    return f.op("multiply", _scaled(f, x, 0.5), f.op("add", f.op("tanh", inner), f.filled(1, x)))


def _huber(frame: Frame, node: Node, a: Operand, b: Operand) -> Tensor:
    delta = node.told(Huber).delta
    error = frame.op("subtract", frame.fit(a, node.type), frame.fit(b, node.type))
    distance = frame.op("abs", error)
    line = _scaled(frame, distance, delta, -delta * delta / 2)
    half = _scaled(frame, _square(frame, error), 0.5)
    return frame.select(frame.compare("LE", distance, frame.filled(delta, distance)), half, line)


def _literal(frame: Frame, node: Node) -> Tensor:
    value = np.broadcast_to(np.asarray(node.told(Constant).value), node.type.dims)
    return frame.writer.constant(value, node.type.dtype, node.type.dims)


def _eye(frame: Frame, node: Node) -> Tensor:
    n = node.told(Size).n
    return frame.compare("EQ", frame.iota((n, n), 0), frame.iota((n, n), 1))


def _read(frame: Frame, node: Node) -> Tensor:
    return frame.variables[node.told(OfVariable).variable]


def _result(frame: Frame, node: Node) -> Tensor:
    return frame.fit(frame.results[node.args[0]][node.told(Result)], node.type)


def _cast(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.cast(x.tensor, node.type.dtype)


def _zeros_like(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.filled(0, x.tensor)


def _ones_like(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.filled(1, x.tensor)


LOWERINGS: Mapping[str, Lower] = {
    **{name: _elementwise(_op(op)) for name, op in _SAME_NAME.items()},
    **{name: _elementwise(_comparison(how)) for name, how in _COMPARED.items()},
    **{name: _elementwise(compute) for name, compute in _OTHER.items()},
    "leaky_relu": _told(_leaky),
    "elu": _told(_elu_of),
    "gelu": _told(_gelu),
    "huber": _huber,
    "literal": _literal,
    "eye": _eye,
    "read": _read,
    "result": _result,
    "cast": _cast,
    "zeros_like": _zeros_like,
    "ones_like": _ones_like,
}
