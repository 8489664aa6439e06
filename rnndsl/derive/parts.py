"""What the derivations of functions share: a function put together from a graph, its results and its steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rnndsl.derive.mode import Finals
from rnndsl.passes.remove_dead import needed, pruned
from rnndsl.plan.attributes import NOTHING, Constant, Read
from rnndsl.plan.function import STEP, Assign, Function, Kind, Output, Step, artefact_name
from rnndsl.plan.model import Graph, GraphInput, Named, Node, Plan, TensorType
from rnndsl.plan.rewriting import FreshIds, draws
from rnndsl.records import Immutable, record, replace


@record
class Draft(Immutable):
    """A function in the making. `finals`: what scans that carry end with.
    `axes`: the order of axes, if it has more than the plan's."""

    name: str
    kind: Kind
    graph: Graph
    outputs: Sequence[Output]
    steps: Sequence[Step] = ()
    finals: Finals | None = None
    axes: tuple[str, ...] | None = None

    def function(self, plan: Plan) -> Function:
        """The function, of nothing but what its results and steps need. States that are kept and the call counter come last."""
        wanted = Function(self.name, self.kind, self.axes or plan.axes, outputs=tuple(self.outputs), steps=tuple(self.steps))
        kept = self._kept(list(wanted.ends()))
        function = replace(wanted, steps=(*wanted.steps, *kept))
        graph = pruned(self.graph, function.ends())
        function = replace(function, graph=graph)
        if draws(graph):
            function = _counted(function, plan)
        names = {x.id for x in function.graph.inputs}
        inputs = tuple(x for x in plan.inputs if x.name in names)
        return replace(function, inputs=inputs, graph=replace(function.graph, inputs=_graph_inputs(self.graph, names)))

    def _kept(self, ends: list[str]) -> list[Assign]:
        """What is kept of the scans that run. The last state of one may need another scan, which then runs too."""
        steps: dict[str, Assign] = {}
        while self.finals:
            live = needed(self.graph, ends)
            fresh = [x for scan, finals in self.finals.items() if scan in live for x in finals.items() if x[0] not in steps]
            if not fresh:
                break
            steps.update((path, Assign(f"{path}/keep", path, value)) for path, value in fresh)
            ends = [*ends, *(value for _, value in fresh)]
        order = [path for finals in (self.finals or {}).values() for path in finals]
        return [steps[path] for path in order if path in steps]


def _graph_inputs(graph: Graph, names: Iterable[str]) -> tuple[GraphInput, ...]:
    wanted = set(names)
    return tuple(x for x in graph.inputs if x.id in wanted)


def _counted(function: Function, plan: Plan) -> Function:
    """`function`, which draws, with the step that moves the call counter on; a pure function is told the count."""
    if function.pure:
        return replace(function, draws=STEP)
    counter = next(v for v in plan.variables if v.kind == "counter")
    fresh, t = FreshIds(function.graph), TensorType(counter.dtype)
    now = Node(fresh.like("call"), "read", (), Read(counter.path), t)
    one = Node(fresh.like("one"), "literal", (), Constant(1), t)
    later = Node(fresh.like("call"), "add", (now.id, one.id), NOTHING, t)
    graph = replace(function.graph, nodes=(*function.graph.nodes, now, one, later))
    step = Assign(f"{counter.path}/advance", counter.path, later.id)
    return replace(function, graph=graph, steps=(*function.steps, step), draws=counter.path)


def outputs_of(items: Iterable[Named], names: Mapping[str, str]) -> list[Output]:
    """Named values as results, each an operation of its own name. `names`: ids that stand for others."""
    return [Output(artefact_name(x.name), names.get(x.value, x.value), x.name) for x in items]
