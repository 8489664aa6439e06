"""Leaves of a graph, what a call does with variables and beside its replicas, and what depends on the mode."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter, tensors, traits
from rnndsl.language.rules import replicas as of_replicas
from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Carried, Constant, Initial, OfCollection, Read, Result, Size
from rnndsl.plan.replicas import Before, Together

_LEAF = traits("internal", "leaf")
_CONSTANT = traits("leaf", "constant")
_ONCE = traits("internal", "once")

EYE = Op(
    "eye",
    "leaf",
    (Parameter("n", "size"),),
    None,
    ".control:eye",
    "the identity matrix [n, n]",
    "-> the model's dtype [n, n]",
    traits=_CONSTANT,
    attributes=Size,
)
ROWS: tuple[Op, ...] = (
    Op("read", "leaf", (), None, ".control:read", "the value of a variable", traits=_LEAF, attributes=Read),
    Op("literal", "leaf", (), None, ".control:literal", "a constant", traits=_CONSTANT | traits("internal"), attributes=Constant),
    Op(
        "penalty",
        "leaf",
        (),
        None,
        "",
        "the sum over a collection's variables; gone once all are known",
        traits=traits("internal", "temporary"),
        attributes=OfCollection,
    ),
    EYE,
    Op("initial", "leaf", (), None, ".control:initial", "the initial value of a variable", traits=_ONCE, attributes=Initial),
    Op(
        "carried",
        "leaf",
        tensors("start"),
        None,
        ".control:carried",
        "a state kept from the last call, or start if there is none",
        traits=_ONCE,
        attributes=Carried,
    ),
    Op(
        "if_training",
        "control",
        tensors("a", "b"),
        rules.if_training,
        "",
        "a in training, else b",
        symbol="if",
        in_training=0,
        outside_training=1,
    ),
    Op("result", "control", (), None, ".control:result", "a result of a scan", traits=traits("internal"), attributes=Result),
    Op(
        "together",
        "structure",
        tensors("x", "replicas"),
        rules.same,
        ".replicas:together",
        "the sum of x over all replicas, or the largest, or the least",
        gradient="none",
        attributes=Together,
        traits=traits("internal", "can_fail"),
    ),
    Op(
        "rows_before",
        "structure",
        tensors("replicas"),
        of_replicas.rows_before,
        ".replicas:rows_before",
        "how many rows the replicas before this one have",
        gradient="none",
        attributes=Before,
        traits=_ONCE | traits("can_fail"),
    ),
)
