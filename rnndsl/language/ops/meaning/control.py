"""Leaves of a graph, what a call does with variables, results of scans."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value
from rnndsl.plan.model import Node


def read(frame: Frame, node: Node) -> Array:
    return frame.variables.read(node.attrs["variable"])


def literal(frame: Frame, node: Node) -> Array:
    return np.broadcast_to(np.asarray(node.attrs["value"]), node.type.dims)


def eye(frame: Frame, node: Node) -> Array:
    return np.eye(node.attrs["n"])


def initial(frame: Frame, node: Node) -> Array:
    return frame.variables.initial(node.attrs["variable"])


def carried(frame: Frame, node: Node, start: Value) -> Array:
    return frame.variables.carried(node.attrs["variable"], frame.fit(start, node.type), node.type)


def gradient(frame: Frame, node: Node, loss: Value) -> Array:
    return frame.variables.gradient(node.args[0], node.attrs["variable"])


def stepped(frame: Frame, node: Node, gradient: Value) -> Array:
    return frame.variables.stepped(node.attrs["variable"])


def result(frame: Frame, node: Node) -> Array:
    return frame.fit(frame.results[node.args[0]][node.attrs["of"], node.attrs["name"]], node.type)
