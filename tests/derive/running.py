"""One call of a function by the interpreter: its results by group and name, and all variables after the call."""

from __future__ import annotations

from rnndsl.plan.model import Plan
from tests.plan.interpreting import model_with


def run(plan: Plan, name: str, inputs: dict, variables: dict) -> tuple[dict, dict]:
    function = plan.function(name)
    model = model_with(plan, variables)
    found = model.pure(name, variables, inputs) if function.pure else model.call(name, inputs)
    results = {(x.group, x.name): (found[x.group] if x.group else found)[x.name] for x in function.outputs}
    return results, model.variables
