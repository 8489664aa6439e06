"""A function of the plan, run inside a `tf.function`: its graph, its results, and its steps in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rnndsl.backends.tensorflow.compiled.running import run_compiled
from rnndsl.backends.tensorflow.compiled.sharing import Shared
from rnndsl.backends.tensorflow.differentiable import Given, differentiable
from rnndsl.backends.tensorflow.functions import held
from rnndsl.backends.tensorflow.lower import frame_of
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.backends.tensorflow.variables import Variables
from rnndsl.language.ops.table import has
from rnndsl.plan.attributes import Read
from rnndsl.plan.function import STEP, Assign, Function, Step
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.rewriting import stored, used_ids
from rnndsl.text.fault import CallError
from rnndsl.text.faults import calls as faults

Tensors = Mapping[str, Any]
_SEED = ("", STEP)
"""Where the number is given that tells a call's draws from another's."""


class Call:
    """`function` on the model's own variables. `shared`: what XLA compiles of it, and of the others, if anything; a tape that goes
    through it then takes `back`, its pullback, if it has one."""

    def __init__(
        self, function: Function, variables: Variables, *, shared: Shared | None = None, back: Function | None = None
    ) -> None:
        self.function = function
        self.shared = shared
        self.variables = variables
        self.back = back

    def __call__(self, inputs: Tensors) -> dict[str, Any]:
        """Run one call. Returns results by name. Raises CallError for a training step on several replicas."""
        if self.function.kind == "train" and not self.function.replicated:
            need_one_replica(self.function.name)
        draws = self.function.draws
        in_rows = looked_up(self.function)
        values = {path: self.variables.read(path, whole=path not in in_rows) for path in stored(self.function.graph)}
        ends = self._ends(values, inputs, None if draws is None else values[draws])
        results = self._results(ends)
        _Steps(self.variables, ends).take(self.function.steps)
        return results

    def pure(self, values: Tensors, inputs: Tensors, step: Any) -> dict[str, Any]:
        """Run one call of a pure function on `values` of the variables, by path. `step` stands for the call counter."""
        own = {path: tf.identity(values[path]) for path in stored(self.function.graph)}
        return self._results(self._ends(own, inputs, step))

    def _ends(self, values: Tensors, inputs: Tensors, seed: Any) -> Tensors:
        """What results and steps read."""
        given = {("variables", path): tensor for path, tensor in values.items()}
        given.update((("inputs", name), tensor) for name, tensor in held(self.function, inputs).items())
        if seed is not None:
            given[_SEED] = tf.convert_to_tensor(seed)
        if self.back is None:
            return self._lowered(self.function, given)
        return differentiable(self.function, self.back, self._lowered, given)

    def _lowered(self, function: Function, given: Given) -> Tensors:
        values, inputs = ({name: x for (of, name), x in given.items() if of == group} for group in ("variables", "inputs"))
        frame = frame_of(function.graph, function.axes, _Values(self.variables, values), inputs, given.get(_SEED))
        if self.shared is not None:
            run_compiled(frame, function.ends(), self.shared)
        else:
            frame.run()
        return {name: frame.natural(name) for name in function.ends()}

    def _results(self, ends: Tensors) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for x in self.function.outputs:
            tensor = ends[x.value]
            if x.operation:
                tensor = tf.identity(tensor, name=op_name(x.operation))
            group = results.setdefault(x.group, {}) if x.group else results
            group[x.name] = tensor
        return results


def looked_up(function: Function) -> set[str]:
    """The variables of which `function` writes some rows, and reads none but by looking them up."""
    found = {step.variable for step in function.steps if isinstance(step, Assign) and step.rows is not None}
    paths = {n.id: n.attrs.variable for n in function.graph.nodes if isinstance(n, Node) and isinstance(n.attrs, Read)}
    for node in function.graph.nodes:
        others = node.args[1:] if isinstance(node, Node) and has(node.op, "lookup") else used_ids(node)
        found -= {paths[x] for x in others if x in paths}
    return found - {paths[x] for x in function.ends() if x in paths}


def replicas() -> int:
    """How many replicas the `tf.distribute` strategy in force has; 1 without one."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def need_one_replica(name: str) -> None:
    """Raises CallError where there are several replicas: each would train its own copy on its own data."""
    if replicas() > 1:
        raise CallError(faults.one_replica(name, replicas()))


class _Values:
    """What a graph asks of its call. `values`: of the variables that it reads, from before it."""

    def __init__(self, variables: Variables, values: Tensors) -> None:
        self.variables = variables
        self.values = values

    def read(self, path: str) -> Any:
        return self.values[path]

    def initial(self, path: str) -> Any:
        return self.variables.initial[path].tensor()

    def carried(self, path: str, start: Any, t: TensorType) -> Any:
        return self.variables.carried(path, self.values[path], start, t)


class _Steps:
    """The steps of a call as they are taken. `ends`: the values that they assign."""

    def __init__(self, variables: Variables, ends: Tensors) -> None:
        self.variables = variables
        self.ends = ends
        self.done: dict[str, list[Any]] = {}

    def take(self, steps: Iterable[Step]) -> None:
        """Take `steps`, in order."""
        for step in steps:
            with tf.control_dependencies([op for name in step.after for op in self.done[name]]):
                self.done[step.name] = self._operations(step)

    def _operations(self, step: Step) -> list[Any]:
        """Take `step`. Returns the operations that assign."""
        if isinstance(step, Assign) and step.rows is not None:
            return [self.variables.assign_rows(step.variable, self.ends[step.rows], self.ends[step.value], op_name(step.name))]
        if isinstance(step, Assign):
            return [self.variables.assign(step.variable, self.ends[step.value], op_name(step.name))]
        return [self.variables.clear(step.variable, op_name(step.name))]
