"""Builds the graph of a plan: nodes in order, with types from the operations' rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnndsl.elaborate.state.bytes import check_value
from rnndsl.elaborate.state.values import Tensor
from rnndsl.language.ops import table as ops
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.plan.attributes import NOTHING, Asked, Attributes, Constant, Read, Result
from rnndsl.plan.model import Graph, GraphInput, Node, Scan, TensorType
from rnndsl.records import Immutable, field, mutable, record
from rnndsl.text.codes import types as type_codes
from rnndsl.text.source import Span


@record
class PendingUpdate(Immutable):
    """An `update` met while a graph was built."""

    name: str
    path: str
    value: Tensor
    collections: tuple[str, ...]
    place: str


@mutable
class GraphBuilder:
    """One graph in the making: the top one, or the body of a scan. `fresh` gives ids that are unique in the plan."""

    axes: list[str]
    fresh: Callable[[], str]
    inputs: list[GraphInput] = field(default_factory=list[GraphInput])
    nodes: list[Node | Scan] = field(default_factory=list["Node | Scan"])
    reads: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    updates: list[PendingUpdate] = field(default_factory=list[PendingUpdate])
    ids: set[str] = field(default_factory=set[str])
    """What its inputs and nodes are called."""
    outer: Callable[[Tensor, Span], Tensor | None] | None = None
    """What stands here for a value of another graph, if anything does."""

    def input(self, type: TensorType, id: str | None = None) -> Tensor:
        tensor = Tensor(id or self.fresh(), type)
        self.inputs.append(GraphInput(tensor.id, type))
        self.ids.add(tensor.id)
        return tensor

    def leaf(self, op: str, type: TensorType, attrs: Attributes, span: Span) -> Tensor:
        """A node whose type is given, not inferred."""
        return self._append(op, (), attrs, type, span)

    def add(self, op: str, args: Sequence[Tensor], span: Span, attrs: Attributes = NOTHING) -> Tensor:
        """A node of `op`. Raises SpecError with a diagnostic at `span` if the arguments do not fit."""
        try:
            type = ops.result_type(op, [a.type for a in args], attrs, self.axes)
        except TypeRuleError as error:
            type_codes.mismatch(span, ops.OPS[op].shown, error).throw()
        return self._append(op, [a.id for a in args], attrs, type, span)

    def result(self, scan: str, of: Asked, at: int, type: TensorType, span: Span) -> Tensor:
        return self._append("result", (scan,), Result(of, at), type, span)

    def read(self, path: str, type: TensorType, span: Span) -> Tensor:
        """The value of a variable, read once a graph."""
        if path not in self.reads:
            self.reads[path] = self.leaf("read", type, Read(path), span)
        return self.reads[path]

    def number(self, tensor: Tensor) -> int | float | bool | None:
        """The plain number that `tensor` is a constant of, if it is one."""
        node = next((n for n in reversed(self.nodes) if n.id == tensor.id), None)
        value = node.attrs.value if isinstance(node, Node) and isinstance(node.attrs, Constant) else None
        return value if isinstance(value, bool | int | float) else None

    def latest(self, path: str) -> Tensor | None:
        """What the last update in this graph writes to the variable at `path`."""
        return next((u.value for u in reversed(self.updates) if u.path == path), None)

    def graph(self) -> Graph:
        return Graph(tuple(self.inputs), tuple(self.nodes))

    def _append(self, op: str, args: Sequence[str], attrs: Attributes, type: TensorType, span: Span) -> Tensor:
        check_value(type, ops.OPS[op].shown, span)
        node = Node(self.fresh(), op, tuple(args), attrs, type, str(span))
        self.nodes.append(node)
        self.ids.add(node.id)
        return Tensor(node.id, type)
