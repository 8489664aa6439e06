"""`x[time = 0]`: one step of an axis, and `x[time = a..b by s, to = frame]`: a stretch of it under another name."""

from __future__ import annotations

from rnndsl.elaborate.evaluate.functions import axis
from rnndsl.elaborate.evaluate.indexing import integer
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Value
from rnndsl.plan.stretches import StepAt, Stretch
from rnndsl.syntax import tree
from rnndsl.text.codes import indices as codes


def of_axis(session: Session, expr: tree.AxisIndex, env: Env) -> Value:
    """Part of a tensor along a leading axis. Raises SpecError."""
    along, *rest = expr.arguments
    if along.name is None or along.name_span is None or [each.name for each in rest] not in ([], ["to"]):
        codes.axis_alone(expr.span).throw()
    x = session.tensor(session.evaluate(expr.target, env), expr.target.span)
    over = axis(session, tree.Name(along.name_span, along.name), env)
    if not isinstance(along.value, tree.Range):
        if rest:
            codes.axis_of_one_step(rest[0].span).throw()
        at = integer(session, along.value, env, codes.index)
        return session.graphs.builder.add("step_at", [x], expr.span, StepAt(over, at))
    to = axis(session, rest[0].value, env) if rest else over
    if to == over:
        codes.stretch_without_axis(expr.span, over).throw()
    start, stop, by = (
        None if each is None else integer(session, each, env, codes.range_end)
        for each in (along.value.start, along.value.stop, along.value.by)
    )
    if by is not None and by < 1:
        codes.stretch_stride(along.value.span, by).throw()
    told = Stretch(over, to, start or 0, stop, 1 if by is None else by)
    return session.graphs.builder.add("stretch", [x], expr.span, told)
