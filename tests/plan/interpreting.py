"""A plan's own graph in NumPy, before any function is derived from it."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.meaning.running import Arrays, Model, _Call
from rnndsl.plan.function import Function
from rnndsl.plan.model import Plan


def model_with(plan: Plan, variables: Arrays) -> Model:
    """The functions of `plan` on these variables, the others as they start."""
    model = Model(plan)
    model.variables.update(variables)
    return model


def interpret(
    plan: Plan, inputs: Arrays, variables: Arrays, training: bool = False, *, exact: bool = False
) -> dict[tuple[str, int, str], Array]:
    """The values of a plan's tables in one mode, by title, place and name, before any function is derived: outputs, losses,
    metrics, residuals and updates. What is carried starts afresh. `exact`: in f64."""
    model = model_with(plan, variables)
    call = _Call(model, Function(plan.name, "custom", plan.axes, plan.inputs, plan.graph), dict(variables), inputs, 0)
    frame = Frame(Context(plan.axes, call, run_scan, training, exact), plan.graph, inputs, {}, 0)
    tables = {t: getattr(plan, t) for t in ("outputs", "losses", "metrics", "residuals", "updates")}
    with np.errstate(all="ignore"):
        frame.run()
    return {(title, i, x.name): frame.values[x.value].array for title, table in tables.items() for i, x in enumerate(table)}
