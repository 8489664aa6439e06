"""Training and the steps of a function as a manifest and a summary have them. Needs no TensorFlow."""

from __future__ import annotations

from rnndsl.artefact.manifest import OptimizerInfo, ScheduleInfo, StepInfo, TrainInfo
from rnndsl.plan.function import Assign, OptimizerStep, Step
from rnndsl.plan.model import Optimizer, Schedule, Train


def step_info(step: Step) -> StepInfo:
    """A step of a function, as it stands in the manifest."""
    if not isinstance(step, OptimizerStep):
        does = "assign" if isinstance(step, Assign) else "clear"
        return StepInfo(name=step.name, does=does, variables=(step.variable,), after=step.after)
    own = _optimizer(step.optimizer)
    return StepInfo(name=step.name, does="optimize", variables=step.variables, after=step.after, optimizer=own)


def train_info(train: Train) -> TrainInfo:
    """A training signature, as it stands in the manifest."""
    return TrainInfo(
        name=train.name,
        optimizer=_optimizer(train.optimizer),
        losses=train.losses,
        residuals=train.residuals,
        variables=train.variables,
        updates=train.updates,
        order=train.order,
    )


def _optimizer(optimizer: Optimizer) -> OptimizerInfo:
    rate = optimizer.rate
    return OptimizerInfo(
        name=optimizer.name,
        rate=ScheduleInfo(name=rate.name, arguments=rate.arguments) if isinstance(rate, Schedule) else rate,
        arguments=optimizer.arguments,
        clip_norm=optimizer.clip_norm,
        clip_value=optimizer.clip_value,
        average=optimizer.average,
    )
