"""All functions of an artefact, derived from what the text says. One place a kind: inference, training, stream, resets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnndsl.derive.inference import apply_function, inference_functions
from rnndsl.derive.mode import Modes
from rnndsl.derive.parts import Draft
from rnndsl.derive.stream import stream_function
from rnndsl.derive.training import gradients_function, train_function
from rnndsl.derive.unseen import unseen
from rnndsl.plan.attributes import Initial
from rnndsl.plan.function import Assign, Clear, Function, Output, Step
from rnndsl.plan.model import Graph, Node, Plan, TensorType, Variable
from rnndsl.records import replace

_DIFFERENTIATED = ("train", "gradients")
"""Kinds of functions that know what is not seen before they are differentiated."""


def check_names(plan: Plan) -> None:
    """Raises SpecError if names of the functions of `plan` meet."""
    stream_function(plan, apply_function(plan, Modes(plan)))


def with_functions(plan: Plan) -> Plan:
    """`plan` with the functions of section 10 that it has, and why it lacks `stream`. Raises SpecError if names meet."""
    modes = Modes(plan)
    apply = apply_function(plan, modes)
    stream = stream_function(plan, apply)
    absent = {"stream": stream} if isinstance(stream, str) else {}
    found = (
        *inference_functions(plan, modes),
        None if isinstance(stream, str) else stream,
        *(train_function(plan, modes, train) for train in plan.trains),
        *_resets(plan),
        apply,
        gradients_function(plan, modes),
    )
    functions = tuple(x if x.kind in _DIFFERENTIATED else unseen(x) for x in found if x is not None)
    return replace(plan, functions=functions, absent=absent)


def _resets(plan: Plan) -> Iterator[Function]:
    """`initialize` gives what each variable starts with, `reset` assigns it, `reset_states` clears what is carried, if anything."""
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
