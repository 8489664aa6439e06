"""One training call: values from before it, gradients, updates, the optimizer's step, in an order that the graph shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rnndsl.backends.tensorflow.calls import Model, Tensors, Updates, named_results
from rnndsl.backends.tensorflow.lower import Lowering
from rnndsl.backends.tensorflow.optimizers import Stepper
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.backends.tensorflow.variables import CarriedStates
from rnndsl.plan.model import Named, Train


@dataclass(slots=True)
class Reads:
    """Values of variables as they were when first read, with some replaced."""

    model: Model
    values: dict[str, Any]

    def __call__(self, path: str) -> Any:
        if path not in self.values:
            self.values[path] = self.model.variables.read(path)
        return self.values[path]

    def replaced(self, values: Mapping[str, Any]) -> Callable[[str], Any]:
        return lambda path: values[path] if path in values else self(path)


def objective(lowering: Lowering, losses: list[Named]) -> Any:
    """The sum of `losses`, as `loss`."""
    values = [lowering.value(x.value) for x in losses]
    return tf.identity(values[0] if len(values) == 1 else tf.add_n(values), name="loss")


def dense_gradients(tape: Any, total: Any, sources: list[Any]) -> list[Any]:
    """Gradients of `total`, zero where it does not depend on a source, and never as indexed slices (whose norm is not theirs)."""
    found = tape.gradient(total, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [tf.convert_to_tensor(g) for g in found]


class GradientTrainer:
    """A step of one of Keras' optimizers on the sum of losses."""

    def __init__(self, model: Model, train: Train) -> None:
        plan = model.plan
        self.model, self.train = model, train
        self.stepper = Stepper(train, model.variables)
        self.paths = self.stepper.paths
        self.losses = [x for x in plan.losses if x.name in train.losses]
        self.results = [*self.losses, *plan.metrics]
        self.updates = Updates.of(model, train.updates)

    def inputs(self) -> list[str]:
        rate = self.train.optimizer.rate
        ids = [x.value for x in self.results] + self.updates.ids
        return self.model.input_names(ids, training=True, carry=True, more=[rate] if isinstance(rate, str) else [])

    def __call__(self, inputs: Tensors) -> dict[str, Any]:
        """Everything reads the values from before the call; then the updates assign, then the optimizer, which waits for them.

        With `before`, the updates are computed and assigned after the optimizer, from the values that it wrote."""
        model, counter, carried = self.model, self.model.counter(), CarriedStates(self.model.variables)
        early = self.train.order == "after"
        reads = Reads(model, {path: model.variables.read(path) for path in self.train.variables})
        sources = [reads.values[path] for path in self.train.variables]
        ids = [x.value for x in self.results] + (self.updates.ids if early else [])

        def lower(read: Callable[[str], Any], ids: list[str]) -> Lowering:
            return model.lowering(inputs, ids, training=True, read=read, carried=carried, counter=counter)

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            lowering = lower(reads, ids)
            total = objective(lowering, self.losses)
        results = {**named_results(lowering, self.results), "loss": total}
        gradients = dense_gradients(tape, total, sources)
        draws = lowering.reach
        done: list[Any] = []
        if early:
            values = self.updates.values(lowering, lambda new: lower(reads.replaced(new), self.updates.ids))
            done = self.updates.assign(values)
        with tf.control_dependencies(done):
            stepped = self._step(gradients, inputs)
        if not early:
            draws = self._late(lower, stepped)
        carried.store(lowering.finals)
        model.count(lowering.reach if lowering.reach.draws() else draws)
        return results

    def _step(self, gradients: list[Any], inputs: Tensors) -> list[Any]:
        """Apply the optimizer. Returns the operations that assign, where there is a graph."""
        if tf.executing_eagerly():
            self.stepper.apply(gradients, inputs)
            return []
        graph = tf.compat.v1.get_default_graph()
        before = len(graph.get_operations())
        with tf.name_scope(f"train/{self.train.name}"):
            self.stepper.apply(gradients, inputs)
        return [op for op in graph.get_operations()[before:] if op.type.startswith("Assign")]

    def _late(self, lower: Callable[[Callable[[str], Any], list[str]], Lowering], stepped: list[Any]) -> Any:
        """The updates, from the values that the optimizer wrote. Returns what they reach."""
        with tf.control_dependencies(stepped):
            reads = Reads(self.model, {})
            lowering = lower(reads, self.updates.ids)
            values = self.updates.values(lowering, lambda new: lower(reads.replaced(new), self.updates.ids))
            self.updates.assign(values)
        return lowering.reach
