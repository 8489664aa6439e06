"""`conv(x, kernel, …)`: over trailing dims, an axis, or both together; and what `lengths` leave of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from rnndsl.elaborate.evaluate import rows
from rnndsl.elaborate.evaluate.applying import attribute
from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.evaluate.functions import axis
from rnndsl.elaborate.evaluate.lookup import is_word
from rnndsl.elaborate.evaluate.unify import unify
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Tensor, Value
from rnndsl.language.ops.op import Parameter, Required
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import ValidSteps
from rnndsl.plan.convolution import Conv
from rnndsl.plan.model import TensorType
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import rules
from rnndsl.text.codes import types as codes
from rnndsl.text.codes.clauses import Clause
from rnndsl.text.source import Span

NAME = "conv"
_PARAMETERS = {"x": Required, "kernel": Required, "stride": 1, "padding": "same", "over": None, "to": None, "lengths": None}


def conv(session: Session, call: tree.Call, env: Env) -> Value:
    """The convolution; with `lengths`, those of its rows are its named output. Raises SpecError."""
    bound = bind(NAME, _PARAMETERS, call)
    given = [expr for name in ("x", "kernel") if (expr := bound[name].expr) is not None]
    x, kernel = unify(session, [(session.evaluate(expr, env), expr.span) for expr in given], env)
    over = _over(session, bound["over"].expr, x, env)
    to = bound["to"].expr
    widths = max(len(kernel.type.dims) - 2, 1)
    told = Conv(
        _each(session, bound["stride"], "int", widths, env),
        _each(session, bound["padding"], "string", widths, env),
        over,
        axis(session, to, env) if to is not None else None,
    )
    if over is not None:
        x = rows.only_counting(session, OPS[NAME], x, over, call.span)
    lengths = bound["lengths"].expr
    if lengths is None:
        return session.graphs.builder.add(NAME, [x, kernel], call.span, told)
    counted = session.tensor(session.evaluate(lengths, env), lengths.span, "i32")
    return _of_lengths(session, (x, kernel), told, (counted, lengths.span), call.span)


def _over(session: Session, expr: tree.Expr | None, x: Tensor, env: Env) -> str | None:
    """The axis that is convolved along; None for trailing dims alone. Raises SpecError."""
    if expr is None:
        return None
    parts = expr.items if isinstance(expr, tree.ListExpr) else (expr,)
    words = [is_word(part, "dims") for part in parts]
    if words not in (["dims"], [None], [None, "dims"]):
        _refuse(expr.span, rules.conv_over(expr.span.text))
    if words == ["dims"]:
        return None
    found = axis(session, parts[0], env)
    if words == [None] and len(x.type.dims) > 1:
        _refuse(expr.span, rules.conv_over_axis(found, x.type))
    return found


def _each(session: Session, given: Bound, kind: Any, widths: int, env: Env) -> tuple[Any, ...]:
    """A stride or a padding for each of the kernel's `widths`: one for all, or a list."""
    if given.expr is None:
        return (given.default,) * widths
    parameter = Parameter("stride" if kind == "int" else "padding", kind)
    if isinstance(given.expr, tree.ListExpr):
        return tuple(attribute(session, NAME, parameter, item, env) for item in given.expr.items)
    return (attribute(session, NAME, parameter, given.expr, env),) * widths


def _of_lengths(session: Session, operands: Sequence[Tensor], told: Conv, given: tuple[Tensor, Span], span: Span) -> Tensor:
    """The convolution of rows of these lengths, each as it would be alone, zeros behind its end. Raises SpecError."""
    (x, kernel), (lengths, place), over = operands, given, told.over
    if over is None:
        _refuse(place, rules.conv_lengths_of_dims())
    if over not in x.type.axes:
        _refuse(span, rules.lacks_axis(over, x.type))
    wanted = TensorType("i32", x.type.without(over).axes)
    if lengths.type != wanted:
        _refuse(place, rules.conv_lengths(wanted, lengths.type))
    if told.padding[0] == "same" and told.stride[0] > 1:
        _refuse(span, rules.conv_by_length(over))
    add = session.graphs.builder.add
    within = add("valid_steps", [x, lengths], span, ValidSteps(over, lengths=True, mask=False))
    made = add(NAME, [within, kernel], span, told)
    left = _left(session, lengths, kernel.type.dims[0], told, span)
    made = add("valid_steps", [made, left], span, ValidSteps(told.to or over, lengths=True, mask=False))
    return replace(made, named={"lengths": left})


def _left(session: Session, lengths: Tensor, width: int, told: Conv, span: Span) -> Tensor:
    """i32: how many places the kernel takes in rows of these `lengths`."""
    stride, missing = told.stride[0], width if told.padding[0] == "valid" else 1
    moved = _whole(session, "add", lengths, stride - missing, span)
    counts = _whole(session, "floordiv", moved, stride, span)
    return _whole(session, "maximum", counts, 0, span) if missing > stride else counts


def _whole(session: Session, op: str, a: Tensor, b: int, span: Span) -> Tensor:
    """`op` of a tensor and a plain whole number; `a` itself where nothing is added, or it is divided by one."""
    if (op, b) in (("add", 0), ("floordiv", 1)):
        return a
    return session.graphs.builder.add(op, [a, session.literal(b, "i32", span)], span)


def _refuse(span: Span, clause: Clause) -> NoReturn:
    codes.mismatch(span, NAME, clause).throw()
