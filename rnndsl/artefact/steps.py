"""The steps of a function as a manifest and a summary have them. Needs no TensorFlow."""

from __future__ import annotations

from rnndsl.artefact.manifest import StepInfo
from rnndsl.plan.function import Assign, OptimizerStep, Step


def step_info(step: Step) -> StepInfo:
    """A step of a function, as it stands in the manifest."""
    if not isinstance(step, OptimizerStep):
        does = "assign" if isinstance(step, Assign) else "clear"
        return StepInfo(name=step.name, does=does, variables=(step.variable,), after=step.after)
    own = step.optimizer.model_dump(mode="json")
    return StepInfo(name=step.name, does="optimize", variables=step.variables, after=step.after, optimizer=own)
