"""Optimizers of plans that tests make by hand: their rules, elaborated from the library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rnndsl.elaborate.model.assemble import optimizer_variables
from rnndsl.plan.model import Plan, TensorType, Train, Variable
from rnndsl.records import replace


def ruled(train: Train, variables: Sequence[Variable], inputs: Sequence[str] = ()) -> Train:
    """`train` with a rule for each variable that it trains. `inputs` are scalars of the model, f32, that the arguments of its
    optimizer may name; an argument that is a text is taken as written."""
    from tests.compiling import plan_of

    known = {v.path: v for v in variables}
    trained = [known[path] for path in train.variables]
    lines = [f"param p{k}: {v.dtype}[{', '.join(map(str, v.shape))}]" for k, v in enumerate(trained)]
    sums = [f"cast(sum(reshape(p{k}, [{math.prod(v.shape)}])), f64)" for k, v in enumerate(trained)]
    call = ", ".join(f"{name} = {_text(value)}" for name, value in train.optimizer.arguments.items())
    feeds = [f"input {name}: f32[]" for name in inputs if name in train.optimizer.arguments.values()]
    body = "\n".join([*feeds, *lines, f"loss l = {' + '.join(sums)}", f"train fit = {train.optimizer.name}({call})"])
    rules = plan_of(f"model m {{\n{body}\n}}").trains[0].optimizer.rules
    paths = {f"p{k}": v.path for k, v in enumerate(trained)}
    renamed = tuple(replace(rule, variables=tuple(paths[path] for path in rule.variables)) for rule in rules)
    return replace(train, optimizer=replace(train.optimizer, rules=renamed))


def with_trains(plan: Plan, *trains: Train) -> Plan:
    """`plan` with `trains`, which get rules, and the variables of their optimizers."""
    scalars = [x.name for x in plan.inputs if x.type == TensorType("f32")]
    found = tuple(ruled(train, plan.variables, scalars) for train in trains)
    own = tuple(v for train in found for v in optimizer_variables(train, plan.variables))
    listed = [*plan.collections.get("global_variables", ()), *(v.path for v in own)]
    collections = {**plan.collections, "global_variables": tuple(listed)}
    return replace(plan, variables=(*plan.variables, *own), trains=found, collections=collections)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
