"""One call of a function in NumPy: its results, and what its steps leave in the variables.

Gradients are central differences, so they are right to some six digits in f64; of the optimizers `sgd` alone is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rnndsl.passes.remove_dead import pruned
from rnndsl.plan.function import Assign, Clear, Function, OptimizerStep
from rnndsl.plan.model import Plan
from tests.plan.interpreter import Interpreter, fitted

STEP = 1e-6


@dataclass
class FunctionInterpreter(Interpreter):
    """`initial`: initial values by path. `inputs`: what the call takes."""

    function: Function | None = None
    inputs: dict = field(default_factory=dict)
    initial: dict = field(default_factory=dict)

    def node(self, node, args, types, step):
        path = node.attrs.get("variable")
        if node.op == "initial":
            return np.asarray(self.initial[path])
        if node.op == "carried":
            kept = self.variables[path]
            return np.asarray(kept) if kept.size else fitted(args[0], types[0], node.type, self.sizes)
        if node.op == "gradient":
            return self.gradient(node.args[0], path)
        if node.op == "stepped":
            return self.variables[path] - self.rate(path) * args[0]
        return super().node(node, args, types, step)

    def gradient(self, loss, path):
        graph = pruned(self.function.graph, [loss])
        found = np.zeros_like(np.asarray(self.variables[path], float))
        for at in np.ndindex(*found.shape):
            sides = []
            for change in (STEP, -STEP):
                value = np.array(self.variables[path], float)
                value[at] += change
                moved = FunctionInterpreter(self.plan, {**self.variables, path: value}, True, function=self.function)
                sides.append(moved.graph(graph, {x.id: self.inputs[x.id] for x in graph.inputs})[0][loss])
            found[at] = (sides[0] - sides[1]) / (2 * STEP)
        return found

    def rate(self, path):
        step = next(s for s in self.function.steps if isinstance(s, OptimizerStep) and path in s.variables)
        assert step.optimizer.name == "sgd" and not step.optimizer.arguments.get("momentum")
        return step.optimizer.rate


def run(plan: Plan, name: str, inputs: dict, variables: dict, initial: dict | None = None) -> tuple[dict, dict]:
    """Results by name, and all variables after the call."""
    function = plan.function(name)
    inputs = {x.name: inputs[x.name] for x in function.inputs}
    call = FunctionInterpreter(plan, variables, True, function=function, inputs=inputs, initial=initial or {})
    with np.errstate(all="ignore"):
        values, _ = call.graph(function.graph, inputs)
    after = dict(variables)
    for step in function.steps:
        match step:
            case Assign():
                after[step.variable] = values[step.value]
            case Clear():
                after[step.variable] = np.zeros(
                    [0 for _ in plan.variable(step.variable).axes] + [*plan.variable(step.variable).shape]
                )
            case OptimizerStep():
                for path, gradient in zip(step.variables, step.gradients, strict=True):
                    after[path] = variables[path] - step.optimizer.rate * values[gradient]
    return {(x.group, x.name): values[x.value] for x in function.outputs}, after
