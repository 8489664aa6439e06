"""Initialisers of the language: from an expression and a variable's shape to a recipe."""

from __future__ import annotations

from typing import cast

from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.evaluate.lookup import binding, is_word
from rnndsl.elaborate.state.arithmetic import fits
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerName, InitializerValue, Recipe, UserFunction, Value
from rnndsl.language.initializers import DISTRIBUTIONS, MODES, PARAMETERS, fans, problem
from rnndsl.language.ops.op import Required
from rnndsl.plan.model import DType, Initializer
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds
from rnndsl.text.codes import variables as codes
from rnndsl.text.source import Span

_MAX_DEPTH = 50


def inherits(expr: tree.Expr) -> bool:
    """Whether `~ inherited` is written."""
    return is_word(expr, "inherited") is not None


def inherited_or(session: Session, expr: tree.Expr, env: Env) -> InitializerValue | None:
    """INIT, if `expr` says `inherited(INIT)`, itself or by way of a parameter: what holds where nothing is inherited."""
    if isinstance(expr, tree.Name):
        found = binding(session, expr, env)
        return inherited_or(session, found.expr, found.env) if isinstance(found, InitializerValue) else None
    if isinstance(expr, tree.Call) and inherits(expr.function):
        bound = bind("inherited", {"otherwise": Required}, expr)["otherwise"].expr
        return InitializerValue(bound, env) if bound is not None else None
    return None


def recipe(session: Session, value: InitializerValue, path: str, shape: tuple[int, ...], dtype: DType, span: Span) -> Initializer:
    """What `value` comes to for the variable at `path`. Raises SpecError if it does not fit."""
    with session.budget.deeper(span, path, _MAX_DEPTH + 50):
        found = _resolve(session, value.expr, replace(value.env, fans=fans(shape)))
    made = Initializer(name=found.name, arguments=dict(found.arguments))
    value_of = made.arguments.get("value", [])
    strange = next((each for each in _leaves(value_of) if not fits(each, dtype)), None)
    if strange is not None:
        codes.initializer_dtype(value.expr.span, made.name, path, strange, dtype).throw()
    wrong = problem(made.name, made.arguments, shape, dtype)
    if wrong:
        codes.bad_initializer(value.expr.span, made.name, path, wrong).throw()
    return made


def _resolve(session: Session, expr: tree.Expr, env: Env) -> Recipe:
    if isinstance(expr, tree.Call):
        function = session.evaluate(expr.function, env)
        if isinstance(function, InitializerName):
            return _builtin(session, function.name, expr, env)
        if isinstance(function, UserFunction) and function.definition.kind == "initializer":
            return _defined(session, function, expr, env)
    return _of_value(session, session.evaluate(expr, env), expr, env)


def _of_value(session: Session, value: Value, expr: tree.Expr, env: Env) -> Recipe:
    match value:
        case InitializerName():
            return _builtin(session, value.name, tree.Call(expr.span, expr, ()), env)
        case InitializerValue():
            return _resolve(session, value.expr, replace(value.env, fans=env.fans))
        case UserFunction() if value.definition.kind == "initializer":
            return _defined(session, value, tree.Call(expr.span, expr, ()), env)
        case int() | float():
            return Recipe("constant", {"value": value})
        case list():
            return Recipe("values", {"value": value})
        case _:
            kinds.no_initializer(expr.span, describe(value)).throw()


def _builtin(session: Session, name: str, call: tree.Call, env: Env) -> Recipe:
    bound = bind(name, dict(PARAMETERS[name]), call)
    arguments = {key: _argument(session, name, key, given, env) for key, given in bound.items()}
    return Recipe(name, arguments)


def _argument(session: Session, function: str, name: str, given: Bound, env: Env) -> object:
    if given.expr is None:
        return given.default
    words = {"mode": MODES, "distribution": DISTRIBUTIONS}.get(name, ())
    if isinstance(given.expr, tree.Name) and given.expr.name in words:  # not the numbers of these names: `fan_in`
        return given.expr.name
    value = session.evaluate(given.expr, env)
    if isinstance(value, str) if words else _is_number(value, name == "value"):
        return value
    if words:
        kinds.one_of(given.expr.span, describe(value), words, name, function).throw()
    kinds.number(given.expr.span, describe(value), name, function).throw()


def _is_number(value: Value, any_value: bool) -> bool:
    if any_value and isinstance(value, bool | list):
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)


def _defined(session: Session, function: UserFunction, call: tree.Call, env: Env) -> Recipe:
    definition = function.definition
    defaults = dict(zip((p.name for p in definition.params), definition.defaults, strict=True))
    bound = bind(definition.name.name, {n: Required if d is None else None for n, d in defaults.items()}, call)
    own = replace(function.env.child(function.scope), fans=env.fans)
    for name, given in bound.items():
        default = defaults[name]
        if given.expr is not None:
            own.names[name] = session.evaluate(given.expr, env)
        elif default is not None:
            own.names[name] = session.evaluate(default, own)
    with session.budget.deeper(call.span, definition.name.name, _MAX_DEPTH):
        return _resolve(session, definition.value, own)


def _leaves(value: object) -> list[object]:
    if not isinstance(value, list):
        return [value]
    return [leaf for each in cast("list[object]", value) for leaf in _leaves(each)]
