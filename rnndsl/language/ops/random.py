"""Random draws: pure functions of a stream, the number of the call and the step."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter, tensors, traits
from rnndsl.language.rules import shapes
from rnndsl.language.rules import types as rules
from rnndsl.language.rules.replicas import drawn
from rnndsl.plan.attributes import Draw

_TRAITS = traits("random")

DROPOUT = Op(
    "dropout",
    "random",
    (
        Parameter("x"),
        Parameter("rate", takes="chance"),
        Parameter("shared", "axis", None),
        Parameter("each_step", "bool", True, takes="step"),
    ),
    drawn(rules.dropout),
    ".random:dropout",
    "in training x * keep / (1 - rate), else x; one keep for all of the axis `shared`",
    "float",
    traits=_TRAITS,
    outside_training=0,
    attributes=Draw,
    derivative=".random:dropout",
)
ROWS: tuple[Op, ...] = (
    DROPOUT,
    Op(
        "bernoulli",
        "random",
        (Parameter("p", takes="chance"),),
        drawn(rules.FLOAT),
        ".random:bernoulli",
        "1 with probability p, else 0",
        "float",
        gradient="none",
        traits=_TRAITS,
        attributes=Draw,
    ),
    Op(
        "random_uniform",
        "random",
        tensors("like"),
        drawn(rules.FLOAT),
        ".random:random_uniform",
        "uniform in [0, 1), of the type of like",
        "float",
        gradient="none",
        traits=_TRAITS,
        attributes=Draw,
    ),
    Op(
        "random_normal",
        "random",
        tensors("like"),
        drawn(rules.FLOAT),
        ".random:random_normal",
        "standard normal, of the type of like",
        "float",
        gradient="none",
        traits=_TRAITS,
        attributes=Draw,
    ),
    Op(
        "categorical",
        "random",
        tensors("logits"),
        drawn(shapes.categorical),
        ".random:categorical",
        "an id with probability softmax(logits)",
        "float [.., n] -> i32 [..]",
        gradient="none",
        traits=_TRAITS,
        attributes=Draw,
    ),
)
