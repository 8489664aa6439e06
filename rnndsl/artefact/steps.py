"""Training and the steps of a function as a manifest and a summary have them. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.artefact.manifest import OptimizerInfo, StepInfo, TrainInfo
from rnndsl.plan.function import Assign, Function, Step
from rnndsl.plan.model import Optimizer, Train


def steps_info(function: Function, trains: Sequence[Train]) -> tuple[StepInfo, ...]:
    """The steps of a function, as they stand in the manifest: all that an optimizer assigns is one, `train/NAME`."""
    train = next((x for x in trains if function.kind == "train" and x.name == function.train), None)
    whole = f"train/{function.train}"
    found: dict[str, StepInfo] = {}
    for step in function.steps:
        if train is None or not step.name.startswith(f"{whole}/"):
            found[step.name] = _step(step, whole)
        elif whole not in found:
            own = _optimizer(train.optimizer)
            found[whole] = StepInfo(name=whole, does="optimize", variables=train.variables, after=step.after, optimizer=own)
    return tuple(found.values())


def _step(step: Step, whole: str) -> StepInfo:
    after = tuple(dict.fromkeys(whole if name.startswith(f"{whole}/") else name for name in step.after))
    does = "assign" if isinstance(step, Assign) else "clear"
    return StepInfo(name=step.name, does=does, variables=(step.variable,), after=after)


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
    return OptimizerInfo(
        name=optimizer.name,
        arguments=optimizer.arguments,
        clip_norm=optimizer.clip_norm,
        clip_value=optimizer.clip_value,
        average=optimizer.average,
    )
