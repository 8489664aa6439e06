"""What must hold of a function beside its equations: its interface, its mode, and what it assigns in which order.

Each check raises ValueError with the end of a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.language.ops.table import OPS, has
from rnndsl.meaning.verify_scan import fits
from rnndsl.plan.attributes import Carried
from rnndsl.plan.function import STEP, Assign, Function, Step
from rnndsl.plan.model import Plan, Scan, TensorType, Variable, all_nodes
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
        if row.outside_training is not None and not training:
            raise ValueError(f"has the {node.op} %{node.id} outside training")
        if isinstance(node.attrs, Carried) and function.pure and function.kind != "pullback":
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
    if step.variable not in variables:
        raise ValueError(f"the step `{step.name}` writes `{step.variable}`, which the plan lacks")
    if isinstance(step, Assign):
        _check_assign(function, step, types, variables[step.variable])
    elif variables[step.variable].kind != "carried":
        raise ValueError(f"clears `{step.variable}`, which is no carried state")


def _check_assign(function: Function, step: Assign, types: Types, variable: Variable) -> None:
    value, wanted = types[step.value], variable.type
    if step.rows is not None:
        wanted = TensorType(wanted.dtype, types[step.rows].axes, wanted.dims[1:])
    if value != wanted and not (variable.kind == "carried" and fits(value, wanted)):
        raise ValueError(f"the step `{step.name}` writes {value} to `{variable.path}`, {wanted}")
    if variable.trainable and function.kind != "reset" and not step.name.startswith(f"train/{function.train}/"):
        raise ValueError(f"the step `{step.name}` writes the trainable `{variable.path}`")


def _check_writes(function: Function) -> None:
    """Writes of one variable are ordered."""
    last: dict[str, str] = {}
    before: dict[str, set[str]] = {}
    for step in function.steps:
        before[step.name] = {x for name in step.after for x in (name, *before[name])}
        path = step.variable
        if path in last and last[path] not in before[step.name]:
            raise ValueError(f"the steps `{last[path]}` and `{step.name}` write `{path}` in no order")
        last[path] = step.name
