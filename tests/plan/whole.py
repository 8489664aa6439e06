"""A whole plan as one function, so that a pass can be shown on a plan's text, and a function as a plan, so that it can be read."""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.derive.inference import apply_function
from rnndsl.derive.mode import Modes
from rnndsl.derive.stream import stream_function
from rnndsl.passes import PASSES
from rnndsl.plan.model import Function, Named, Output, Plan
from rnndsl.records import replace

TABLES = ("outputs", "losses", "metrics", "residuals", "updates")


def whole(plan: Plan) -> Function:
    """The graph of `plan` in both modes, with everything that its tables name as results."""
    outputs = [Output(f"{t}/{i}", x.value) for t in TABLES for i, x in enumerate(getattr(plan, t))]
    return Function(plan.name, "custom", plan.axes, plan.inputs, plan.graph, tuple(outputs))


def over(plan: Plan, change: Callable[[Function], Function]) -> Plan:
    """`plan` whose graph has been changed."""
    function = change(whole(plan))
    values = {x.name: x.value for x in function.outputs}
    tables = {t: tuple(replace(x, value=values[f"{t}/{i}"]) for i, x in enumerate(getattr(plan, t))) for t in TABLES}
    return replace(plan, graph=function.graph, **tables)


def through_passes(plan: Plan, level: int = 1, after: Callable[[str, Plan], None] | None = None) -> Plan:
    """`plan` whose graph has gone through the passes."""
    for name, change in PASSES if level else ():
        plan = over(plan, change)
        if after is not None:
            after(name, plan)
    return plan


def as_plan(function: Function, plan: Plan) -> Plan:
    """`function` of `plan` as a plan with the function's inputs and results."""
    outputs = tuple(Named(name=x.operation or x.name, value=x.value) for x in function.outputs)
    return Plan(
        name=plan.name,
        dtype=plan.dtype,
        seed=plan.seed,
        axes=plan.axes,
        inputs=function.inputs,
        variables=plan.variables,
        collections={n: tuple(m for m in x if m in {v.path for v in plan.variables}) for n, x in plan.collections.items()},
        graph=function.graph,
        outputs=outputs,
    )


def stream_of(plan: Plan) -> Function | str:
    """The stream of `plan`, or why it has none."""
    return stream_function(plan, apply_function(plan, Modes(plan)))
