"""Initialisers of the language: from an expression and a variable's shape to a recipe."""

from __future__ import annotations

from typing import cast

from rnndsl.elaborate.evaluate.binding import bind
from rnndsl.elaborate.evaluate.lookup import binding, is_word
from rnndsl.elaborate.layers.recipes import resolve
from rnndsl.elaborate.state.arithmetic import fits
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerValue
from rnndsl.language.drawing import OPERANDS, fans
from rnndsl.language.initializers import problem
from rnndsl.language.ops.op import Required
from rnndsl.language.ops.table import OPS
from rnndsl.plan.model import DType, Initializer
from rnndsl.records import replace
from rnndsl.syntax import tree
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
        found = resolve(session, value.expr, replace(value.env, fans=fans(shape)))
    made = Initializer(name=found.name, arguments=dict(found.arguments))
    value_of = made.arguments.get("value", [])
    strange = next((each for each in _leaves(value_of) if not fits(each, dtype)), None)
    if strange is not None:
        codes.initializer_dtype(value.expr.span, made.name, path, strange, dtype).throw()
    wrong = problem(made.name, made.arguments, shape, dtype)
    if wrong:
        shown = OPS[made.name].shown if OPERANDS in made.arguments else made.name
        codes.bad_initializer(value.expr.span, shown, path, wrong).throw()
    return made


def _leaves(value: object) -> list[object]:
    if not isinstance(value, list):
        return [value]
    return [leaf for each in cast("list[object]", value) for leaf in _leaves(each)]
