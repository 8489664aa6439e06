"""What a rule of a derivative is given: a node, with its values as they are known where the derivative is written."""

from __future__ import annotations

from typing import Protocol

from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.language.ops.derivative.writing import V
from rnndsl.plan.model import Node, TensorType


class Values(Protocol):
    """A forward graph, seen from the graph that its derivative is written into."""

    @property
    def writer(self) -> GraphWriter: ...

    def value(self, name: str) -> str:
        """The id in the derivative's graph of the forward value `name`."""
        ...

    def type(self, name: str) -> TensorType:
        """The type of the forward value there, with the axes that only cotangents or tangents have."""
        ...


class Local:
    """A node that is differentiated, its values fetched when they are asked for."""

    def __init__(self, values: Values, node: Node) -> None:
        self.values = values
        self.node = node

    @property
    def y(self) -> V:
        return V(self.values.writer, self.values.value(self.node.id))

    def __getitem__(self, at: int) -> V:
        return V(self.values.writer, self.values.value(self.node.args[at]))

    def type(self, at: int) -> TensorType:
        return self.values.type(self.node.args[at])

    @property
    def whole(self) -> TensorType:
        return self.values.type(self.node.id)

    @property
    def count(self) -> int:
        return len(self.node.args)
