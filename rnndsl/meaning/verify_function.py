"""What must hold of a function beside its equations: its interface, its mode, and what it assigns in which order.

Each check raises ValueError with the end of a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.language.ops.table import OPS, has
from rnndsl.meaning.verify_scan import fits
from rnndsl.plan.attributes import Carried, Stepped
from rnndsl.plan.function import STEP, Assign, Clear, Function, OptimizerStep, Step
from rnndsl.plan.model import Node, Plan, Scan, TensorType, Variable, all_nodes
from rnndsl.plan.rewriting import draws

Types = Mapping[str, TensorType]

_TRAINING = ("train", "gradients")


def check_function(plan: Plan, function: Function, types: Types) -> None:
    """`types`: of the values of the function's graph, which is verified."""
    _check_interface(function, types)
    _check_mode(function)
    _check_draws(plan, function)
    variables = {v.path: v for v in plan.variables}
    taken: list[str] = []
    for step in function.steps:
        _check_order(function, step, taken)
        _check_step(function, step, types, variables)
        taken.append(step.name)
    _check_writes(function)


def _check_interface(function: Function, types: Types) -> None:
    given = {x.id: x.type for x in function.graph.inputs}
    if given != {x.name: x.type for x in function.inputs}:
        raise ValueError("takes other inputs than its graph")
    keys = [(x.group, x.name) for x in function.outputs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"gives `{next(x.name for x in function.outputs if keys.count((x.group, x.name)) > 1)}` twice")
    for name in function.ends():
        if name not in types:
            raise ValueError(f"reads %{name}, which its graph lacks")


def _check_mode(function: Function) -> None:
    """Nothing asks whether it is training; what only training does is in no other function."""
    training = function.kind in _TRAINING
    for node in all_nodes(function.graph):
        if isinstance(node, Scan):
            if node.carry:
                raise ValueError(f"leaves open whether %{node.id} carries its states")
            if node.variables and not training:
                raise ValueError(f"updates `{node.variables[0].path}` in %{node.id} outside training")
            continue
        row = OPS[node.op]
        if row.in_training is not None:
            raise ValueError(f"leaves open whether %{node.id} is in training")
        if (row.outside_training is not None or "training_only" in row.traits) and not training:
            raise ValueError(f"has the {node.op} %{node.id} outside training")
        if isinstance(node.attrs, Carried) and function.pure:
            raise ValueError(f"has the kept state %{node.id}, but is a function of its arguments")
    _check_places(function)


def _check_places(function: Function) -> None:
    """What a call does once is in no loop."""
    top = {node.id for node in function.graph.nodes}
    for node in all_nodes(function.graph):
        if isinstance(node, Scan) or not has(node.op, "once"):
            continue
        if node.id not in top:
            raise ValueError(f"has the {node.op} %{node.id} in a scan")


def _check_draws(plan: Plan, function: Function) -> None:
    drawn = draws(function.graph)
    if drawn != (function.draws is not None):
        raise ValueError(f"{'draws' if drawn else 'does not draw'}, and says the contrary")
    counters = [v.path for v in plan.variables if v.kind == "counter"]
    if function.draws is None:
        return
    if function.draws not in ([STEP] if function.pure else counters):
        raise ValueError(f"draws by `{function.draws}`, which counts no calls")
    moved = any(isinstance(step, Assign) and step.variable == function.draws for step in function.steps)
    if not function.pure and not moved:
        raise ValueError(f"draws, and does not move `{function.draws}` on")


def _check_order(function: Function, step: Step, taken: list[str]) -> None:
    if function.pure:
        raise ValueError(f"is a function of its arguments, and has the step `{step.name}`")
    if step.name in taken:
        raise ValueError(f"has two steps `{step.name}`")
    for name in step.after:
        if name not in taken:
            raise ValueError(f"takes the step `{step.name}` after `{name}`, which is no step before it")


def _check_step(function: Function, step: Step, types: Types, variables: Mapping[str, Variable]) -> None:
    paths = step.variables if isinstance(step, OptimizerStep) else (step.variable,)
    for path in paths:
        if path not in variables:
            raise ValueError(f"the step `{step.name}` writes `{path}`, which the plan lacks")
    if isinstance(step, Clear):
        if variables[step.variable].kind != "carried":
            raise ValueError(f"clears `{step.variable}`, which is no carried state")
        return
    if isinstance(step, Assign):
        _check_assign(function, step, types[step.value], variables[step.variable])
        return
    if len(step.gradients) != len(step.variables):
        raise ValueError(f"the step `{step.name}` has {len(step.gradients)} gradients for {len(step.variables)} variables")
    for path, gradient in zip(step.variables, step.gradients, strict=True):
        variable = variables[path]
        if not variable.trainable:
            raise ValueError(f"the step `{step.name}` trains `{path}`, which is not trainable")
        if types[gradient] != TensorType(variable.dtype, variable.axes, variable.shape):
            raise ValueError(f"the step `{step.name}` trains `{path}` by {types[gradient]}")


def _check_assign(function: Function, step: Assign, value: TensorType, variable: Variable) -> None:
    wanted = TensorType(variable.dtype, variable.axes, variable.shape)
    if value != wanted and not (variable.kind == "carried" and fits(value, wanted)):
        raise ValueError(f"the step `{step.name}` writes {value} to `{variable.path}`, {wanted}")
    if variable.trainable and function.kind != "reset":
        raise ValueError(f"the step `{step.name}` writes the trainable `{variable.path}`")


def _check_writes(function: Function) -> None:
    """Writes of one variable are ordered, and what the optimizer wrote is read of variables that it writes, before all else."""
    last: dict[str, str] = {}
    before: dict[str, set[str]] = {}
    for step in function.steps:
        before[step.name] = {x for name in step.after for x in (name, *before[name])}
        for path in step.variables if isinstance(step, OptimizerStep) else (step.variable,):
            if path in last and last[path] not in before[step.name]:
                raise ValueError(f"the steps `{last[path]}` and `{step.name}` write `{path}` in no order")
            last[path] = step.name
    told = [n.attrs for n in all_nodes(function.graph) if isinstance(n, Node)]
    stepped = {x.variable for x in told if isinstance(x, Stepped)}
    if not stepped:
        return
    first = function.steps[0] if function.steps else None
    if not isinstance(first, OptimizerStep) or not stepped <= set(first.variables):
        raise ValueError(f"reads `{min(stepped)}` as an optimizer wrote it, which does not come first")
