"""`require COND, "text"`: what a definition asks of its arguments and shapes."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds, places
from rnndsl.text.source import Span


def require(session: Session, statement: tree.Require, env: Env, used: Span | None) -> None:
    """Raises SpecError, with the text of the statement, if its condition is false. `used`: where a definition that makes no layer
    is used."""
    condition = session.evaluate(statement.condition, env)
    if not isinstance(condition, bool):
        kinds.condition(statement.condition.span, describe(condition)).throw()
    if condition:
        return
    place = env.instance.constructor.span if env.instance else used or statement.span
    places.required(place, statement.text.value, _values(session, statement, env), statement.span).throw()


def _values(session: Session, statement: tree.Require, env: Env) -> dict[str, str]:
    """The plain values that the condition reads, by name, in words."""
    span = statement.condition.span
    uses = env.scope.module.bindings.uses
    names = [tree.Name(use.span, use.span.text) for at, use in sorted(uses.items()) if span.start <= at < span.end]
    found = {name.name: session.evaluate(name, env) for name in names if lookup.local(name, env)}
    return {name: describe(value) for name, value in found.items() if isinstance(value, bool | int | float | str)}
