"""Values of variables: before the call, at the start, kept from the last call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.plan.attributes import OfVariable
from rnndsl.plan.model import Node


def read(frame: Frame, node: Node) -> Any:
    return frame.context.variables.read(node.told(OfVariable).variable)


def initial(frame: Frame, node: Node) -> Any:
    return frame.context.variables.initial(node.told(OfVariable).variable)


def carried(frame: Frame, node: Node, start: Operand) -> Any:
    return frame.context.variables.carried(node.told(OfVariable).variable, frame.fit(start, node.type), node.type)


LOWERINGS: Mapping[str, Lower] = {
    "read": read,
    "initial": initial,
    "carried": carried,
}
