"""A function of the plan, run inside a `tf.function`: its graph, its results, and its steps in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.compiled.running import run_compiled
from rnndsl.backends.tensorflow.lower import frame_of
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.backends.tensorflow.variables import Variables
from rnndsl.plan.function import Assign, Function, Step
from rnndsl.plan.model import TensorType
from rnndsl.plan.rewriting import reads
from rnndsl.text.fault import CallError
from rnndsl.text.faults import calls as faults

Tensors = Mapping[str, Any]


class Call:
    """`function` on the model's own variables, `compiled` by XLA in part if that is said."""

    def __init__(self, function: Function, variables: Variables, *, compiled: bool = False) -> None:
        self.function = function
        self.compiled = compiled
        self.variables = variables

    def __call__(self, inputs: Tensors) -> dict[str, Any]:
        """Run one call. Returns results by name. Raises ValueError for a training step on several replicas."""
        if self.function.kind == "train":
            need_one_replica(self.function.name)
        draws = self.function.draws
        values = {path: self.variables.read(path) for path in reads(self.function.graph)}
        return _Run(self, values).run(inputs, None if draws is None else values[draws])

    def pure(self, values: Tensors, inputs: Tensors, step: Any) -> dict[str, Any]:
        """Run one call of a pure function on `values` of the variables, by path. `step` stands for the call counter."""
        own = {path: tf.identity(values[path]) for path in reads(self.function.graph)}
        return _Run(self, own).run(inputs, step)


def replicas() -> int:
    """How many replicas the `tf.distribute` strategy in force has; 1 without one."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def need_one_replica(name: str) -> None:
    """Raises CallError where there are several replicas: each would train its own copy on its own data."""
    if replicas() > 1:
        raise CallError(faults.one_replica(name, replicas()))


class _Run:
    """One call in the making. `values`: of the variables that it reads, from before it."""

    def __init__(self, call: Call, values: Tensors) -> None:
        self.function = call.function
        self.compiled = call.compiled
        self.variables = call.variables
        self.values = values
        self.done: dict[str, list[Any]] = {}

    def run(self, inputs: Tensors, seed: Any) -> dict[str, Any]:
        self.inputs = inputs
        self.frame = frame_of(self.function.graph, self.function.axes, self, inputs, seed)
        if self.compiled:
            run_compiled(self.frame, self.function.ends())
        else:
            self.frame.run()
        results = self._results()
        for step in self.function.steps:
            self._take(step)
        return results

    def _results(self) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for x in self.function.outputs:
            tensor = self.frame.natural(x.value)
            if x.operation:
                tensor = tf.identity(tensor, name=op_name(x.operation))
            group = results.setdefault(x.group, {}) if x.group else results
            group[x.name] = tensor
        return results

    # ---- what the graph asks of its call

    def read(self, path: str) -> Any:
        return self.values[path]

    def initial(self, path: str) -> Any:
        return self.variables.initial[path].tensor()

    def carried(self, path: str, start: Any, t: TensorType) -> Any:
        return self.variables.carried(path, start, t)

    # ---- steps

    def _take(self, step: Step) -> None:
        with tf.control_dependencies([op for name in step.after for op in self.done[name]]):
            self.done[step.name] = self._operations(step)

    def _operations(self, step: Step) -> list[Any]:
        """Take `step`. Returns the operations that assign."""
        if isinstance(step, Assign):
            return [self.variables.assign(step.variable, self.frame.natural(step.value), op_name(step.name))]
        return [self.variables.clear(step.variable, op_name(step.name))]
