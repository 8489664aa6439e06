"""Recipes of initializers from expressions: numbers, arrays, initializers, and elementwise operations of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rnndsl.elaborate.evaluate import functions
from rnndsl.elaborate.evaluate.applying import attribute, normal
from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.evaluate.lookup import binding, is_tensor
from rnndsl.elaborate.state.arithmetic import compute, shape_of
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, Lazy
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    Builtin,
    InitializerName,
    InitializerValue,
    Recipe,
    Special,
    UserFunction,
    Value,
    VariableRef,
)
from rnndsl.language.drawing import OPERANDS, START
from rnndsl.language.initializers import DISTRIBUTIONS, MODES, PARAMETERS
from rnndsl.language.ops.op import Op, Required
from rnndsl.language.ops.table import BINARY_OPERATORS, OPS
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.plan.model import TensorType
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds, rules
from rnndsl.text.codes import types as type_codes
from rnndsl.text.source import Span

_MAX_DEPTH = 50


def resolve(session: Session, expr: tree.Expr, env: Env) -> Recipe:
    """What `expr` comes to, `env` knowing the fans of the variable. Raises SpecError."""
    match expr:
        case tree.Call():
            return _call(session, expr, env)
        case tree.Binary() if OPS[BINARY_OPERATORS[expr.op]].combines:
            return _combined(session, OPS[BINARY_OPERATORS[expr.op]], [expr.left, expr.right], {}, expr.span, env)
        case tree.Unary():
            return _combined(session, OPS["neg" if expr.op == "-" else expr.op], [expr.operand], {}, expr.span, env)
        case tree.Conditional() if isinstance(condition := session.evaluate(expr.condition, env), bool):
            return resolve(session, expr.yes if condition else expr.no, env)
        case tree.Name() if isinstance(found := binding(session, expr, env), Lazy) and found.kind == "const" and found.env:
            return resolve(session, found.exprs[0], found.env)
        case _:
            return _of_value(session, session.evaluate(expr, env), expr, env)


def _call(session: Session, expr: tree.Call, env: Env) -> Recipe:
    function = session.evaluate(expr.function, env)
    match function:
        case InitializerName():
            return _builtin(session, function.name, expr, env)
        case UserFunction():
            return _defined(session, function, expr, env)
        case Special(name="tabulate"):
            return Recipe("values", {"value": functions.table(session, expr, env)})
        case Builtin() if function.op.combines:
            bound = bind(function.op.name, {p.name: p.default for p in function.op.parameters}, expr)
            operands = [x for p in function.op.tensors if (x := bound[p.name].expr) is not None]
            told = {
                p.name: given.default if given.expr is None else attribute(session, function.op.name, p, given.expr, env)
                for p in function.op.parameters
                if p.kind != "tensor"
                for given in (bound[p.name],)
            }
            return _combined(session, function.op, operands, normal(function.op, told), expr.span, env)
        case _:
            return _of_value(session, session.evaluate(expr, env), expr, env)


def _of_value(session: Session, value: Value, expr: tree.Expr, env: Env) -> Recipe:
    match value:
        case InitializerName():
            return _builtin(session, value.name, tree.Call(expr.span, expr, ()), env)
        case InitializerValue():
            return resolve(session, value.expr, replace(value.env, fans=env.fans))
        case UserFunction() if value.definition.kind == "initializer":
            return _defined(session, value, tree.Call(expr.span, expr, ()), env)
        case int() | float():
            return Recipe("constant", {"value": value})
        case list():
            return Recipe("values", {"value": value})
        case VariableRef():
            return Recipe(START, {"of": value.path})
        case _:
            kinds.no_initializer(expr.span, describe(value)).throw()


def _builtin(session: Session, name: str, call: tree.Call, env: Env) -> Recipe:
    bound = bind(name, dict(PARAMETERS[name]), call)
    if name == "values" and (array := bound["value"].expr) is not None:
        return _array(session, array, env)
    arguments = {key: _argument(session, name, key, given, env) for key, given in bound.items()}
    return Recipe(name, arguments)


def _array(session: Session, expr: tree.Expr, env: Env) -> Recipe:
    """`values(EXPR)`: numbers known at compile time."""
    found = resolve(session, expr, env)
    if found.name not in ("constant", "values"):
        kinds.number(expr.span, describe(InitializerValue(expr, env)), "value", "values").throw()
    return Recipe("values", found.arguments)


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
    """An `initializer`, or a `fn` of initializers and arrays."""
    definition = function.definition
    defaults = dict(zip((p.name for p in definition.params), definition.defaults, strict=True))
    bound = bind(definition.name.name, {n: Required if d is None else None for n, d in defaults.items()}, call)
    own = replace(function.env.child(function.scope), fans=env.fans)
    for name, given in bound.items():
        default = defaults[name]
        if given.expr is not None:
            own.names[name] = _given(session, given.expr, env)
        elif default is not None:
            own.names[name] = _given(session, default, own)
    with session.budget.deeper(call.span, definition.name.name, _MAX_DEPTH):
        return resolve(session, definition.value, own)


def _given(session: Session, expr: tree.Expr, env: Env) -> Value:
    """What an argument is worth; an array is worked out where it is read. Nothing is left in the graph."""
    with session.graphs.building(session.graphs.new_builder()):
        value = session.evaluate(expr, env)
    return InitializerValue(expr, env) if is_tensor(value) else value


def _combined(session: Session, op: Op, exprs: Sequence[tree.Expr], told: Mapping[str, Any], span: Span, env: Env) -> Recipe:
    """`op` of numbers and arrays, at once; or of what is drawn for each variable."""
    recipes = [resolve(session, each, env) for each in exprs]
    values = [x.arguments["value"] for x in recipes if x.name in ("constant", "values")]
    if len(values) == len(recipes):
        folded = _folded(op, values, told, span)
        return Recipe("values" if isinstance(folded, list) else "constant", {"value": cast("object", folded)})
    operands: list[object] = [_operand(x) for x in recipes]
    return Recipe(op.name, {OPERANDS: operands, **told})


def _operand(recipe: Recipe) -> object:
    """A plain number, or a recipe as the plan has it."""
    if recipe.name == "constant" and not isinstance(recipe.arguments["value"], list):
        return recipe.arguments["value"]
    return {"name": recipe.name, "arguments": dict(recipe.arguments)}


def _folded(op: Op, values: Sequence[object], told: Mapping[str, Any], span: Span) -> object:
    """`op` place by place of arrays of one shape, and of plain numbers."""
    lists = [cast("list[object]", x) for x in values if isinstance(x, list)]
    if not lists:
        return compute(op, values, span, told)
    shapes = list(dict.fromkeys(shape_of(x, span)[0] for x in lists))
    if len(shapes) > 1:
        clause = rules.unlike_arrays(*(TensorType("f32", (), dims) for dims in shapes[:2]))
        type_codes.mismatch(span, op.shown, TypeRuleError(clause)).throw()
    rows = [cast("list[object]", x) if isinstance(x, list) else [x] * shapes[0][0] for x in values]
    return [_folded(op, row, told, span) for row in zip(*rows, strict=True)]
