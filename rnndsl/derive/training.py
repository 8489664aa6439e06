"""A training step as a function, and `gradients`, the same without an optimizer as a function of (variables, data).

Everything reads the values from before the call. `after C`: C's updates assign, in the order of the text, then the optimizer.
`before C`: the optimizer assigns first, and C's updates are computed again from what it wrote. A later update of a variable reads
what an earlier one wrote. Carried states and the call counter come last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rnndsl.derive.least_squares.fitting import fit
from rnndsl.derive.making import Making
from rnndsl.derive.mode import Modes
from rnndsl.derive.optimizing import Optimized, optimize
from rnndsl.derive.parts import Draft, outputs_of
from rnndsl.plan.function import Function, Output
from rnndsl.plan.model import OBJECTIVE, Plan, Train
from rnndsl.records import replace


def train_function(plan: Plan, modes: Modes, train: Train, *, by_rows: bool = True) -> Function:
    """The training signature `train`: results, updates and the optimizer's assignments in their order. `by_rows`: of a table, the
    rows that were looked up are stepped alone, where that is the same."""
    losses = [x for x in plan.losses if x.name in train.losses]
    updates = [x for x in plan.updates if x.name in train.updates]
    making = Making.of(plan, modes.of(training=True, carry=True))
    step = partial(_minimising, by_rows) if train.optimizer.least_squares is None else _fitting
    take = step(plan, making, train, _beside(plan, train))
    if train.order == "after":
        steps = making.updates(updates, {}, after=())
        own = take(tuple(x.name for x in updates))
        steps += own.steps
    else:
        own = take(())
        steps = own.steps + making.updates(updates, own.written, after=tuple(x.name for x in own.steps))
    measures = outputs_of((*losses, *plan.metrics), making.mode.names)
    told = {x.name for x in own.outputs}
    return Draft(
        name=train.name,
        kind="train",
        graph=making.graph,
        outputs=[*(x for x in measures if x.name not in told), *own.outputs],
        steps=steps,
        finals=making.mode.finals,
        axes=making.axes,
    ).function(plan)


def undifferentiated(plan: Plan, train: Train) -> Function:
    """What the training step `train` computes before it is differentiated, and before any pass."""
    making = Making.of(plan, Modes(plan).of(training=True, carry=True))
    of = _objective if train.optimizer.least_squares is None else _residuals
    return making.whole([*of(plan, making, train), *_beside(plan, train)])


def _beside(plan: Plan, train: Train) -> list[str]:
    """The values that a step gives or assigns beside what an optimizer does."""
    losses = (x.value for x in plan.losses if x.name in train.losses)
    updates = (x.value for x in plan.updates if x.name in train.updates)
    return [*losses, *(x.value for x in plan.metrics), *updates]


def _objective(plan: Plan, making: Making, train: Train) -> list[str]:
    return [making.objective([x for x in plan.losses if x.name in train.losses], train.place)]


def _residuals(plan: Plan, making: Making, train: Train) -> list[str]:
    return [x.value for x in plan.residuals if x.name in train.residuals]


_Take = Callable[[tuple[str, ...]], Optimized]
"""Writes what an optimizer does after the steps of these names."""


def _minimising(by_rows: bool, plan: Plan, making: Making, train: Train, ends: Sequence[str]) -> _Take:
    """For losses. `ends`: what else is computed."""
    (loss,) = _objective(plan, making, train)
    making.prepare([loss, *ends])
    gradients = making.gradients(loss, train.variables, train.place)

    def take(after: tuple[str, ...]) -> Optimized:
        own = optimize(making, train, gradients, after, by_rows=by_rows)
        return replace(own, outputs=[Output("loss", loss, "loss")])

    return take


def _fitting(plan: Plan, making: Making, train: Train, ends: Sequence[str]) -> _Take:
    """For residuals."""
    residuals = _residuals(plan, making, train)
    making.prepare([*residuals, *ends])
    return partial(fit, making, train, [making.mode.of(x) for x in residuals])


def gradients_function(plan: Plan, modes: Modes) -> Function | None:
    """(variables, inputs, targets, step) -> loss, gradients and new values of updated variables by path; None without a loss."""
    losses = [x for x in plan.losses if x.collection in OBJECTIVE]
    if not losses:
        return None
    making = Making.of(plan, modes.of(training=True, carry=False))
    loss = making.objective(losses, "")
    making.prepare([loss, *(x.value for x in plan.updates)])
    gradients = making.gradients(loss, [v.path for v in plan.variables if v.trainable], "")
    written = {x.variable: x.value for x in making.updates(plan.updates, {}, after=())}
    outputs = [Output("loss", loss, "loss")]
    outputs += [Output(path, value, group="gradients") for path, value in gradients.items()]
    outputs += [Output(path, value, group="updates") for path, value in written.items()]
    return Draft("gradients", "gradients", making.graph, outputs, axes=making.axes).function(plan)
