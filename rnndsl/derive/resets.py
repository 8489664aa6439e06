"""`initialize` gives every variable its model starts with, `reset` assigns them, `reset_states` clears what is carried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnndsl.derive.parts import Draft
from rnndsl.plan.attributes import Initial
from rnndsl.plan.function import Assign, Clear, Function, Output, Step
from rnndsl.plan.model import Graph, Node, Plan, TensorType, Variable


def reset_functions(plan: Plan) -> Iterator[Function]:
    """`initialize`, `reset`, and `reset_states` where there are states to clear."""
    stored = [v for v in plan.variables if v.kind in ("param", "var")]
    graph, values = _initials(stored)
    yield Draft("initialize", "initialize", graph, [Output(path, value) for path, value in values.items()]).function(plan)
    graph, values = _initials([v for v in plan.variables if v.kind != "carried"])
    clears = [Clear(f"{v.path}/clear", v.path) for v in plan.variables if v.kind == "carried"]
    assigns: list[Step] = [Assign(f"{path}/reset", path, value) for path, value in values.items()]
    yield Draft("reset", "reset", graph, [], [*assigns, *clears]).function(plan)
    if clears:
        yield Draft("reset_states", "reset_states", Graph(), [], clears).function(plan)


def _initials(variables: Sequence[Variable]) -> tuple[Graph, dict[str, str]]:
    """A graph of the initial values of `variables`, and their ids by path."""
    nodes = [
        Node(f"initial_{k}", "initial", (), Initial(v.path), TensorType(v.dtype, (), v.shape), v.place)
        for k, v in enumerate(variables, 1)
    ]
    return Graph((), tuple(nodes)), {v.path: node.id for v, node in zip(variables, nodes, strict=True)}
