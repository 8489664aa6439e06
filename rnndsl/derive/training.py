"""A training step as a function, and `gradients`, the same without an optimizer as a function of (variables, data).

Everything reads the values from before the call. `after C`: C's updates assign, in the order of the text, then the optimizer.
`before C`: the optimizer assigns first, and C's updates are computed again from what it wrote. A later update of a variable reads
what an earlier one wrote. Carried states and the call counter come last.
"""

from __future__ import annotations

from rnndsl.derive.making import Making
from rnndsl.derive.mode import Modes
from rnndsl.derive.optimizing import optimize
from rnndsl.derive.parts import Draft, outputs_of
from rnndsl.plan.function import Function, Output
from rnndsl.plan.model import OBJECTIVE, Plan, Train


def train_function(plan: Plan, modes: Modes, train: Train) -> Function:
    """The training signature `train`: results, updates and the optimizer's assignments in their order."""
    losses = [x for x in plan.losses if x.name in train.losses]
    updates = [x for x in plan.updates if x.name in train.updates]
    making = Making.of(plan, modes.of(training=True, carry=True))
    loss = making.objective(losses, train.place)
    making.prepare([loss, *(x.value for x in (*losses, *plan.metrics, *updates))])
    gradients = making.gradients(loss, train.variables, train.place)
    if train.order == "after":
        steps = making.updates(updates, {}, after=())
        steps += optimize(making, train, gradients, after=tuple(x.name for x in updates)).steps
    else:
        own = optimize(making, train, gradients, after=())
        steps = own.steps + making.updates(updates, own.written, after=tuple(x.name for x in own.steps))
    measures = outputs_of((*losses, *plan.metrics), making.mode.names)
    return Draft(
        name=train.name,
        kind="train",
        graph=making.graph,
        outputs=[*(x for x in measures if x.name != "loss"), Output("loss", loss, "loss")],
        steps=steps,
        finals=making.mode.finals,
        axes=making.axes,
    ).function(plan)


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
