"""Values of variables: before the call, at the start, kept from the last call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.layout import ordered
from rnndsl.backends.tensorflow.align import Operand, relaid
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.plan.attributes import OfVariable
from rnndsl.plan.model import Node


def read(frame: Frame, node: Node) -> Any:
    return _laid(frame, node, frame.context.variables.read(node.told(OfVariable).variable))


def initial(frame: Frame, node: Node) -> Any:
    return _laid(frame, node, frame.context.variables.initial(node.told(OfVariable).variable))


def carried(frame: Frame, node: Node, start: Operand) -> Any:
    t, natural = node.type, ordered(node.type, frame.context.natural)
    first = relaid(frame.fit(start, t), t, natural.axes)
    return _laid(frame, node, frame.context.variables.carried(node.told(OfVariable).variable, first, natural))


def _laid(frame: Frame, node: Node, tensor: Any) -> Any:
    """The value of a variable, which has the plan's order of axes, laid out as the frame's values are."""
    return relaid(tensor, ordered(node.type, frame.context.natural), frame.context.order)


LOWERINGS: Mapping[str, Lower] = {
    "read": read,
    "initial": initial,
    "carried": carried,
}
