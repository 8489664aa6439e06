"""Evaluates expressions: plain numbers at compile time, tensors into nodes of the graph in the making."""

from __future__ import annotations

from rnndsl.elaborate import calls
from rnndsl.elaborate.evaluate import attributes, indexing, lookup, steps
from rnndsl.elaborate.evaluate.unify import alone, unify
from rnndsl.elaborate.state.arithmetic import check_whole, compute
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import CollectionValue, InitializerValue, RecordValue, TrainingFlag, Value
from rnndsl.language.ops.table import BINARY_OPERATORS, OPS
from rnndsl.language.rules.types import INTS
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds, places
from rnndsl.text.codes import names as codes
from rnndsl.text.source import Span

_LOGIC = frozenset({"and", "or"})
_EQUALITIES = frozenset({"==", "!="})


def evaluate(session: Session, expr: tree.Expr, env: Env) -> Value:
    """What `expr` is worth in `env`. Raises SpecError, or Poisoned where a fault has been told already."""
    if isinstance(expr, tree.Number | tree.String | tree.Boolean):
        return expr.value
    session.budget.enter(expr.span)
    try:
        return _evaluate(session, expr, env)
    finally:
        session.budget.leave()


def _evaluate(session: Session, expr: tree.Expr, env: Env) -> Value:
    match expr:
        case tree.Number() | tree.String() | tree.Boolean():
            return expr.value
        case tree.Name():
            return lookup.name(session, expr, env)
        case tree.Binary():
            return _chain(session, expr, env)
        case tree.Unary():
            return _unary(session, expr, env)
        case tree.Call():
            return calls.call(session, expr, env)
        case tree.Index():
            return indexing.index(session, expr, env)
        case tree.AxisIndex():
            return steps.of_axis(session, expr, env)
        case tree.Delay():
            return indexing.delay(session, expr, env)
        case tree.Attribute():
            return attributes.attribute(session, expr, env)
        case tree.Conditional():
            return _conditional(session, expr, env)
        case tree.ListExpr():
            items = [evaluate(session, item, env) for item in expr.items]
            session.budget.check_list(items, expr.span)
            return items
        case tree.Record():
            return _record(session, expr, env)
        case tree.CollectionSet():
            return CollectionValue(tuple(n.name for n in expr.names))
        case tree.Range():
            places.range_as_value(expr.span).throw()


def _chain(session: Session, expr: tree.Binary, env: Env) -> Value:
    """A chain of operators from its left end, without recursion: `a + b + c + …` may be long."""
    spine: list[tree.Binary] = []
    node: tree.Expr = expr
    while isinstance(node, tree.Binary):
        spine.append(node)
        node = node.left
    value = evaluate(session, node, env)
    for each in reversed(spine):
        right = evaluate(session, each.right, env)
        value = _binary(session, each, value, right, env)
    return value


def _binary(session: Session, expr: tree.Binary, left: Value, right: Value, env: Env) -> Value:
    if isinstance(left, TrainingFlag) or isinstance(right, TrainingFlag):
        return _training_logic(expr, left, right)
    if expr.op in _EQUALITIES and not (_is_runtime(left) or _is_runtime(right)):
        return (left == right) == (expr.op == "==")
    if OPS[BINARY_OPERATORS[expr.op]].combines and (lookup.is_initializer(left) or lookup.is_initializer(right)):
        return InitializerValue(expr, env)
    if _is_number(left) and _is_number(right) and expr.op != "@":
        _check_kinds(expr, left, right)
        return compute(OPS[BINARY_OPERATORS[expr.op]], [left, right], expr.span)
    a, b = unify(session, [(left, expr.left.span), (right, expr.right.span)], env)
    if a.type.dtype in INTS and not _is_runtime(right):
        check_whole(expr.op, right, expr.span)
    return session.graphs.builder.add(BINARY_OPERATORS[expr.op], [a, b], expr.span)


def _check_kinds(expr: tree.Binary, left: Value, right: Value) -> None:
    logic = expr.op in _LOGIC
    for value, span in ((left, expr.left.span), (right, expr.right.span)):
        if isinstance(value, bool) != logic:
            (kinds.not_a_bool if logic else kinds.not_a_number)(span, describe(value)).throw()


def _is_number(value: Value) -> bool:
    return isinstance(value, bool | int | float)


def _is_runtime(value: Value) -> bool:
    return not isinstance(value, bool | int | float | str) and lookup.is_tensor(value)


def _training_logic(expr: tree.Binary, left: Value, right: Value) -> Value:
    flag, other = (left, right) if isinstance(left, TrainingFlag) else (right, left)
    if expr.op not in _LOGIC or not isinstance(other, bool):
        kinds.training_as_operand(expr.span).throw()
    return flag if other == (expr.op == "and") else other


def _unary(session: Session, expr: tree.Unary, env: Env) -> Value:
    value = evaluate(session, expr.operand, env)
    if isinstance(value, TrainingFlag) and expr.op == "not":
        return TrainingFlag(not value.negated)
    if _is_number(value):
        if isinstance(value, bool) != (expr.op == "not"):
            (kinds.not_a_bool if expr.op == "not" else kinds.not_a_number)(expr.operand.span, describe(value)).throw()
        return not value if expr.op == "not" else -value  # pyright: ignore[reportOperatorIssue, reportUnknownVariableType]
    if lookup.is_initializer(value):
        return InitializerValue(expr, env)
    tensor = alone(session, value, expr.operand.span, env)
    return session.graphs.builder.add("not" if expr.op == "not" else "neg", [tensor], expr.span)


def _conditional(session: Session, expr: tree.Conditional, env: Env) -> Value:
    condition = evaluate(session, expr.condition, env)
    if isinstance(condition, bool):
        return evaluate(session, expr.yes if condition else expr.no, env)
    if not isinstance(condition, TrainingFlag):
        kinds.condition_at_run_time(expr.condition.span, describe(condition)).throw()
    yes, no = evaluate(session, expr.yes, env), evaluate(session, expr.no, env)
    if condition.negated:
        yes, no = no, yes
    if not lookup.is_tensor(yes) and not lookup.is_tensor(no) and yes == no:
        return yes
    a, b = unify(session, [(yes, expr.yes.span), (no, expr.no.span)], env)
    builder = session.graphs.builder
    if a.type.axes and not lookup.is_tensor(no):
        b = builder.add("add", [builder.add("zeros_like", [a], expr.span), b], expr.span)
    elif b.type.axes and not lookup.is_tensor(yes):
        a = builder.add("add", [builder.add("zeros_like", [b], expr.span), a], expr.span)
    return builder.add("if_training", [a, b], expr.span)


def _record(session: Session, expr: tree.Record, env: Env) -> Value:
    fields: dict[str, Value] = {}
    spans: dict[str, Span] = {}
    for each in expr.fields:
        assert each.name is not None
        if each.name in fields:
            codes.field_twice(each.span, each.name, spans[each.name]).throw()
        fields[each.name] = evaluate(session, each.value, env)
        spans[each.name] = each.span
    return RecordValue(fields, spans)
