"""`train`: optimizers, what they minimise, over which variables, and in which order with updates."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from rnndsl.elaborate.layers.defaults import check_collections
from rnndsl.elaborate.model import least_squares, optimizing, selectors
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.language.builtins import SIGNATURES
from rnndsl.plan.model import OBJECTIVE, Named, PlanInput, Train, Update, Variable
from rnndsl.syntax import tree
from rnndsl.text.codes import places
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
    chosen = optimizing.choose(session, statement.optimizer, env)
    order, run = _updates(session, statement, updates)
    fits = isinstance(chosen, least_squares.Chosen)
    aims = least_squares.residuals(statement, residuals, faulty, losses) if fits else _losses(statement, losses, faulty, residuals)
    paths = _variables(session, statement, variables, records)
    trained = [v for v in variables if v.path in set(paths)]
    if isinstance(chosen, least_squares.Chosen):
        optimizer = least_squares.optimizer(session, statement, chosen, trained, aims)
    else:
        optimizer = optimizing.optimizer(session, name, chosen, trained, inputs)
    return Train(
        name=name,
        optimizer=optimizer,
        losses=() if fits else tuple(x.name for x in aims),
        residuals=tuple(x.name for x in aims) if fits else (),
        variables=paths,
        updates=run,
        order=order,
        place=str(statement.span),
    )


# ---------------------------------------------------------------- what, over what, when


def _losses(statement: tree.Train, losses: Sequence[Named], faulty: Collection[str], residuals: Sequence[Named]) -> list[Named]:
    if not statement.on:
        chosen = [each for each in losses if each.collection in OBJECTIVE]
        if not chosen and faulty:
            raise Poisoned
        if not chosen:
            codes.no_loss(statement.span, statement.name.name).throw()
        return chosen
    known = {each.name: each for each in losses}
    found: list[str] = []
    for name in statement.on:
        chosen = [name.name] if name.name in known else _members(name.name, known)
        if name.name in faulty or (not chosen and _members(name.name, faulty)):
            raise Poisoned
        found += chosen
        if not chosen:
            if name.name in {r.name for r in residuals}:
                codes.residual_as_loss(name.span, name.name).throw()
            codes.unknown_loss(name.span, name.name, known).throw()
    return [known[name] for name in dict.fromkeys(found)]


def _members(family: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that are a family's: `l_0`, `l_1`."""
    return [each for each in names if re.fullmatch(rf"{re.escape(family)}(_\d+)+", each)]


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
