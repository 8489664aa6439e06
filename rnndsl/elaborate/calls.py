"""Calls: functions of the language, `fn`s, layers and constructors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rnndsl.elaborate.evaluate import convolution, functions, reductions
from rnndsl.elaborate.evaluate.applying import apply_op, attribute, inline, normal
from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.evaluate.lookup import is_initializer
from rnndsl.elaborate.layers import instances
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    Builtin,
    Constructor,
    DefinitionValue,
    InitializerName,
    InitializerValue,
    Instance,
    MappedCell,
    Special,
    UserFunction,
    Value,
)
from rnndsl.elaborate.time import recurrence
from rnndsl.language.ops.op import Op, Required
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments as codes
from rnndsl.text.source import Span

SCHEDULED = "step"
"""The first parameter of a schedule, which a call in a rate leaves out."""


def call(session: Session, expr: tree.Call, env: Env) -> Value:
    """The value of a call. Raises SpecError where the arguments do not fit."""
    function = session.evaluate(expr.function, env)
    match function:
        case Builtin():
            return _builtin(session, function.op, expr, env)
        case Special():
            return _SPECIALS[function.name](session, expr, env)
        case UserFunction() if function.definition.kind == "initializer":
            return InitializerValue(expr, env)
        case UserFunction():
            return user_function(session, function, expr, env)
        case DefinitionValue():
            return instances.construct(session, function, expr, env)
        case Instance() | MappedCell():
            return instances.apply(session, function, expr, env)
        case Constructor():
            return instances.apply_unnamed(session, function, expr, env)
        case InitializerName():
            return InitializerValue(expr, env)
        case _:
            codes.not_callable(expr.function.span, describe(function)).throw()


_SPECIALS: Mapping[str, functions.Special] = MappingProxyType(
    {**recurrence.SPECIALS, **functions.SPECIALS, convolution.NAME: convolution.conv}
)


# ---------------------------------------------------------------- functions of the language


@record
class _Arguments(Immutable):
    """Arguments of an operation: values of tensor parameters with their spans, and attributes."""

    tensors: list[tuple[Value, Span]]
    attrs: dict[str, Any]


def _builtin(session: Session, op: Op, expr: tree.Call, env: Env) -> Value:
    if op.kind == "reduction":
        return reductions.reduce(session, op, expr, env)
    names = {p.name: p.default for p in op.parameters}
    bound = bind(op.name, names, expr)
    if {"axis", "over"} <= bound.keys() and bound["axis"].expr is not None and bound["over"].expr is not None:
        codes.axis_and_over(expr.span, op.name).throw()
    of_step = next((p.name for p in op.parameters if p.takes == "step"), None)
    if of_step is not None and (each := bound[of_step].expr) is not None and session.graphs.step is None:
        codes.of_step(each.span, op.name, of_step).throw()
    arguments = _arguments(session, op, bound, env)
    if op.combines and any(is_initializer(value) for value, _ in arguments.tensors):
        return InitializerValue(expr, env)
    return apply_op(session, op, arguments.tensors, arguments.attrs, expr.span, env)


def _arguments(session: Session, op: Op, bound: Mapping[str, Bound], env: Env) -> _Arguments:
    tensors: list[tuple[Value, Span]] = []
    attrs: dict[str, Any] = {}
    for parameter in op.parameters:
        given = bound[parameter.name]
        if parameter.kind == "tensor":
            assert given.expr is not None
            tensors.append((session.evaluate(given.expr, env), given.expr.span))
            continue
        if parameter.takes == "step" and given.expr is None:
            continue
        attrs[parameter.name] = given.default if given.expr is None else attribute(session, op.name, parameter, given.expr, env)
    return _Arguments(tensors, normal(op, attrs))


# ---------------------------------------------------------------- functions of the spec


def user_function(session: Session, function: UserFunction, expr: tree.Call, env: Env) -> Value:
    """A `fn`, inlined: its parameters bound to the arguments' values."""
    definition = function.definition
    defaults = {p.name: d if d is not None else None for p, d in zip(definition.params, definition.defaults, strict=True)}
    values: dict[str, Binding] = {}
    if session.step is not None and next(iter(defaults), None) == SCHEDULED:
        values[SCHEDULED] = session.step
    bound = bind(definition.name.name, {n: _default(d) for n, d in defaults.items() if n not in values}, expr)
    for name, given in bound.items():
        default = defaults[name]
        if given.expr is not None:
            values[name] = session.evaluate(given.expr, env)
        elif default is not None:
            values[name] = session.evaluate(default, function.env.child(function.scope, values))
    with session.scheduling(None):
        return inline(session, function, values, env, expr.span)


def _default(expr: tree.Expr | None) -> object:
    return Required if expr is None else None
