"""Reductions over axes and trailing dims, each with an optional mask of what counts."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter
from rnndsl.language.rules import reductions
from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Reduction

_NONE = "none"
_PARAMETERS = (Parameter("x"), Parameter("mask", default=None))


def _reduction(name: str, rule: rules.Rule, formula: str, types: str, parts: str, gradient: str = "everywhere") -> Op:
    derivative = "" if gradient == _NONE else f".reductions:{name}"
    meaning = f".reductions:{name}_over"
    return Op(
        name,
        "reduction",
        _PARAMETERS,
        rule,
        meaning,
        formula,
        types,
        None,
        gradient,
        attributes=Reduction,
        derivative=derivative,
        parts=f".parts:{parts}",
    )


ROWS: tuple[Op, ...] = (
    _reduction("sum", reductions.reduction(rules.numeric), "the sum", "number", "summed"),
    _reduction("mean", reductions.reduction(rules.need_float), "the sum over the count of what the mask leaves", "float", "mean"),
    _reduction("log_sum_exp", reductions.reduction(rules.need_float), "log(sum(exp(x)))", "float", "log_sum_exp"),
    _reduction("min", reductions.reduction(rules.numeric), "the least value", "number", "least"),
    _reduction("max", reductions.reduction(rules.numeric), "the largest value", "number", "largest"),
    _reduction("variance", reductions.reduction(rules.need_float), "mean(square(x - mean(x)))", "float", "variance"),
    _reduction("norm", reductions.reduction(rules.need_float), "sqrt(sum(square(x)))", "float", "norm", gradient="0 at 0"),
    _reduction("any", reductions.reduction(rules.boolean), "whether one holds", "bool", "some", _NONE),
    _reduction("all", reductions.reduction(rules.boolean), "whether all hold", "bool", "every", _NONE),
    _reduction("count", reductions.reduction(rules.boolean, "i32"), "how many hold", "bool -> i32", "summed", _NONE),
)
