"""All operations of the plan, one row each: the whole definition of a function of the language, its lowering in a backend apart.

A family is one file, whose `ROWS` are its part of the table. Functions of the language with the same name take `Op.parameters` in
that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.language.ops import (
    axes,
    control,
    elementwise,
    least_squares,
    losses,
    ordering,
    products,
    random,
    reductions,
    shapes,
)
from rnndsl.language.ops.op import Op, Trait
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.plan.attributes import Attributes
from rnndsl.plan.model import Node, TensorType
from rnndsl.text.codes import rules

_FAMILIES = (control, elementwise, products, shapes, axes, ordering, random, reductions, losses, least_squares)

OPS: Mapping[str, Op] = {op.name: op for family in _FAMILIES for op in family.ROWS}
BINARY_OPERATORS: Mapping[str, str] = {op.symbol: op.name for op in OPS.values() if op.kind == "binary" and op.symbol}
"""From the operators of the language between two values to the operations that they are."""


def has(op: str, trait: Trait) -> bool:
    """Whether the operation `op` has the trait."""
    return trait in OPS[op].traits


def functions() -> Mapping[str, Op]:
    """The operations that a spec may call by name."""
    return {name: op for name, op in OPS.items() if not op.symbol and "internal" not in op.traits}


def result_type(op: str, args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    """The type of `op`, which has a rule, on `args`. Raises `TypeRuleError`."""
    rule = OPS[op].rule
    if rule is None:
        raise TypeRuleError(rules.no_type())
    return rule(args, attrs, order)


def has_rule(node: Node) -> bool:
    """Whether the type of `node` follows from its arguments."""
    return OPS[node.op].rule is not None
