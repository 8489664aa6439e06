"""The model as functions of (variables, data): `apply` and `gradients`. Nothing is read from or written to a stored variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnndsl.backends.tensorflow.calls import Model, Tensors, Updates, named_results
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.backends.tensorflow.training import dense_gradients, objective
from rnndsl.plan.model import OBJECTIVE, Named


@dataclass(slots=True)
class Apply:
    """(variables, inputs, step) -> outputs, outside training."""

    model: Model
    outputs: list[Named]

    def inputs(self) -> list[str]:
        return self.model.input_names([x.value for x in self.outputs], training=False, carry=False)

    def __call__(self, variables: Tensors, inputs: Tensors, step: Any) -> dict[str, Any]:
        ids = [x.value for x in self.outputs]
        lowering = self.model.lowering(inputs, ids, training=False, read=variables.__getitem__, counter=step)
        return named_results(lowering, self.outputs)


class Gradients:
    """(variables, inputs, targets, step) -> loss, gradients by path, new values of updated variables by path; in training."""

    def __init__(self, model: Model) -> None:
        plan = model.plan
        self.model = model
        self.losses = [x for x in plan.losses if x.collection in OBJECTIVE]
        self.paths = [v.path for v in plan.variables if v.trainable]
        self.updates = Updates.of(model, [x.name for x in plan.updates])

    def inputs(self) -> list[str]:
        return self.model.input_names([*(x.value for x in self.losses), *self.updates.ids], training=True, carry=False)

    def __call__(self, variables: Tensors, inputs: Tensors, targets: Tensors, step: Any) -> dict[str, Any]:
        model, data = self.model, {**inputs, **targets}
        ids = [*(x.value for x in self.losses), *self.updates.ids]
        values = dict(variables)
        sources = [tf.identity(values[path]) for path in self.paths]
        values.update(zip(self.paths, sources, strict=True))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            lowering = model.lowering(data, ids, training=True, read=values.__getitem__, counter=step)
            total = objective(lowering, self.losses)
        found = dense_gradients(tape, total, sources)

        def again(new: Tensors) -> Any:
            return model.lowering(data, ids, training=True, read={**values, **new}.__getitem__, counter=step)

        updated = {update.variable: value for update, value in self.updates.values(lowering, again)}
        return {"loss": total, "gradients": dict(zip(self.paths, found, strict=True)), "updates": updated}
