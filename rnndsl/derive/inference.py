"""Functions outside training: `predict`, `evaluate`, outputs that the text chooses, and `apply`, a function of its variables too.

Nothing is assigned but the states that are kept between calls and the call counter.
"""

from __future__ import annotations

from collections.abc import Iterator

from rnndsl.derive.mode import Modes, Specialised
from rnndsl.derive.parts import Draft, outputs_of
from rnndsl.plan.function import Function, Kind
from rnndsl.plan.model import Named, Plan


def inference_functions(plan: Plan, modes: Modes) -> Iterator[Function]:
    """`predict`, `evaluate` and chosen outputs, those of them that `plan` has."""
    chosen = modes.of(training=False, carry=True)
    if plan.outputs:
        yield _infer(plan, "predict", "predict", chosen, plan.outputs)
    if plan.losses or plan.metrics:
        yield _infer(plan, "evaluate", "evaluate", chosen, (*plan.losses, *plan.metrics))
    for signature in plan.signatures:
        items = tuple(x for name in signature.outputs for x in plan.outputs if x.name == name)
        yield _infer(plan, signature.name, "custom", chosen, items)


def apply_function(plan: Plan, modes: Modes) -> Function | None:
    """The outputs as a function of (variables, inputs, step); states start afresh."""
    if not plan.outputs:
        return None
    chosen = modes.of(training=False, carry=False)
    return _infer(plan, "apply", "apply", chosen, plan.outputs)


def _infer(plan: Plan, name: str, kind: Kind, chosen: Specialised, items: tuple[Named, ...]) -> Function:
    return Draft(name, kind, chosen.graph, outputs_of(items, chosen.names), finals=chosen.finals).function(plan)
