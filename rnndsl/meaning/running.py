"""A plan at work in NumPy: its variables, and calls of its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnndsl.language.initializers import initial_value
from rnndsl.language.ops.meaning.align import DTYPES, Array
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.plan.function import Assign, Function, Step
from rnndsl.plan.model import Plan, TensorType, Variable
from rnndsl.plan.replicas import How
from rnndsl.plan.stretches import lengths_told

Arrays = Mapping[str, Array]


def _alone(how: How, number: int, own: Array) -> Array:
    raise ValueError("is one of several replicas, and this model has none beside it")


class Model:
    """A plan's functions on `variables` of its own, by path, which start with their initial values: `first` gives that of a
    variable under the plan's seed. `together` is how it meets its replicas: set it if it is one of
    several."""

    def __init__(self, plan: Plan, first: Callable[[Variable, int], Array] = initial_value) -> None:
        self.plan = plan
        self.first = first
        self.together: Callable[[How, int, Array], Array] = _alone
        self.variables: dict[str, Array] = {v.path: self.initial(v.path) for v in plan.variables}

    def initial(self, path: str) -> Array:
        """The initial value of a variable; of a state that is kept between calls, that it is cleared: of length 0."""
        variable = self.plan.variable(path)
        if variable.kind == "carried":
            return cleared(variable)
        if variable.kind == "counter":
            return np.zeros(variable.shape, DTYPES[variable.dtype])
        if variable.like is not None:
            return self.initial(variable.like).astype(DTYPES[variable.dtype])
        return np.asarray(self.first(variable, self.plan.seed))

    def call(self, name: str, inputs: Arrays, *, steps: bool = True) -> dict[str, Any]:
        """Run the function `name` once. Returns its results by name; those of a group in a dict of their own.

        `steps`: what it assigns is assigned; leave that where nothing is called afterwards. Raises KeyError for an unknown
        function, ValueError for values that an operation is not defined for, and for lengths that do not agree.
        """
        function = self.plan.function(name)
        draws = self.variables[function.draws] if function.draws and not function.pure else 0
        return _Call(self, function, dict(self.variables), inputs, int(draws)).run(steps)

    def pure(self, name: str, variables: Arrays, inputs: Arrays, step: int = 0) -> dict[str, Any]:
        """As `call`, of a function of (variables, inputs, step)."""
        return _Call(self, self.plan.function(name), dict(variables), inputs, step).run(steps=False)


def cleared(variable: Variable) -> Array:
    """A state that is empty: of length 0 along its first axis, or along one that it has for that."""
    return np.zeros([*(0 for _ in variable.axes or ("cleared",)), *variable.shape], DTYPES[variable.dtype])


class _Call:
    """One call. `before`: the variables as they were, which is what it reads."""

    def __init__(self, model: Model, function: Function, before: dict[str, Array], inputs: Arrays, seed: int) -> None:
        self.model, self.function, self.before, self.seed = model, function, before, seed
        self.inputs = {x.name: inputs[x.name] for x in function.inputs}
        context = Context(function.axes, self, run_scan, training=True)
        self.frame = Frame(context, function.graph, self.inputs, dict(lengths_told(function.graph)), seed)

    def run(self, steps: bool) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            self.frame.run(x.value for x in self.function.outputs)
            for step in self.function.steps if steps else ():
                self._take(step)
        results: dict[str, Any] = {"gradients": {}, "updates": {}} if self.function.kind == "gradients" else {}
        for x in self.function.outputs:
            group = results.setdefault(x.group, {}) if x.group else results
            group[x.name] = self.frame.values[x.value].array
        return results

    # ---- what the graph asks of its call

    def read(self, path: str) -> Array:
        return self.before[path]

    def initial(self, path: str) -> Array:
        return self.model.initial(path)

    def carried(self, path: str, start: Array, t: TensorType) -> Array:
        """Raises ValueError if the state was kept for another batch size."""
        stored = self.before[path]
        if not stored.shape[0]:
            return start
        kept = stored if t.axes else stored[0]
        if kept.shape != start.shape:
            raise ValueError(f"was kept for another batch size: the carried state `{path}` is {list(kept.shape)}")
        return kept

    def together(self, how: How, number: int, own: Array) -> Array:
        return self.model.together(how, number, own)

    # ---- steps

    def _take(self, step: Step) -> None:
        variables, values = self.model.variables, self.frame.values
        if isinstance(step, Assign):
            self.frame.run([step.value, *([] if step.rows is None else [step.rows])])
            value = values[step.value]
            if step.rows is not None:
                variables[step.variable] = variables[step.variable].copy()
                variables[step.variable][values[step.rows].array] = value.array
                return
            lifted = self.model.plan.variable(step.variable).kind == "carried" and not value.type.axes
            variables[step.variable] = value.array[np.newaxis] if lifted else value.array
        else:
            variables[step.variable] = cleared(self.model.plan.variable(step.variable))
