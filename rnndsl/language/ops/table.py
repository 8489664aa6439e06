"""One row for each operation of the plan: parameters, type rule, value on plain numbers, formula, notes on its gradient.

A row is the whole definition of a function of the language, its lowering in `rnndsl.backends.tensorflow` apart, which is found by
`Op.lowering`. Functions of the language with the same name take `Op.parameters` in that order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from rnndsl.language.rules import products, reductions, shapes
from rnndsl.language.rules import types as rules
from rnndsl.plan.model import Node, TensorType
from rnndsl.records import Immutable, record

Kind = Literal["unary", "binary", "structure", "reduction", "random", "loss", "leaf", "control"]
ParameterKind = Literal["tensor", "int", "number", "bool", "string", "dtype", "dims", "tensors", "axis"]


class Required:
    """The default of a parameter that has none."""


@record
class Parameter(Immutable):
    """`tensor` parameters become arguments of a node, the others attributes."""

    name: str
    kind: ParameterKind = "tensor"
    default: Any = Required


@record
class Op(Immutable):
    """`scalar` computes the function on plain numbers at compile time; `varies` marks ops that give another value each time."""

    name: str
    kind: Kind
    parameters: tuple[Parameter, ...]
    rule: rules.Rule
    formula: str = ""
    scalar: Callable[..., Any] | None = None
    gradient: str = "everywhere"
    varies: bool = False

    @property
    def lowering(self) -> str:
        return self.name

    @property
    def tensors(self) -> int:
        """How many parameters are tensors."""
        return sum(p.kind == "tensor" for p in self.parameters)


def _p(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name) for name in names)


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


def _unary(name: str, formula: str, scalar: Callable[[Any], Any] | None = None, **options: Any) -> Op:
    rule = options.pop("rule", rules.FLOAT)
    extra = options.pop("extra", ())
    return Op(name, "unary", (*_p("x"), *extra), rule, formula, options.pop("with_extra", scalar), **options)


def _binary(
    name: str, formula: str, scalar: Callable[[Any, Any], Any] | None = None, rule: rules.Rule = rules.NUMERIC, **options: Any
) -> Op:
    return Op(name, "binary", _p("a", "b"), rule, formula, scalar, **options)


def _structure(name: str, rule: rules.Rule, formula: str, *parameters: Parameter, **options: Any) -> Op:
    return Op(name, "structure", parameters, rule, formula, **options)


def _reduction(name: str, rule: rules.Rule, formula: str, **options: Any) -> Op:
    return Op(name, "reduction", (Parameter("x"), Parameter("mask", default=None)), rule, formula, **options)


_ALPHA = Parameter("alpha", "number", 0.2)
_ZERO = "zero"

_ROWS: tuple[Op, ...] = (
    # ---- leaves and control
    Op("read", "leaf", (), rules.same, "the value of a variable"),
    Op("literal", "leaf", (), rules.same, "a constant"),
    Op("penalty", "leaf", (), rules.same, "the sum over a collection's variables; gone once all are known"),
    Op("eye", "leaf", (Parameter("n", "int"),), rules.same, "the identity matrix [n, n]"),
    Op("initial", "leaf", (), rules.same, "the initial value of a variable"),
    Op("carried", "leaf", _p("start"), rules.same, "a state kept from the last call, or start if there is none"),
    Op("gradient", "leaf", _p("loss"), rules.same, "the gradient of loss with respect to a variable"),
    Op("stepped", "leaf", _p("gradient"), rules.same, "what the optimizer that takes gradient has written to a variable"),
    Op("if_training", "control", _p("a", "b"), rules.if_training, "a in training, else b"),
    Op("result", "control", (), rules.same, "a result of a scan"),
    # ---- elementwise, of one value
    _unary("linear", "x", lambda x: x, rule=rules.NUMERIC),
    _unary("sigmoid", "1 / (1 + exp(-x))", _sigmoid),
    _unary("tanh", "tanh(x)", math.tanh),
    _unary("relu", "max(x, 0)", lambda x: max(x, 0), rule=rules.NUMERIC, gradient="0 at 0"),
    _unary("relu6", "min(max(x, 0), 6)", lambda x: min(max(x, 0), 6), rule=rules.NUMERIC, gradient="0 at 0 and 6"),
    _unary("leaky_relu", "x if x > 0 else alpha * x", with_extra=_leaky_relu, extra=(_ALPHA,)),
    _unary("elu", "x if x > 0 else alpha * (exp(x) - 1)", with_extra=_elu, extra=(Parameter("alpha", "number", 1.0),)),
    _unary("selu", "1.0507009873554805 * elu(x, 1.6732632423543772)", lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772)),
    _unary(
        "gelu",
        "x * Phi(x), Phi the normal distribution; tanh form if approximate",
        with_extra=_gelu,
        extra=(Parameter("approximate", "bool", False),),
    ),
    _unary("silu", "x * sigmoid(x)", lambda x: x * _sigmoid(x)),
    _unary("softplus", "log(1 + exp(x))", lambda x: max(x, 0) + math.log1p(math.exp(-abs(x)))),
    _unary("softsign", "x / (1 + |x|)", lambda x: x / (1 + abs(x))),
    _unary("hard_sigmoid", "clip(x / 6 + 1/2, 0, 1)", lambda x: min(max(x / 6 + 0.5, 0), 1), gradient="0 beyond ±3"),
    _unary("hard_tanh", "clip(x, -1, 1)", lambda x: min(max(x, -1), 1), gradient="0 beyond ±1"),
    _unary("exp", "exp(x)", math.exp),
    _unary("log", "log(x)", math.log),
    _unary("log1p", "log(1 + x)", math.log1p),
    _unary("sqrt", "sqrt(x)", math.sqrt, gradient="infinite at 0"),
    _unary("rsqrt", "1 / sqrt(x)", lambda x: 1 / math.sqrt(x)),
    _unary("square", "x * x", lambda x: x * x, rule=rules.NUMERIC),
    _unary("abs", "|x|", abs, rule=rules.NUMERIC, gradient="0 at 0"),
    _unary("sign", "-1, 0 or 1", lambda x: (x > 0) - (x < 0), rule=rules.NUMERIC, gradient=_ZERO),
    _unary("floor", "the largest whole number up to x", math.floor, gradient=_ZERO),
    _unary("sin", "sin(x)", math.sin),
    _unary("cos", "cos(x)", math.cos),
    _unary("tan", "tan(x)", math.tan),
    _unary("atan", "atan(x)", math.atan),
    _unary("erf", "2 / sqrt(pi) * integral of exp(-t*t) from 0 to x", math.erf),
    _unary("neg", "-x", lambda x: -x, rule=rules.NUMERIC),
    _unary("not", "not x", lambda x: not x, rule=rules.BOOLEAN),
    _unary("stop_gradient", "x, without a gradient", rule=rules.same, gradient=_ZERO),
    # ---- elementwise, of several values
    _binary("add", "a + b", lambda a, b: a + b),
    _binary("sub", "a - b", lambda a, b: a - b),
    _binary("mul", "a * b", lambda a, b: a * b),
    _binary("div", "a / b", lambda a, b: a / b, rules.FLOAT),
    _binary("floordiv", "floor(a / b)", lambda a, b: a // b, gradient=_ZERO),
    _binary("mod", "a - b * floor(a / b)", lambda a, b: a % b),
    _binary("pow", "a ** b", lambda a, b: a**b),
    _binary("minimum", "min(a, b)", min),
    _binary("maximum", "max(a, b)", max),
    _binary("atan2", "the angle of (b, a)", math.atan2, rules.FLOAT),
    _binary("eq", "a == b", lambda a, b: a == b, rules.EQUAL),
    _binary("ne", "a != b", lambda a, b: a != b, rules.EQUAL),
    _binary("lt", "a < b", lambda a, b: a < b, rules.COMPARED),
    _binary("le", "a <= b", lambda a, b: a <= b, rules.COMPARED),
    _binary("gt", "a > b", lambda a, b: a > b, rules.COMPARED),
    _binary("ge", "a >= b", lambda a, b: a >= b, rules.COMPARED),
    _binary("and", "a and b", lambda a, b: a and b, rules.BOOLEAN),
    _binary("or", "a or b", lambda a, b: a or b, rules.BOOLEAN),
    Op("where", "binary", _p("condition", "a", "b"), rules.WHERE, "a where condition holds, else b", _where),
    Op("clip", "binary", _p("x", "low", "high"), rules.NUMERIC, "min(max(x, low), high)", _clip),
    # ---- products
    _binary("matmul", "the last trailing dim of a contracted with the first of b", rule=products.matmul),
    _binary("dot", "the sum of a * b over the last trailing dim", rule=products.dot),
    _binary("outer", "a[i] * b[j]", rule=products.outer),
    Op(
        "einsum",
        "structure",
        (Parameter("equation", "string"), Parameter("operands", "tensors")),
        products.einsum,
        "Einstein's sum over trailing dims",
    ),
    _structure("inv", products.inv, "the inverse matrix", Parameter("a")),
    _structure("solve", products.solve, "x with a x = b", *_p("a", "b")),
    _structure("logdet", products.logdet, "log |det a|", Parameter("a")),
    Op(
        "conv",
        "structure",
        (
            *_p("x", "kernel"),
            Parameter("stride", "int", 1),
            Parameter("padding", "string", "same"),
            Parameter("over", "axis", None),
            Parameter("to", "axis", None),
        ),
        products.conv,
        "cross-correlation with kernel [widths.., in, out]",
    ),
    # ---- shapes
    _structure("cast", rules.cast, "x in another dtype", Parameter("x"), Parameter("dtype", "dtype"), gradient="between floats"),
    _structure(
        "concat", shapes.concat, "the values joined along a dim", Parameter("values", "tensors"), Parameter("axis", "int", -1)
    ),
    _structure("stack", shapes.stack, "the values along a new last dim", Parameter("values", "tensors")),
    _structure("index", shapes.index, "a part of x", Parameter("x")),
    _structure("reshape", shapes.reshape, "x with other trailing dims", Parameter("x"), Parameter("dims", "dims")),
    _structure("broadcast", shapes.broadcast, "x with wider trailing dims", Parameter("x"), Parameter("dims", "dims")),
    _structure("transpose", shapes.transpose, "x with its last two trailing dims exchanged", Parameter("x")),
    _structure(
        "roll", shapes.roll, "x[(i - shift) mod n] along the last trailing dim", Parameter("x"), Parameter("shift", "int", 1)
    ),
    _structure("zeros_like", rules.same, "zeros of the type of x", Parameter("x"), gradient=_ZERO),
    _structure("ones_like", rules.same, "ones of the type of x", Parameter("x"), gradient=_ZERO),
    _structure("one_hot", shapes.one_hot, "1 at the id, else 0", Parameter("x"), Parameter("n", "int"), gradient="none"),
    _structure("gather", shapes.gather, "rows of table", *_p("table", "ids")),
    _structure(
        "softmax",
        shapes.softmax,
        "exp(x) / sum(exp(x))",
        Parameter("x"),
        Parameter("axis", "int", -1),
        Parameter("over", "axis", None),
    ),
    _structure(
        "log_softmax",
        shapes.softmax,
        "x - log(sum(exp(x)))",
        Parameter("x"),
        Parameter("axis", "int", -1),
        Parameter("over", "axis", None),
    ),
    _structure(
        "argmax",
        shapes.argmax,
        "where x is largest, the first of equals",
        Parameter("x"),
        Parameter("axis", "int", -1),
        Parameter("over", "axis", None),
        gradient="none",
    ),
    # ---- axes
    _structure(
        "shift",
        shapes.over_axis,
        "y[t] = x[t - steps], zeros enter",
        Parameter("x"),
        Parameter("steps", "int", 1),
        Parameter("over", "axis"),
    ),
    _structure(
        "position", shapes.position, "0, 1, ... along an axis", Parameter("like"), Parameter("over", "axis"), gradient="none"
    ),
    Op("valid_steps", "structure", (), rules.same, "x at the valid steps of a scan, zeros at the others"),
    _structure("reverse", shapes.over_axis, "x from its end", Parameter("x"), Parameter("over", "axis")),
    _structure("rename", shapes.rename, "x with an axis under another name", Parameter("x")),
    # ---- randomness
    Op("dropout", "random", _p("x", "rate"), rules.dropout, "in training x * keep / (1 - rate), else x", varies=True),
    Op("bernoulli", "random", _p("p"), rules.FLOAT, "1 with probability p, else 0", gradient="none", varies=True),
    Op("random_uniform", "random", _p("like"), rules.FLOAT, "uniform in [0, 1), of the type of like", gradient="none", varies=True),
    Op("random_normal", "random", _p("like"), rules.FLOAT, "standard normal, of the type of like", gradient="none", varies=True),
    Op(
        "categorical",
        "random",
        _p("logits"),
        shapes.categorical,
        "an id with probability softmax(logits)",
        gradient="none",
        varies=True,
    ),
    # ---- reductions
    _reduction("sum", reductions.reduction(rules.numeric), "the sum"),
    _reduction("mean", reductions.reduction(rules.need_float), "the sum over the count of what the mask leaves"),
    _reduction("min", reductions.reduction(rules.numeric), "the least value"),
    _reduction("max", reductions.reduction(rules.numeric), "the largest value"),
    _reduction("variance", reductions.reduction(rules.need_float), "mean(square(x - mean(x)))"),
    _reduction("norm", reductions.reduction(rules.need_float), "sqrt(sum(square(x)))", gradient="0 at 0"),
    _reduction("any", reductions.reduction(rules.boolean), "whether one holds"),
    _reduction("all", reductions.reduction(rules.boolean), "whether all hold"),
    _reduction("count", reductions.reduction(rules.boolean, "i32"), "how many hold"),
    # ---- losses
    Op("cross_entropy", "loss", _p("logits", "labels"), reductions.cross_entropy, "-sum(labels * log_softmax(logits))"),
    Op("binary_cross_entropy", "loss", _p("logits", "labels"), rules.FLOAT, "softplus(logits) - labels * logits"),
    Op(
        "huber",
        "loss",
        (*_p("a", "b"), Parameter("delta", "number", 1.0)),
        reductions.huber,
        "d*d/2 for d = |a - b| up to delta, then delta * (d - delta/2)",
    ),
    Op(
        "ctc",
        "loss",
        (*_p("logits", "labels", "logit_lengths", "label_lengths"), Parameter("blank", "int", 0)),
        reductions.ctc,
        "-log p(labels | logits), Graves et al. 2006",
    ),
)

OPS: Mapping[str, Op] = {op.name: op for op in _ROWS}
BINARY_OPERATORS: Mapping[str, str] = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "and": "and", "or": "or",
}  # fmt: skip
INTERNAL = frozenset(
    {"read", "initial", "carried", "gradient", "stepped", "literal", "penalty", "broadcast", "if_training", "result"}
    | {"valid_steps", "neg", "not", "index"}
    | set(BINARY_OPERATORS.values())
)
"""Operations that are not functions of the language under this name."""


def functions() -> Mapping[str, Op]:
    """The operations that a spec may call by name."""
    return {name: op for name, op in OPS.items() if name not in INTERNAL}


def result_type(op: str, args: Sequence[TensorType], attrs: Mapping[str, Any], order: Sequence[str]) -> TensorType:
    """The type of `op` on `args`. Raises `type_rules.TypeRuleError`. Leaves (`read`, `literal`, `eye`, `result`) have no rule."""
    return OPS[op].rule(args, attrs, order)


def has_rule(node: Node) -> bool:
    """Whether the type of `node` follows from its arguments."""
    return OPS[node.op].kind != "leaf" and node.op != "result"
