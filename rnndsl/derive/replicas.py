"""A training step that several replicas take together, each on rows of its own along one axis.

What lacks the axis is the same on every replica, and each has its own rows of what has it. So where rows meet, in a loss, a
gradient, the statistics of a BatchNorm, normal equations, the replicas put together what each has of its rows; all else is as it
was. What comes of it are the numbers of one machine that has all rows (the partitioning of SPMD; Xu et al. 2021, GSPMD).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.derivatives.local import Local
from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.mode import Modes
from rnndsl.derive.training import train_function
from rnndsl.language.ops.derivative.writing import V
from rnndsl.language.ops.table import OPS
from rnndsl.passes import run_passes
from rnndsl.passes.remove_dead import remove_dead
from rnndsl.plan.attributes import Draw, Result
from rnndsl.plan.function import Clear, Function
from rnndsl.plan.model import Graph, GraphInput, Node, Plan, PlanInput, Scan, ScanInput, TensorType
from rnndsl.plan.replicas import REPLICAS, Before, How, Together, replicated_name
from rnndsl.plan.rewriting import FreshIds, add_inputs, move_result, new_axis, rename_ends, rename_used, types_of, with_graph
from rnndsl.records import Immutable, mutable, record, replace
from rnndsl.text.faults import workers
from rnndsl.text.faults.streams import Reason

_PLACE = TensorType("i32", (), (3,))
_MOST = 1_000_000
"""Meetings of a function."""


class ApartError(Exception):
    """A function that replicas cannot take together."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def with_replicas(plan: Plan, axis: str, level: int) -> Plan:
    """`plan`, whose functions have been through the passes of `level`, with each training step as one of replicas too, that share
    the rows of `axis`. `absent` says why there is none."""
    made: list[Function] = []
    absent = dict(plan.absent)
    for function in plan.functions:
        if function.kind != "train":
            continue
        try:
            made.append(replicated(_of_whole_tables(plan, function, level), axis, _MOST * len(made)))
        except ApartError as error:
            absent[replicated_name(function.name)] = error.reason
    return replace(plan, functions=(*plan.functions, *made), absent=absent)


def _of_whole_tables(plan: Plan, function: Function, level: int) -> Function:
    """The training step `function` that writes no rows alone: each replica would look up rows of its own."""
    if all(isinstance(step, Clear) or step.rows is None for step in function.steps):
        return function
    train = next(x for x in plan.trains if x.name == function.name)
    whole = train_function(plan, Modes(plan), train, by_rows=False)
    return run_passes(replace(plan, functions=(whole,), pullbacks=()), level).functions[0]


def replicated(function: Function, axis: str, met: int = 0) -> Function:
    """`function` as replicas take it together, that share the rows of `axis`. `met`: the number of the last meeting of another
    function. Raises ApartError."""
    given = new_axis(REPLICAS, [x.name for x in function.inputs])
    graph = replace(function.graph, inputs=(*function.graph.inputs, GraphInput(given, _PLACE)))
    parting = _Parting(axis, function.axes, FreshIds(graph), met)
    graph, names = parting.graph(graph, _Known(parting, given))
    function = with_graph(function, graph, names)
    inputs = (*function.inputs, PlanInput(given, "replicas", _PLACE))
    return remove_dead(replace(function, name=replicated_name(function.name), inputs=inputs))


@mutable
class _Parting:
    """`meetings`: the number of the last one."""

    axis: str
    order: Sequence[str]
    fresh: FreshIds
    meetings: int = 0

    def number(self) -> int:
        self.meetings += 1
        return self.meetings

    def graph(self, graph: Graph, known: _Known) -> tuple[Graph, dict[str, str]]:
        """`graph`, and the new names of values."""
        writer = GraphWriter(self.order, self.fresh)
        for name, t in types_of(graph).items():
            writer.know(name, t, finite=False)
        for x in (REPLICAS, _BEFORE):
            writer.know(known.own(x), known.types[x], finite=False)
        nodes: list[Node | Scan] = []
        names: dict[str, str] = {}
        places: dict[str, tuple[int, ...]] = {}
        for node in graph.nodes:
            node = rename_used(node, names)
            if isinstance(node, Scan):
                node, places[node.id] = self.scan(node, known, writer.types)
            elif isinstance(node.attrs, Result):
                node = move_result(node, places[node.args[0]])
            else:
                node = self.drawn(node, known)
                self.meets(node, known, writer, names)
            nodes += [node, *writer.nodes]
            writer.nodes.clear()
        return known.around(replace(graph, nodes=tuple(nodes))), names

    def drawn(self, node: Node, known: _Known) -> Node:
        """A draw of own rows among all."""
        told = node.attrs
        if not isinstance(told, Draw) or self.axis not in node.type.axes or told.shared == self.axis:
            return node
        assert node.type.axes[0] == self.axis, "the axis that replicas share is the outermost"
        return replace(node, args=(*node.args, known.asked(_BEFORE)), attrs=replace(told, parted=True))

    def meets(self, node: Node, known: _Known, writer: GraphWriter, names: dict[str, str]) -> None:
        """Behind `node`, whose rows meet, what is made of those of all."""
        lost = self.axis not in node.type.axes and any(self.axis in writer.types[x].axes for x in node.args)
        if not lost and (self.axis not in node.attrs.about or isinstance(node.attrs, Draw)):
            return
        of_parts = OPS[node.op].of_parts()
        if of_parts is None:
            raise ApartError(workers.needs_all_rows(OPS[node.op].shown, self.axis, node.place))
        writer.place = node.place

        def meet(how: How, value: V) -> V:
            return V(writer, writer.add("together", [value.id, known.asked(REPLICAS)], Together(how, self.number())))

        names[node.id] = of_parts(Local(_Own(writer), node), meet).id

    def scan(self, scan: Scan, known: _Known, types: Mapping[str, TensorType]) -> tuple[Scan, tuple[int, ...]]:
        if scan.axis == self.axis:
            raise ApartError(workers.along(scan.path, self.axis, scan.place))
        if scan.variables and any(x is not None and self.axis in types[x].axes for x in (scan.lengths, scan.mask)):
            raise ApartError(workers.updates_by_rows(scan.path, scan.variables[0].path, scan.place))
        inner, met = _Known(self, "", known), self.meetings
        body, names = self.graph(scan.body, inner)
        ends = next((s.old for s in scan.states if s.name == scan.until), None)
        if self.meetings > met and ends is not None and self.axis in types_of(scan.body)[ends].axes:
            raise ApartError(workers.ends_by_rows(scan.path, scan.place))
        given = (*scan.given, *(ScanInput(known.asked(x), inner.own(x)) for x in inner.used))
        return rename_ends(replace(scan, body=body, given=given), names)


_BEFORE = "before"


class _Known:
    """What a graph knows of the replicas, as far as it asks: its place, and how many rows others have before. The body of a scan is
    given it from around."""

    types: Mapping[str, TensorType] = {REPLICAS: _PLACE, _BEFORE: TensorType("i32")}

    def __init__(self, parting: _Parting, place: str, around: _Known | None = None) -> None:
        self.parting = parting
        self.outer = around
        self.names = {REPLICAS: place or parting.fresh.like(REPLICAS), _BEFORE: parting.fresh.like(_BEFORE)}
        self.used: list[str] = []

    def own(self, what: str) -> str:
        """The id in this graph."""
        return self.names[what]

    def asked(self, what: str) -> str:
        """That, from now on needed."""
        if what not in self.used:
            self.used.append(what)
        return self.names[what]

    def around(self, graph: Graph) -> Graph:
        """`graph` in which what is needed is defined."""
        if self.outer is not None:
            return add_inputs(graph, [self.names[x] for x in self.used], {self.names[x]: t for x, t in self.types.items()})
        if _BEFORE not in self.used:
            return graph
        told = Before(self.parting.axis, self.parting.number())
        first = Node(self.names[_BEFORE], "rows_before", (self.names[REPLICAS],), told, self.types[_BEFORE])
        return replace(graph, nodes=(first, *graph.nodes))


@record
class _Own(Immutable):
    """The values of a graph, seen from what is written behind them."""

    writer: GraphWriter

    def value(self, name: str) -> str:
        return name

    def type(self, name: str) -> TensorType:
        return self.writer.types[name]
