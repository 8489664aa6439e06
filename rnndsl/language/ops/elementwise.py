"""Elementwise operations: of one value, and of several that broadcast."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rnndsl.language.ops.op import Op, Parameter, Trait, tensors, traits
from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Attributes, Gelu, Nothing, Slope

_TRAITS = traits("elementwise")
_CHEAP = traits("cheap")
_ALPHA = Parameter("alpha", "number", 0.2)
_WORDS: dict[rules.Rule, str] = {
    rules.FLOAT: "float", rules.NUMERIC: "number", rules.BOOLEAN: "bool", rules.same: "any", rules.WHERE: "bool, any, any -> any",
}  # fmt: skip
_ZERO = "zero"
_OfOne = Callable[[Any], Any] | Callable[[Any, Any], Any]
_OfSeveral = Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any]


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _where(condition: bool, a: Any, b: Any) -> Any:
    return a if condition else b


def _leaky_relu(x: float, alpha: float) -> float:
    return x if x > 0 else alpha * x


def _elu(x: float, alpha: float) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _gelu(x: float, approximate: bool) -> float:
    if approximate:
        return x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def _clip(x: Any, low: Any, high: Any) -> Any:
    return min(max(x, low), high)


def _power(base: Any, exponent: Any) -> Any:
    """Raises OverflowError for a whole number that would have more than 64 bits, before it is computed."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and exponent > 64:
        raise OverflowError
    return base**exponent


def _unary(
    name: str,
    formula: str,
    meaning: str,
    scalar: _OfOne | None = None,
    rule: rules.Rule = rules.FLOAT,
    *more: Parameter,
    gradient: str = "everywhere",
    symbol: str = "",
    attributes: type[Attributes] = Nothing,
    traits: frozenset[Trait] = frozenset(),
    of_tanh: tuple[float, float, float] | None = None,
    inverse: str = "",
) -> Op:
    derivative = _derivative(name, gradient, rule)
    parameters = (Parameter("x"), *more)
    return Op(
        name,
        "unary",
        parameters,
        rule,
        meaning,
        formula,
        _WORDS[rule],
        scalar,
        gradient,
        symbol,
        attributes,
        derivative,
        _TRAITS | traits,
        of_tanh=of_tanh,
        inverse=inverse,
    )


def _binary(
    name: str,
    formula: str,
    meaning: str,
    scalar: _OfSeveral,
    rule: rules.Rule = rules.NUMERIC,
    symbol: str = "",
    *,
    parameters: tuple[Parameter, ...] = tensors("a", "b"),
    gradient: str = "everywhere",
    traits: frozenset[Trait] = frozenset(),
    inverse: str = "",
) -> Op:
    words = _WORDS.get(rule, "")
    derivative = _derivative(name, gradient, rule)
    facts = traits | _TRAITS if "singular" in traits else traits | _TRAITS | _CHEAP
    return Op(
        name,
        "binary",
        parameters,
        rule,
        meaning,
        formula,
        words,
        scalar,
        gradient,
        symbol,
        Nothing,
        derivative,
        facts,
        inverse=inverse,
    )


def _derivative(name: str, gradient: str, rule: rules.Rule) -> str:
    """Where the partial derivatives are, if there are any."""
    if gradient == _ZERO or rule in (rules.BOOLEAN, rules.COMPARED, rules.EQUAL):
        return ""
    return f".elementwise:{'where_' if name == 'where' else name}"


ADD = _binary("add", "a + b", "numpy:add", lambda a, b: a + b, symbol="+", inverse=".inverse:add")
MUL = _binary("mul", "a * b", "numpy:multiply", lambda a, b: a * b, symbol="*", inverse=".inverse:mul")
WHERE = _binary(
    "where",
    "a where condition holds, else b",
    "numpy:where",
    _where,
    rules.WHERE,
    parameters=(Parameter("condition", takes="bool"), *tensors("a", "b")),
    traits=traits("selects"),
)

ROWS: tuple[Op, ...] = (
    # ---- of one value
    _unary(
        "linear",
        "x",
        ".elementwise:same",
        lambda x: x,
        rules.NUMERIC,
        traits=traits("cheap", "identity"),
        inverse=".inverse:linear",
    ),
    _unary("sigmoid", "1 / (1 + exp(-x))", ".elementwise:sigmoid", _sigmoid, of_tanh=(0.5, 0.5, 0.5)),
    _unary("tanh", "tanh(x)", "numpy:tanh", math.tanh, of_tanh=(0.0, 1.0, 1.0)),
    _unary("relu", "max(x, 0)", ".elementwise:relu", lambda x: max(x, 0), rules.NUMERIC, gradient="0 at 0", traits=traits("cheap")),
    _unary(
        "relu6",
        "min(max(x, 0), 6)",
        ".elementwise:relu6",
        lambda x: min(max(x, 0), 6),
        rules.NUMERIC,
        gradient="0 at 0 and 6",
        traits=traits("cheap"),
    ),
    _unary(
        "leaky_relu",
        "x if x > 0 else alpha * x",
        ".elementwise:leaky_relu",
        _leaky_relu,
        rules.FLOAT,
        _ALPHA,
        attributes=Slope,
        traits=traits("cheap"),
    ),
    _unary(
        "elu",
        "x if x > 0 else alpha * (exp(x) - 1)",
        ".elementwise:elu",
        _elu,
        rules.FLOAT,
        Parameter("alpha", "number", 1.0),
        attributes=Slope,
    ),
    _unary(
        "selu",
        "1.0507009873554805 * elu(x, 1.6732632423543772)",
        ".elementwise:selu",
        lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772),
    ),
    _unary(
        "gelu",
        "x * Phi(x), Phi the normal distribution; tanh form if approximate",
        ".elementwise:gelu",
        _gelu,
        rules.FLOAT,
        Parameter("approximate", "bool", False),
        attributes=Gelu,
    ),
    _unary("silu", "x * sigmoid(x)", ".elementwise:silu", lambda x: x * _sigmoid(x)),
    _unary("softplus", "log(1 + exp(x))", ".elementwise:softplus", lambda x: max(x, 0) + math.log1p(math.exp(-abs(x)))),
    _unary("softsign", "x / (1 + |x|)", ".elementwise:softsign", lambda x: x / (1 + abs(x))),
    _unary(
        "hard_sigmoid",
        "clip(x / 6 + 1/2, 0, 1)",
        ".elementwise:hard_sigmoid",
        lambda x: min(max(x / 6 + 0.5, 0), 1),
        gradient="0 beyond ±3",
        traits=traits("cheap"),
    ),
    _unary(
        "hard_tanh",
        "clip(x, -1, 1)",
        ".elementwise:hard_tanh",
        lambda x: min(max(x, -1), 1),
        gradient="0 beyond ±1",
        traits=traits("cheap"),
    ),
    _unary("exp", "exp(x)", "numpy:exp", math.exp, traits=traits("singular")),
    _unary("log", "log(x)", "numpy:log", math.log, traits=traits("singular")),
    _unary("log1p", "log(1 + x)", "numpy:log1p", math.log1p, traits=traits("singular")),
    _unary("sqrt", "sqrt(x)", "numpy:sqrt", math.sqrt, gradient="infinite at 0", traits=traits("singular")),
    _unary("rsqrt", "1 / sqrt(x)", ".elementwise:rsqrt", lambda x: 1 / math.sqrt(x), traits=traits("singular")),
    _unary("square", "x * x", "numpy:square", lambda x: x * x, rules.NUMERIC, traits=traits("cheap")),
    _unary("abs", "|x|", "numpy:abs", abs, rules.NUMERIC, gradient="0 at 0", traits=traits("cheap")),
    _unary("sign", "-1, 0 or 1", "numpy:sign", lambda x: (x > 0) - (x < 0), rules.NUMERIC, gradient=_ZERO, traits=traits("cheap")),
    _unary("floor", "the largest whole number up to x", "numpy:floor", math.floor, gradient=_ZERO, traits=traits("cheap")),
    _unary("sin", "sin(x)", "numpy:sin", math.sin),
    _unary("cos", "cos(x)", "numpy:cos", math.cos),
    _unary("tan", "tan(x)", "numpy:tan", math.tan, traits=traits("singular")),
    _unary("atan", "atan(x)", "numpy:arctan", math.atan),
    _unary("erf", "2 / sqrt(pi) * integral of exp(-t*t) from 0 to x", ".elementwise:erf", math.erf),
    _unary("neg", "-x", "numpy:negative", lambda x: -x, rules.NUMERIC, symbol="-", traits=traits("cheap"), inverse=".inverse:neg"),
    _unary("not", "not x", "numpy:logical_not", lambda x: not x, rules.BOOLEAN, symbol="not", traits=traits("cheap")),
    _unary("stop_gradient", "x, without a gradient", ".elementwise:same", rule=rules.same, gradient=_ZERO, traits=traits("cheap")),
    # ---- of several values
    ADD,
    _binary("sub", "a - b", "numpy:subtract", lambda a, b: a - b, symbol="-", inverse=".inverse:sub"),
    MUL,
    _binary(
        "div", "a / b", "numpy:divide", lambda a, b: a / b, rules.FLOAT, "/", traits=traits("singular"), inverse=".inverse:div"
    ),
    _binary(
        "floordiv",
        "floor(a / b)",
        ".elementwise:floordiv",
        lambda a, b: a // b,
        symbol="//",
        gradient=_ZERO,
        traits=traits("singular", "can_fail_on_whole_numbers"),
    ),
    _binary(
        "mod",
        "a - b * floor(a / b)",
        ".elementwise:mod",
        lambda a, b: a % b,
        symbol="%",
        traits=traits("singular", "can_fail_on_whole_numbers"),
    ),
    _binary("pow", "a ** b", ".elementwise:power", _power, symbol="**", traits=traits("singular")),
    _binary("minimum", "min(a, b)", "numpy:minimum", min),
    _binary("maximum", "max(a, b)", "numpy:maximum", max),
    _binary("atan2", "the angle of (b, a)", "numpy:arctan2", math.atan2, rules.FLOAT, traits=traits("singular")),
    _binary("eq", "a == b", "numpy:equal", lambda a, b: a == b, rules.EQUAL, "=="),
    _binary("ne", "a != b", "numpy:not_equal", lambda a, b: a != b, rules.EQUAL, "!="),
    _binary("lt", "a < b", "numpy:less", lambda a, b: a < b, rules.COMPARED, "<"),
    _binary("le", "a <= b", "numpy:less_equal", lambda a, b: a <= b, rules.COMPARED, "<="),
    _binary("gt", "a > b", "numpy:greater", lambda a, b: a > b, rules.COMPARED, ">"),
    _binary("ge", "a >= b", "numpy:greater_equal", lambda a, b: a >= b, rules.COMPARED, ">="),
    _binary("and", "a and b", "numpy:logical_and", lambda a, b: a and b, rules.BOOLEAN, "and"),
    _binary("or", "a or b", "numpy:logical_or", lambda a, b: a or b, rules.BOOLEAN, "or"),
    WHERE,
    _binary("clip", "min(max(x, low), high)", ".elementwise:clip", _clip, rules.NUMERIC, parameters=tensors("x", "low", "high")),
)
