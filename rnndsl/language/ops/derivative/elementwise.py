"""Partial derivatives of functions of each place. Formulas: the rows of `rnndsl.language.ops.elementwise`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnndsl.language.ops.derivative.writing import Derivative, Local, V, apply, back_to, compare, elementwise, number, told, where
from rnndsl.plan.attributes import Gelu, Slope

_SELU, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_OF_ERF = 2 / math.sqrt(math.pi)


def _step(condition: V, x: V, inside: float = 1.0, outside: float = 0.0) -> V:
    """`inside` where the condition holds, else `outside`, numbers of the dtype of `x`."""
    return where(condition, number(x, inside), outside)


def _between(x: V, low: float, high: float) -> V:
    return apply("and", compare("gt", x, low), compare("lt", x, high))


def _elu(x: V, y: V, alpha: float) -> V:
    """exp(x) * alpha below zero, where it is y + alpha."""
    return where(compare("gt", x, 0.0), number(x, 1.0), y + alpha)


def _gelu(n: Local) -> V:
    x = n[0]
    if told(n, Gelu).approximate:
        scale = math.sqrt(2 / math.pi)
        t = apply("tanh", (x + x * x * x * 0.044715) * scale)
        return (t + 1.0) * 0.5 + x * (1.0 - t * t) * ((x * x * (3 * 0.044715) + 1.0) * (0.5 * scale))
    phi = apply("exp", x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return (apply("erf", x * (1 / math.sqrt(2))) + 1.0) * 0.5 + x * phi


def _silu(n: Local) -> V:
    s = apply("sigmoid", n[0])
    return s + n.y * (1.0 - s)


def _power(n: Local) -> V:
    """b * a ** (b - 1), which is 0 for b = 0, where a is too."""
    return where(compare("ne", n[1], 0.0), n[1] * apply("pow", n[0], n[1] - 1.0), 0.0)


def _exponent(n: Local) -> V:
    """y * log(a), zero where a is."""
    a = n[0]
    positive = compare("gt", a, 0.0)
    return n.y * where(positive, apply("log", where(positive, a, 1.0)), 0.0)


def _norm2(n: Local) -> V:
    return n[0] * n[0] + n[1] * n[1]


def _chosen(op: str) -> Derivative:
    """Of one of two values: of equals it is the first."""
    return elementwise(
        lambda n: _step(compare(op, n[0], n[1]), n[0]),
        lambda n: _step(apply("not", compare(op, n[0], n[1])), n[0]),
    )


def _inside(n: Local) -> V:
    return apply("and", compare("ge", n[0], n[1]), compare("le", n[0], n[2]))


def _where_backward(n: Local, d: V, at: int) -> V | None:
    if at == 0:
        return None
    return back_to(where(n[0], d, 0.0) if at == 1 else where(n[0], 0.0, d), n.type(at), n.whole)


def _where_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    _, a, b = tangents
    if a is None and b is None:
        return None
    return where(n[0], 0.0 if a is None else a, 0.0 if b is None else b)


linear = elementwise(lambda n: 1.0)
sigmoid = elementwise(lambda n: n.y * (1.0 - n.y))
tanh = elementwise(lambda n: 1.0 - n.y * n.y)
relu = elementwise(lambda n: _step(compare("gt", n.y, 0.0), n.y))
relu6 = elementwise(lambda n: _step(_between(n.y, 0.0, 6.0), n.y))
leaky_relu = elementwise(lambda n: _step(compare("gt", n[0], 0.0), n[0], 1.0, told(n, Slope).alpha))
elu = elementwise(lambda n: _elu(n[0], n.y, told(n, Slope).alpha))
selu = elementwise(lambda n: where(compare("gt", n[0], 0.0), number(n[0], _SELU), n.y + _SELU * _SELU_ALPHA))
gelu = elementwise(_gelu)
silu = elementwise(_silu)
softplus = elementwise(lambda n: apply("sigmoid", n[0]))
softsign = elementwise(lambda n: _square(1.0 - apply("abs", n.y)))
hard_sigmoid = elementwise(lambda n: _step(_between(n[0], -3.0, 3.0), n[0], 1 / 6))
hard_tanh = elementwise(lambda n: _step(_between(n[0], -1.0, 1.0), n[0]))
exp = elementwise(lambda n: n.y)
log = elementwise(lambda n: 1.0 / n[0], singular=True)
log1p = elementwise(lambda n: 1.0 / (n[0] + 1.0), singular=True)
sqrt = elementwise(lambda n: 0.5 / n.y, singular=True)
rsqrt = elementwise(lambda n: n.y / n[0] * -0.5, singular=True)
square = elementwise(lambda n: n[0] * 2.0)
abs = elementwise(lambda n: apply("sign", n[0]))
sin = elementwise(lambda n: apply("cos", n[0]))
cos = elementwise(lambda n: -apply("sin", n[0]))
tan = elementwise(lambda n: n.y * n.y + 1.0, singular=True)
atan = elementwise(lambda n: 1.0 / (n[0] * n[0] + 1.0))
erf = elementwise(lambda n: apply("exp", -(n[0] * n[0])) * _OF_ERF)
neg = elementwise(lambda n: -1.0)
add = elementwise(lambda n: 1.0, lambda n: 1.0)
sub = elementwise(lambda n: 1.0, lambda n: -1.0)
mul = elementwise(lambda n: n[1], lambda n: n[0])
div = elementwise(lambda n: 1.0 / n[1], lambda n: -(n.y / n[1]), singular=True)
mod = elementwise(lambda n: 1.0, lambda n: -apply("floor", n[0] / n[1]), singular=True)
pow = elementwise(_power, _exponent, singular=True)
minimum = _chosen("le")
maximum = _chosen("ge")
atan2 = elementwise(lambda n: n[1] / _norm2(n), lambda n: -(n[0] / _norm2(n)), singular=True)
where_ = Derivative(_where_backward, _where_forward)
clip = elementwise(
    lambda n: _step(_inside(n), n[0]),
    lambda n: _step(compare("lt", n[0], n[1]), n[0]),
    lambda n: _step(compare("gt", n[0], n[2]), n[0]),
)


def _square(x: V) -> V:
    return x * x
