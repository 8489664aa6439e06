"""`train`: optimizers, what they minimise, over which variables, and in which order with updates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.layers.defaults import check_collections
from rnndsl.elaborate.model import selectors
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import OptimizerName, Special, Tensor, Value
from rnndsl.language.builtins import SIGNATURES
from rnndsl.language.optimizers import COMMON, OPTIMIZERS, SCHEDULES, argument_problem, schedule_problem
from rnndsl.plan.model import OBJECTIVE, Named, Optimizer, PlanInput, Schedule, Train, Update, Variable
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments, clauses, kinds, places
from rnndsl.text.codes import training as codes
from rnndsl.text.diagnostics import Poisoned


def train(
    session: Session,
    statement: tree.Train,
    env: Env,
    *,
    losses: Sequence[Named],
    faulty: Collection[str],
    residuals: Sequence[Named],
    updates: Sequence[Update],
    variables: Sequence[Variable],
    records: Sequence[VariableRecord],
    inputs: Sequence[PlanInput],
) -> Train:
    """The training signature that a `train` statement describes. `faulty` names losses and the like that have been diagnosed.

    Raises SpecError, or Poisoned where all that could be said would follow from a fault that has been told.
    """
    name = statement.name.name
    if name in SIGNATURES:
        places.reserved_signature(statement.name.span, name).throw()
    optimizer = _optimizer(session, statement.optimizer, env, inputs)
    order, run = _updates(session, statement, updates)
    return Train(
        name=name,
        optimizer=optimizer,
        losses=_losses(statement, losses, faulty, residuals),
        variables=_variables(session, statement, variables, records),
        updates=run,
        order=order,
        place=str(statement.span),
    )


# ---------------------------------------------------------------- optimizers


def _optimizer(session: Session, expr: tree.Expr, env: Env, inputs: Sequence[PlanInput]) -> Optimizer:
    function = expr.function if isinstance(expr, tree.Call) else expr
    value = session.evaluate(function, env)
    if not isinstance(value, OptimizerName):
        codes.unknown_optimizer(function.span, describe(value), function.span.text, OPTIMIZERS).throw()
    if value.name not in OPTIMIZERS:
        codes.not_yet(expr.span, value.name).throw()
    call = expr if isinstance(expr, tree.Call) else tree.Call(expr.span, expr, ())
    parameters = {**OPTIMIZERS[value.name], **COMMON}
    bound = bind(value.name, parameters, _name_average(call))
    arguments = {k: _constant(session, value.name, k, b, env) for k, b in bound.items() if k not in ("rate", *COMMON)}
    common = {k: _optional(session, value.name, k, bound[k], env) for k in COMMON}
    return Optimizer(name=value.name, rate=_rate(session, value.name, bound["rate"], env, inputs), arguments=arguments, **common)


def _name_average(call: tree.Call) -> tree.Call:
    """`average(0.99)` among the arguments is `average = 0.99`."""
    renamed: list[tree.Argument] = []
    for each in call.arguments:
        inner = each.value
        is_average = isinstance(inner, tree.Call) and isinstance(inner.function, tree.Name) and inner.function.name == "average"
        if is_average and isinstance(inner, tree.Call) and each.name in (None, "average"):
            if len(inner.arguments) != 1 or inner.arguments[0].name not in (None, "decay"):
                arguments.average_form(inner.span).throw()
            renamed.append(tree.Argument(each.span, "average", each.span, inner.arguments[0].value))
        else:
            renamed.append(each)
    return tree.Call(call.span, call.function, tuple(renamed))


def _constant(session: Session, function: str, name: str, given: Bound, env: Env) -> Any:
    if given.expr is None:
        return given.default
    value = session.evaluate(given.expr, env)
    wants_bool = isinstance(given.default, bool)
    if isinstance(value, bool) != wants_bool or not isinstance(value, int | float):
        (kinds.true_or_false if wants_bool else kinds.number)(given.expr.span, describe(value), name, function).throw()
    problem = None if wants_bool or name in ("rate", *COMMON) else argument_problem(function, name, value)
    if problem is not None:
        arguments.bad_number(given.expr.span, function, problem).throw()
    return value if wants_bool else float(value)


def _optional(session: Session, function: str, name: str, given: Bound, env: Env) -> float | None:
    if given.expr is None:
        return None
    value = _constant(session, function, name, Bound(given.expr, 0.0), env)
    if value <= 0 or (name == "average" and value >= 1):
        wrong = clauses.between_zero_and_one if name == "average" else clauses.above_zero
        arguments.bad_number(given.expr.span, function, wrong(name, value)).throw()
    return value


def _rate(session: Session, function: str, given: Bound, env: Env, inputs: Sequence[PlanInput]) -> float | Schedule | str:
    expr = given.expr
    if expr is None:
        return given.default
    if isinstance(expr, tree.Call) and isinstance(session.evaluate(expr.function, env), Special):
        return _schedule(session, expr, env)
    value = session.evaluate(expr, env)
    if isinstance(value, Tensor):
        return _rate_input(value, expr, inputs)
    rate = _constant(session, function, "rate", given, env) if not isinstance(value, bool) else value
    if isinstance(rate, bool) or rate < 0:
        kinds.rate(expr.span, describe(value)).throw()
    return rate


def _rate_input(value: Tensor, expr: tree.Expr, inputs: Sequence[PlanInput]) -> str:
    floating = value.type.dtype in ("f16", "bf16", "f32", "f64")
    if value.id not in {i.name for i in inputs} or value.type.axes or value.type.dims or not floating:
        kinds.rate_tensor(expr.span, describe(value)).throw()
    return value.id


def _schedule(session: Session, call: tree.Call, env: Env) -> Schedule:
    assert isinstance(call.function, tree.Name)
    name = call.function.name
    if name not in SCHEDULES:
        kinds.no_schedule(call.span, name, SCHEDULES).throw()
    bound = bind(name, SCHEDULES[name], call)
    values: dict[str, Any] = {k: session.evaluate(b.expr, env) if b.expr is not None else b.default for k, b in bound.items()}
    _check_schedule(name, values, call)
    return Schedule(name=name, arguments=values)


def _check_schedule(name: str, values: Mapping[str, Value], call: tree.Call) -> None:
    for key, value in values.items():
        many = isinstance(value, list) and all(isinstance(v, int | float) for v in value)
        if many != (name == "piecewise") or not (many or isinstance(value, int | float)):
            arguments.schedule_value(call.span, name, key, describe(value)).throw()
    problem = schedule_problem(values)
    if problem is not None:
        arguments.bad_number(call.span, name, problem).throw()


# ---------------------------------------------------------------- what, over what, when


def _losses(statement: tree.Train, losses: Sequence[Named], faulty: Collection[str], residuals: Sequence[Named]) -> tuple[str, ...]:
    if not statement.on:
        chosen = tuple(each.name for each in losses if each.collection in OBJECTIVE)
        if not chosen and faulty:
            raise Poisoned
        if not chosen:
            codes.no_loss(statement.span, statement.name.name).throw()
        return chosen
    known = {each.name for each in losses}
    for name in statement.on:
        if name.name in faulty:
            raise Poisoned
        if name.name not in known:
            if name.name in {r.name for r in residuals}:
                codes.residual_as_loss(name.span, name.name).throw()
            codes.unknown_loss(name.span, name.name, known).throw()
    return tuple(dict.fromkeys(n.name for n in statement.on))


def _variables(
    session: Session, statement: tree.Train, variables: Sequence[Variable], records: Sequence[VariableRecord]
) -> tuple[str, ...]:
    chosen: set[str] = set()
    for part in statement.over:
        if isinstance(part, tree.CollectionSet):
            wanted = set(check_collections(session, part.names))
            chosen |= {v.path for v in variables if wanted & set(v.collections)}
        else:
            chosen |= {r.path for r in selectors.select(session, part, records, optional=False)}
    trained = tuple(v.path for v in variables if v.trainable and (not statement.over or v.path in chosen))
    if not trained and session.reports.incomplete:
        raise Poisoned
    if not trained:
        reasons = {v.path: v.not_trainable for v in variables if v.not_trainable and (not statement.over or v.path in chosen)}
        codes.nothing_to_train(statement.span, statement.name.name, reasons).throw()
    return trained


def _updates(
    session: Session, statement: tree.Train, updates: Sequence[Update]
) -> tuple[Literal["after", "before"], tuple[str, ...]]:
    """The order of optimizer and updates, and which updates run. A warning tells of those of `update_ops` that do not."""
    if statement.order is None or statement.order_collection is None:
        return "after", tuple(u.name for u in updates if "update_ops" in u.collections)
    none = statement.order_collection.name == "none"
    wanted = () if none else check_collections(session, (statement.order_collection,))
    left = [u for u in updates if "update_ops" in u.collections and not {*wanted} & {*u.collections}]
    if left:
        order = f"{statement.order} {statement.order_collection.name}"
        warning = codes.updates_left_out(statement.order_collection.span, order, len(left), left[0].name, left[0].place)
        session.reports.sink.add(warning)
    return "after" if none else statement.order, tuple(u.name for u in updates if {*wanted} & {*u.collections})
