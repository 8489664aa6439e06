"""What must hold of a plan's tables: inputs, variables, outputs, updates, training, collections, signatures."""

from __future__ import annotations

from collections.abc import Iterable

from rnndsl.meaning.verify_scan import fits
from rnndsl.plan.model import Node, Plan, TensorType, Train

_VARIABLES_ONLY = ("global_variables", "local_variables", "model_variables", "trainable_variables", "moving_average_variables")


def check_tables(plan: Plan) -> None:
    """Raises ValueError at the first name that stands for nothing and at the first disagreement."""
    types = {x.id: x.type for x in plan.graph.inputs}
    types.update((n.id, n.type) for n in plan.graph.nodes if isinstance(n, Node))
    _check_inputs(plan)
    _check_values(plan, types)
    _check_updates(plan, types)
    for train in plan.trains:
        _check_train(plan, train)
    _check_collections(plan)
    _check_signatures(plan)


def _check_inputs(plan: Plan) -> None:
    declared = {x.name: x.type for x in plan.inputs}
    graph = {x.id: x.type for x in plan.graph.inputs}
    for name in sorted({*declared, *graph}):
        if declared.get(name) != graph.get(name):
            raise ValueError(f"the input `{name}` is {declared.get(name)} in the table and {graph.get(name)} in the graph")


def check_variables(plan: Plan) -> None:
    """Raises ValueError if two variables have one path or one contradicts its kind."""
    _need_unique("variables", (v.path for v in plan.variables))
    for v in plan.variables:
        if v.trainable and (v.kind != "param" or v.not_trainable):
            raise ValueError(f"the {v.kind} `{v.path}` is trainable{f', but {v.not_trainable}' if v.not_trainable else ''}")
        if v.axes and v.kind != "carried":
            raise ValueError(f"the {v.kind} `{v.path}` has axes of unknown length")


def _check_values(plan: Plan, types: dict[str, TensorType]) -> None:
    tables = {"outputs": plan.outputs, "losses": plan.losses, "metrics": plan.metrics, "residuals": plan.residuals}
    for title, table in tables.items():
        _need_unique(title, (x.name for x in table))
        for x in table:
            if x.value not in types:
                raise ValueError(f"`{x.name}` among the {title} is %{x.value}, which the graph lacks")
    for loss in plan.losses:
        if types[loss.value].axes or types[loss.value].dims:
            raise ValueError(f"the loss `{loss.name}` is no scalar: {types[loss.value]}")


def _check_updates(plan: Plan, types: dict[str, TensorType]) -> None:
    variables = {v.path: v for v in plan.variables}
    for update in plan.updates:
        variable = variables.get(update.variable)
        if variable is None:
            raise ValueError(f"the update `{update.name}` writes `{update.variable}`, which the plan lacks")
        if update.value not in types:
            raise ValueError(f"the update `{update.name}` is %{update.value}, which the graph lacks")
        if not fits(types[update.value], variable.type):
            raise ValueError(f"the update `{update.name}` writes {types[update.value]} to `{variable.path}` {list(variable.shape)}")


def _check_train(plan: Plan, train: Train) -> None:
    title = f"the training `{train.name}`"
    if not (train.losses or train.residuals):
        raise ValueError(f"{title} has nothing to minimise")
    _need_known(f"{title} minimises", train.losses, (x.name for x in plan.losses))
    _need_known(f"{title} minimises", train.residuals, (x.name for x in plan.residuals))
    _need_known(f"{title} runs", train.updates, (x.name for x in plan.updates))
    _need_known(f"{title} trains", train.variables, (v.path for v in plan.variables))
    frozen = [v.path for v in plan.variables if v.path in set(train.variables) and not v.trainable]
    if frozen:
        raise ValueError(f"{title} trains `{frozen[0]}`, which is not trainable")
    if train.optimizer.least_squares is not None:
        return
    if sorted(path for rule in train.optimizer.rules for path in rule.variables) != sorted(train.variables):
        raise ValueError(f"{title} has no rule for each variable that it trains")


def _check_collections(plan: Plan) -> None:
    variables = {v.path: v for v in plan.variables}
    updates, losses = {x.name: x.collections for x in plan.updates}, {x.name: x.collection for x in plan.losses}
    others = {x.name for table in (plan.metrics, plan.residuals, plan.outputs, plan.trains) for x in table}
    for name, members in plan.collections.items():
        _need_known(f"the collection `{name}` has", members, (*variables, *updates, *losses, *others))
        items = {*others, *updates, *losses}  # a `train` may be called as a variable is
        strangers = [m for m in members if m in variables and m not in items and name not in variables[m].collections]
        if strangers:
            raise ValueError(f"the collection `{name}` has `{strangers[0]}`, which does not say so")
        if name in _VARIABLES_ONLY:
            _need_known(f"the collection `{name}` has", members, variables)
    for v in plan.variables:
        lacking = [name for name in v.collections if v.path not in plan.collections.get(name, ())]
        if lacking:
            raise ValueError(f"the variable `{v.path}` is in `{lacking[0]}`, which lacks it")
        if ("trainable_variables" in v.collections) > v.trainable:
            raise ValueError(f"the variable `{v.path}` is in `trainable_variables` and not trainable")


def _check_signatures(plan: Plan) -> None:
    _need_unique("signatures", (x.name for x in plan.signatures))
    for signature in plan.signatures:
        _need_known(f"the signature `{signature.name}` gives", signature.outputs, (x.name for x in plan.outputs))


def _need_unique(title: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"`{name}` is twice among the {title}")
        seen.add(name)


def _need_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    table = set(known)
    for name in names:
        if name not in table:
            raise ValueError(f"{what} `{name}`, which the plan lacks")
