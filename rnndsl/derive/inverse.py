"""A layout solved for the variables: from what is foreign to what is the model's, by the inverse of each function.

An equation `"k" = transpose(concat([a, b]))` gives `a` and `b`: its value is known, and so, function by function from the outside
in, are the arguments that variables are behind.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.derive.derivatives.local import Local
from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.language.ops.derivative.writing import V
from rnndsl.language.ops.table import OPS, has
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.plan.attributes import Read
from rnndsl.plan.graph import Graph, GraphInput, Node, TensorType
from rnndsl.plan.layouts import Layout, LayoutEquation
from rnndsl.plan.rewriting import FreshIds
from rnndsl.records import Immutable, record
from rnndsl.text.codes import weights as codes
from rnndsl.text.source import Span


@record
class Solution(Immutable):
    """`graph` has an input for each equation of the layout, `inputs` in their order: what is foreign, summed. `values`: of each
    variable the id of its value there, and the place of the equation that gives it."""

    graph: Graph
    inputs: tuple[str, ...]
    values: Mapping[str, tuple[str, int]]


def solve(layout: Layout, span: Span) -> Solution:
    """The variables of `layout`, which is used at `span`. Raises SpecError for an equation that has no one solution."""
    solver = _Solver(layout, span)
    for at in range(len(layout.equations)):
        solver.run(at)
    graph = Graph(tuple(solver.inputs), tuple(solver.writer.nodes))
    return Solution(graph, tuple(x.id for x in solver.inputs), solver.values)


class _Solver:
    def __init__(self, layout: Layout, span: Span) -> None:
        self.layout = layout
        self.span = span
        self.nodes = {node.id: node for node in layout.graph.nodes if isinstance(node, Node)}
        self.writer = GraphWriter((), FreshIds(layout.graph))
        self.inputs: list[GraphInput] = []
        self.values: dict[str, tuple[str, int]] = {}
        self.open: set[str] = set()
        """What variables are behind."""
        for node in self.nodes.values():
            if isinstance(node.attrs, Read) or not self.open.isdisjoint(node.args):
                self.open.add(node.id)

    def run(self, at: int) -> None:
        """Solves the equation at this place."""
        equation = self.layout.equations[at]
        if equation.value not in self.open:
            codes.no_variable(self.span, equation.span).throw()
        given = GraphInput(f"foreign_{at}", equation.type)
        self.inputs.append(given)
        self.writer.know(given.id, given.type, finite=False)
        self.writer.place = str(equation.span)
        pending = [(equation.value, V(self.writer, given.id))]
        while pending:
            name, value = pending.pop()
            node = self.nodes[name]
            if isinstance(node.attrs, Read):
                self._define(node.attrs.variable, value, at)
            else:
                pending += self._arguments(node, value, equation)

    def _define(self, path: str, value: V, at: int) -> None:
        if path in self.values:
            places = [x.span for x in self.layout.equations]
            codes.solved_twice(self.span, path, places[at], places[self.values[path][1]]).throw()
        self.values[path] = (value.id, at)

    def _arguments(self, node: Node, value: V, equation: LayoutEquation) -> list[tuple[str, V]]:
        """The arguments of `node` that variables are behind, with their values."""
        row = OPS[node.op]
        inverse = row.invert()
        unknown = [i for i, x in enumerate(node.args) if x in self.open]
        if inverse is None:
            codes.no_inverse(self.span, row.shown, equation.text, equation.span).throw()
        if len(unknown) > 1 and not inverse.of_each:
            codes.two_unknowns(self.span, row.shown, equation.text, equation.span).throw()
        broadcasts = has(node.op, "elementwise") and any(self.nodes[node.args[i]].type != node.type for i in unknown)
        if broadcasts:  # one number has to be several
            codes.no_inverse(self.span, row.shown, equation.text, equation.span).throw()
        local = _Known(self, node, value)
        try:
            return [(node.args[i], inverse.of(local, value, i)) for i in unknown]
        except TypeRuleError:  # a quotient of whole numbers
            codes.no_inverse(self.span, row.shown, equation.text, equation.span).throw()

    def value(self, name: str) -> str:
        """The id in the solution of a value that no variable is behind."""
        if name not in self.writer.types:
            node = self.nodes[name]
            for each in node.args:
                self.value(each)
            self.writer.put(node)
        return name

    def type(self, name: str) -> TensorType:
        return self.nodes[name].type


class _Known(Local):
    """A node whose value is known, as a rule of an inverse sees it."""

    def __init__(self, solver: _Solver, node: Node, value: V) -> None:
        super().__init__(solver, node)
        self._value = value

    @property
    def y(self) -> V:
        return self._value
