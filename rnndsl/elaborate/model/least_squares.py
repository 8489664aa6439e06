"""`levenberg_marquardt`: its arguments, the residuals that it fits, and how their Jacobian is made."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rnndsl.elaborate.evaluate.applying import attribute
from rnndsl.elaborate.evaluate.binding import bind
from rnndsl.elaborate.evaluate.lookup import is_word
from rnndsl.elaborate.model.rows import Rows
from rnndsl.elaborate.state.bytes import size_of
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.language.builtins import BATCH, OPTIMIZERS, OPTION_WORDS
from rnndsl.language.rules.types import widest
from rnndsl.plan.model import LeastSquares, Named, Optimizer, TensorType, Variable
from rnndsl.plan.rewriting import types_of
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments, clauses, kinds
from rnndsl.text.codes import training as codes
from rnndsl.text.diagnostics import Poisoned

MOST_UNKNOWNS = 20_000
"""Solving for so many numbers is at their cube minutes a step, and their matrix 1.6 or 3.2 GB."""
MANY = 64
"""How long an axis is taken to be whose length the plan does not know."""


@record
class Chosen(Immutable):
    """The optimizer with its arguments."""

    name: str
    call: tree.Call
    arguments: Mapping[str, Any]


def choose(session: Session, name: str, call: tree.Call, env: Env) -> Chosen:
    """The optimizer `name` as it is called. Raises SpecError."""
    parameters = {p.name: p for p in OPTIMIZERS[name]}
    bound = bind(name, {p.name: p.default for p in parameters.values()}, call)
    found: dict[str, Any] = {}
    for key, each in bound.items():
        found[key] = each.default
        if each.expr is not None and (each.default is not None or is_word(each.expr, "none") is None):
            found[key] = attribute(session, name, parameters[key], each.expr, env)
        words = OPTION_WORDS.get(key, (found[key],))
        if each.expr is not None and found[key] not in words:
            kinds.one_of(each.expr.span, describe(found[key]), words, key, name).throw()
    chosen = Chosen(name, call, found)
    for key, wrong in _wrong(found):
        given = bound[key].expr
        arguments.bad_number(given.span if given is not None else call.span, name, wrong).throw()
    return chosen


def _wrong(found: Mapping[str, Any]) -> list[tuple[str, clauses.Clause]]:
    """What is wrong with numbers, each with the parameter that has it."""
    chunk = found["chunk"]
    low, high, damping = found["min_damping"], found["max_damping"], found["damping"]
    faults = [(key, clauses.above_zero(key, found[key])) for key in ("damping", "max_damping", "reach", "delta") if found[key] <= 0]
    faults += [(key, clauses.above_one(key, found[key])) for key in ("increase", "decrease") if found[key] <= 1]
    faults += [(key, clauses.from_on(key, 0, found[key])) for key in ("min_damping", "tolerance") if found[key] < 0]
    faults += [("attempts", clauses.from_on("attempts", 1, found["attempts"]))] if found["attempts"] < 1 else []
    faults += [("chunk", clauses.from_on("chunk", 1, chunk))] if chunk is not None and chunk < 1 else []
    faults += [("damping", clauses.from_on("damping", low, damping))] if damping < low else []
    faults += [("damping", clauses.up_to("damping", high, damping))] if damping > high else []
    return faults


def residuals(statement: tree.Train, known: Sequence[Named], faulty: Collection[str], losses: Sequence[Named]) -> list[Named]:
    """What a `train` fits. `faulty` names losses and the like that have been diagnosed. Raises SpecError, or Poisoned."""
    name, by_name = statement.name.name, {x.name: x for x in known}
    if not statement.on:
        if faulty and len(known) != 1:
            raise Poisoned
        if not known:
            codes.no_residual(statement.span, name).throw()
        if len(known) > 1:
            codes.which_residual(statement.span, name, by_name).throw()
        return list(known)
    for each in statement.on:
        if each.name in faulty:
            raise Poisoned
        if each.name in by_name:
            continue
        if each.name in {x.name for x in losses}:
            codes.loss_as_residual(each.span, each.name).throw()
        codes.unknown_residual(each.span, each.name, by_name).throw()
    return [by_name[x] for x in dict.fromkeys(each.name for each in statement.on)]


def optimizer(
    session: Session, statement: tree.Train, chosen: Chosen, variables: Sequence[Variable], fitted: Sequence[Named]
) -> Optimizer:
    """The optimizer of a `train` over `variables` that fits residuals. Raises SpecError for too many unknowns."""
    found = chosen.arguments
    every = types_of(session.graphs.builder.graph())
    types = [every[x.value] for x in fitted]
    dtype = widest(["f32", *(v.dtype for v in variables), *(t.dtype for t in types)])
    sizes = {v.path: math.prod(v.shape) for v in variables}
    count = sum(sizes.values())
    if count > MOST_UNKNOWNS:
        largest = dict(sorted(sizes.items(), key=lambda x: -x[1]))
        size = size_of(dtype, (count, count))
        codes.too_many_unknowns(statement.span, statement.name.name, count, MOST_UNKNOWNS, size, largest).throw()
    rows = Rows(session.graphs.builder.graph(), sizes, fitted)
    if found["chunk"] is not None:
        rows.check_chunks(statement)
    apart, auto = rows.meeting() is None, found["jacobian"] == "auto"
    forward = count <= cotangents(types, apart=apart) if auto else found["jacobian"] == "forward"
    told = LeastSquares(
        damping=float(found["damping"]),
        increase=float(found["increase"]),
        decrease=float(found["decrease"]),
        lowest=float(found["min_damping"]),
        highest=float(found["max_damping"]),
        attempts=found["attempts"],
        rule=found["rule"],
        scaled=found["scaled"],
        reach=float(found["reach"]),
        tolerance=float(found["tolerance"]),
        robust=found["robust"],
        delta=float(found["delta"]),
        solver=found["solver"],
        forward=forward,
        auto=auto,
        apart=apart,
        chunk=found["chunk"],
        dtype=dtype,
    )
    shown = {name: value for name, value in found.items() if value is not None}
    shown["jacobian"] = "forward" if forward else "reverse"
    return Optimizer(chosen.name, shown, least_squares=told)


def cotangents(residuals: Sequence[TensorType], *, apart: bool) -> int:
    """How many cotangents a Jacobian by rows takes, one for each place of the residuals; rows of a batch that are `apart` share
    theirs. At fewer unknowns than that, a tangent for each of these is cheaper."""
    lengths = {BATCH: 1} if apart else {}
    return sum(math.prod((*t.dims, *(lengths.get(axis, MANY) for axis in t.axes))) for t in residuals)
