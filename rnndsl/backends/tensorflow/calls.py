"""One call of a compiled model: which inputs it takes, what it computes from them, what it changes.

Each class is built once, when the model is compiled, and run inside a `tf.function`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnndsl.backends.tensorflow.frame import Carried
from rnndsl.backends.tensorflow.lower import Lowering
from rnndsl.backends.tensorflow.names import artefact_name, op_name
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.backends.tensorflow.variables import CarriedStates, Variables
from rnndsl.plan.model import Named, Plan, Update
from rnndsl.plan.reach import Reach, reach

Tensors = Mapping[str, Any]


@dataclass(slots=True)
class Model:
    """A plan and its variables."""

    plan: Plan
    variables: Variables

    def lowering(
        self,
        inputs: Tensors,
        demanded: Iterable[str],
        *,
        training: bool,
        read: Callable[[str], Any] | None = None,
        carried: Carried | None = None,
        counter: Any = None,
    ) -> Lowering:
        return Lowering(
            self.plan,
            read=read or self.variables.read,
            inputs=inputs,
            training=training,
            demanded=demanded,
            carried=carried,
            counter=counter,
        )

    def counter(self) -> Any:
        """The call counter as it stands, or 0 in a model without one."""
        paths = self.variables.counters()
        return tf.cast(self.variables.read(paths[0]), tf.int64) if paths else tf.constant(0, tf.int64)

    def count(self, drawn: Reach) -> None:
        """Advance the counter by one if the call draws anything."""
        if not drawn.draws():
            return
        for path in self.variables.counters():
            counter = self.variables.tensors[path]
            counter.assign_add(tf.ones_like(counter), name=op_name(f"{path}/advance"))

    def input_names(self, ids: Iterable[str], *, training: bool, carry: bool, more: Iterable[str] = ()) -> list[str]:
        """The inputs that `ids` need, and those named in `more`, in the plan's order."""
        wanted = {*reach(self.plan.graph, ids, training, carry).inputs(), *more}
        return [x.name for x in self.plan.inputs if x.name in wanted]


def named_results(lowering: Lowering, items: Sequence[Named]) -> dict[str, Any]:
    """The values of `items` by their names in the artefact, each an operation of its own name in the graph."""
    return {artefact_name(x.name): tf.identity(lowering.value(x.value), name=op_name(x.name)) for x in items}


@dataclass(slots=True)
class Inference:
    """`predict`, `evaluate` and chosen outputs: values outside training.

    Carried states and the call counter change, nothing else."""

    model: Model
    items: list[Named]

    @property
    def ids(self) -> list[str]:
        return [x.value for x in self.items]

    def inputs(self) -> list[str]:
        return self.model.input_names(self.ids, training=False, carry=True)

    def __call__(self, inputs: Tensors) -> dict[str, Any]:
        carried = CarriedStates(self.model.variables)
        lowering = self.model.lowering(inputs, self.ids, training=False, carried=carried, counter=self.model.counter())
        results = named_results(lowering, self.items)
        carried.store(lowering.finals)
        self.model.count(lowering.reach)
        return results


@dataclass(slots=True)
class Updates:
    """Updates of variables, in the order of the plan."""

    model: Model
    updates: list[Update]

    @classmethod
    def of(cls, model: Model, names: Iterable[str]) -> Updates:
        wanted = set(names)
        return cls(model, [x for x in model.plan.updates if x.name in wanted])

    @property
    def ids(self) -> list[str]:
        return [x.value for x in self.updates]

    def values(self, lowering: Lowering, again: Callable[[Mapping[str, Any]], Lowering]) -> list[tuple[Update, Any]]:
        """The new values. A later update of a variable reads what the earlier one wrote: where its equation does not contain the
        earlier one's already, it is lowered `again` with that value in place of the variable."""
        written: dict[str, tuple[str, Any]] = {}
        results: list[tuple[Update, Any]] = []
        for update in self.updates:
            before = written.get(update.variable)
            source = lowering
            if before is not None and before[0] not in reach(self.model.plan.graph, [update.value], True, True).needed:
                source = again({update.variable: before[1]})
            value = self._shaped(update, source.value(update.value))
            written[update.variable] = (update.value, value)
            results.append((update, value))
        return results

    def _shaped(self, update: Update, value: Any) -> Any:
        variable = self.model.variables.tensors[update.variable]
        return value if value.shape.rank == len(variable.shape) else tf.broadcast_to(value, variable.shape)

    def assign(self, values: Sequence[tuple[Update, Any]]) -> list[Any]:
        """Assign in order. Returns operations, each named as its update; outside a graph there are none to return."""
        operations: list[Any] = []
        for update, value in values:
            variable = self.model.variables.tensors[update.variable]
            with tf.control_dependencies(operations[-1:]):
                done = variable.assign(value, name=op_name(update.name), read_value=False)
            if done is not None:
                operations.append(done)
        return operations
