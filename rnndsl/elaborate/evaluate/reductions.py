"""Reductions: what `over` means, and what is reduced without it."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import rows
from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.evaluate.lookup import is_word
from rnndsl.elaborate.evaluate.unify import alone
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import AxisValue, Tensor, Value
from rnndsl.language.ops.op import Op, Required
from rnndsl.plan.attributes import Reduction
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds
from rnndsl.text.codes import types as codes
from rnndsl.text.source import Span

_WORDS = ("leading", "inner", "last")


def reduce(session: Session, op: Op, call: tree.Call, env: Env) -> Value:
    """`sum(x, over = …, mask = m)` and the like."""
    bound = bind(op.name, {"x": Required, "over": None, "mask": None}, call)
    assert bound["x"].expr is not None
    x = alone(session, session.evaluate(bound["x"].expr, env), bound["x"].expr.span, env)
    axes, dims = _what(session, op, x, bound["over"], call.span, env)
    args = [x]
    if bound["mask"].expr is not None:
        args.append(session.tensor(session.evaluate(bound["mask"].expr, env), bound["mask"].expr.span, "bool"))
    valid = rows.counting(session, x, axes, call.span)
    if valid is not None:
        args[1:] = [session.graphs.builder.add("and", [*args[1:], valid], call.span) if args[1:] else valid]
    return session.graphs.builder.add(op.name, args, call.span, Reduction(tuple(axes), tuple(dims)))


def _what(session: Session, op: Op, x: Tensor, over: Bound, span: Span, env: Env) -> tuple[list[str], list[int]]:
    every = list(range(-len(x.type.dims), 0))
    if over.expr is not None:
        return _chosen(session, x, over.expr, env)
    default = session.reductions[-1]
    if default == "everything":
        return list(x.type.axes), every
    if default == "error":
        codes.reduction_needs_over(span, op.name).throw()
    return [], _last(x, span)


def _last(x: Tensor, span: Span) -> list[int]:
    if not x.type.dims:
        codes.no_last_dim(span, x.type).throw()
    return [-1]


def _chosen(session: Session, x: Tensor, expr: tree.Expr, env: Env) -> tuple[list[str], list[int]]:
    every = list(range(-len(x.type.dims), 0))
    parts = expr.items if isinstance(expr, tree.ListExpr) else (expr,)
    axes: list[str] = []
    dims: list[int] = []
    for part in parts:
        word = is_word(part, *_WORDS)
        if word == "leading":
            axes += x.type.axes
        elif word == "inner":
            dims += every[:-1]
        elif word == "last":
            dims += _last(x, part.span)
        elif is_word(part, "dims"):
            kinds.reduced(part.span, "`dims`", _WORDS).throw()
        else:
            axes += _axis(session.evaluate(part, env), part)
    return list(dict.fromkeys(axes)), sorted(set(dims))


def _axis(value: Value, part: tree.Expr) -> list[str]:
    if not isinstance(value, AxisValue):
        kinds.reduced(part.span, describe(value), _WORDS).throw()
    return [value.name]
