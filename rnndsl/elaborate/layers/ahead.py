"""`lstm.c[t-1]` before `lstm` is applied: what an inner cell's state was a step ago, which its very application may need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.layers.instances import local_name
from rnndsl.elaborate.state.environment import Env, Lazy, dotted
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance, Tensor
from rnndsl.plan.model import TensorType
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import time as codes
from rnndsl.text.diagnostics import SpecError


def old_state(session: Session, expr: tree.Attribute, steps: int, env: Env) -> Tensor | None:
    """The value one step back of the state `layer.name`, which `expr` is, of a cell that this step has not applied yet; None if it
    is no such state. The application has to make it, or it is told at the end of the step. Raises SpecError."""
    layer, step = layer_of(session.evaluate(expr.target, env)), session.graphs.step
    if layer is None or step is None or id(layer) in step.stepped:
        return None
    inner = layer.constructor.env.child(layer.constructor.body)
    inner.names.update(layer.dims)
    declared = _declared(session, layer.constructor.definition.body, expr.name, inner)
    if declared is None:
        return None
    if steps > 1 or step.body is step.outer:
        codes.further_ahead(expr.span, expr.span.text, layer.path).throw()
    full = dotted(dotted(env.state_prefix, local_name(session, layer, expr.target, env)), expr.name)
    if full not in step.ahead:
        type = _type(session, declared, expr, layer, inner).with_axes(step.axes, session.graphs.axes)
        step.ahead[full] = step.body.input(type), expr.span
    return step.ahead[full][0]


def _declared(session: Session, body: Sequence[tree.Statement], name: str, env: Env) -> tree.State | None:
    """The statement that declares the state, as far as the constructor's arguments tell which hold."""
    found = (each for each in _holding(session, body, env) if isinstance(each, tree.State) and each.name.index is None)
    return next((each for each in found if each.name.name == name), None)


def _holding(session: Session, body: Sequence[tree.Statement], env: Env) -> Iterator[tree.Statement]:
    for each in body:
        match each:
            case tree.Const():
                value = Lazy(each.name.name, each.span, lambda e=each: session.evaluate(e.value, env), "const", env=env)
                env.names[each.name.name] = value
            case tree.If():
                yield from _holding(session, each.yes if session.evaluate(each.condition, env) is True else each.no, env)
            case _:
                yield each


def _type(session: Session, statement: tree.State, expr: tree.Attribute, layer: Instance, env: Env) -> TensorType:
    try:
        return types.full(session, statement.type, replace(env, defaults=layer.defaults), layer.defaults.dtype)
    except SpecError:
        codes.state_ahead(expr.span, expr.span.text, layer.path).throw()
