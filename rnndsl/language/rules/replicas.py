"""Types of what happens between replicas."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.rules.types import Rule
from rnndsl.plan.attributes import Attributes, Draw
from rnndsl.plan.graph import TensorType


def rows_before(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
    return TensorType("i32")


def drawn(rule: Rule) -> Rule:
    """Of a draw, which may be told as its last argument how many rows others draw before."""

    def of_draw(args: Sequence[TensorType], attrs: Attributes, order: Sequence[str]) -> TensorType:
        return rule(args[:-1] if attrs.told(Draw).parted else args, attrs, order)

    return of_draw
