"""Leaves of a graph, what a call does with variables, results of scans."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value
from rnndsl.plan.attributes import Constant, OfVariable, Result, Size
from rnndsl.plan.model import Node


def read(frame: Frame, node: Node) -> Array:
    return frame.variables.read(node.told(OfVariable).variable)


def literal(frame: Frame, node: Node) -> Array:
    return np.broadcast_to(np.asarray(node.told(Constant).value), node.type.dims)


def eye(frame: Frame, node: Node) -> Array:
    return np.eye(node.told(Size).n)


def initial(frame: Frame, node: Node) -> Array:
    return frame.variables.initial(node.told(OfVariable).variable)


def carried(frame: Frame, node: Node, start: Value) -> Array:
    return frame.variables.carried(node.told(OfVariable).variable, frame.fit(start, node.type), node.type)


def result(frame: Frame, node: Node) -> Array:
    return frame.fit(frame.results[node.args[0]][node.told(Result)], node.type)
