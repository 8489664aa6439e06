"""Functions whose arguments are lists, axes or collections: `concat`, `split`, `einsum`, `tabulate`, `l2`, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rnndsl.elaborate.evaluate import applying, lookup, rows
from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.evaluate.unify import alone, unify
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import AxisValue, Builtin, CollectionValue, Tensor, UserFunction, Value
from rnndsl.language.ops.op import Required
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Attributes, Dim, Dims, Einsum, OfCollection, Over, Renamed, Steps
from rnndsl.plan.indices import All, Index, Item, Part
from rnndsl.plan.model import Scan, TensorType
from rnndsl.plan.ordering import Largest
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments as codes
from rnndsl.text.codes import kinds, places
from rnndsl.text.codes import sizes as limit_codes
from rnndsl.text.codes import types as type_codes
from rnndsl.text.source import Span

Special = Callable[[Session, tree.Call, Env], Value]


def items(session: Session, given: Bound, env: Env, function: str) -> list[tuple[Value, Span]]:
    """The values of a list argument, with the places of its items where it is written as a list."""
    assert given.expr is not None
    if isinstance(given.expr, tree.ListExpr) and given.expr.items:
        return [(session.evaluate(e, env), e.span) for e in given.expr.items]
    value = session.evaluate(given.expr, env)
    if not isinstance(value, list) or not value:
        if value == []:
            codes.empty_list(given.expr.span, function).throw()
        codes.no_values(given.expr.span, function, describe(value)).throw()
    return [(each, given.expr.span) for each in value]


def integer(session: Session, given: Bound, env: Env, function: str, name: str) -> int:
    if given.expr is None:
        return int(given.default)
    value = session.evaluate(given.expr, env)
    if isinstance(value, bool) or not isinstance(value, int):
        kinds.whole_number(given.expr.span, describe(value), name, function).throw()
    return value


def axis(session: Session, expr: tree.Expr, env: Env) -> str:
    """The name of an axis. Raises SpecError."""
    value = session.evaluate(expr, env)
    if not isinstance(value, AxisValue):
        type_codes.unknown_axis(expr.span, expr.span.text).throw()
    return value.name


def _concat(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("concat", {"values": Required, "axis": -1}, call)
    tensors = unify(session, items(session, bound["values"], env, "concat"), env)
    dim = applying.from_end(tensors[0], integer(session, bound["axis"], env, "concat", "axis"), call.span)
    return session.graphs.builder.add("concat", tensors, call.span, Dim(dim))


def _stack(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("stack", {"values": Required}, call)
    tensors = unify(session, items(session, bound["values"], env, "stack"), env)
    return session.graphs.builder.add("stack", tensors, call.span)


def _split(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("split", {"x": Required, "n": Required, "axis": -1}, call)
    assert bound["x"].expr is not None
    x = alone(session, session.evaluate(bound["x"].expr, env), bound["x"].expr.span, env)
    n = integer(session, bound["n"], env, "split", "n")
    dim = applying.from_end(x, integer(session, bound["axis"], env, "split", "axis"), call.span)
    size = x.type.dims[dim]
    if n < 1 or size % n:
        type_codes.unequal_parts(call.span, size, n).throw()
    width = size // n
    return [_slice(session, x, dim, k * width, (k + 1) * width, call.span) for k in range(n)]


def _slice(session: Session, x: Tensor, dim: int, start: int, stop: int, span: Span) -> Tensor:
    selection: list[Item] = [All()] * len(x.type.dims)
    selection[dim] = Part(start, stop)
    return session.graphs.builder.add("index", [x], span, Index(tuple(selection)))


def _sort(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("sort", {"x": Required, "axis": -1}, call)
    assert bound["x"].expr is not None
    x = alone(session, session.evaluate(bound["x"].expr, env), bound["x"].expr.span, env)
    dim = applying.from_end(x, integer(session, bound["axis"], env, "sort", "axis"), call.span)
    return _taken(session, x, "order", Dim(dim), Dim(dim), call.span)[0]


def _top_k(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("top_k", {"x": Required, "k": Required}, call)
    assert bound["x"].expr is not None
    x = alone(session, session.evaluate(bound["x"].expr, env), bound["x"].expr.span, env)
    k = integer(session, bound["k"], env, "top_k", "k")
    if k < 1:
        type_codes.not_a_dim(call.span, k).throw()
    values, ids = _taken(session, x, "largest", Largest(k), Dim(-1), call.span)
    return replace(values, named={"values": values, "ids": ids})


def _taken(session: Session, x: Tensor, op: str, which: Attributes, along: Dim, span: Span) -> tuple[Tensor, Tensor]:
    """The numbers of `x` at the places that `op` finds, and these places."""
    builder = session.graphs.builder
    ids = builder.add(op, [x], span, which)
    return builder.add("take", [x, ids], span, along), ids


def _einsum(session: Session, call: tree.Call, env: Env) -> Value:
    if not call.arguments or not isinstance(call.arguments[0].value, tree.String):
        codes.no_equation(call.span).throw()
    operands = [(session.evaluate(a.value, env), a.value.span) for a in call.arguments[1:]]
    equation = call.arguments[0].value.value
    return session.graphs.builder.add("einsum", unify(session, operands, env), call.span, Einsum(equation))


def _length(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("len", {"list": Required}, call)
    assert bound["list"].expr is not None
    value = session.evaluate(bound["list"].expr, env)
    if not isinstance(value, list):
        kinds.not_a_list(call.span, describe(value)).throw()
    return len(value)


def _refuse(session: Session, call: tree.Call, env: Env) -> Value:
    """`if cond then a else refuse("text")`. Raises SpecError always."""
    bound = bind("refuse", {"text": Required}, call)
    assert bound["text"].expr is not None
    text = session.evaluate(bound["text"].expr, env)
    if not isinstance(text, str):
        kinds.text(bound["text"].expr.span, describe(text)).throw()
    places.required(call.span, text, {}, call.span).throw()


def _tabulate(session: Session, call: tree.Call, env: Env) -> Value:
    return session.literal(table(session, call, env), env.defaults.dtype, call.span)


def table(session: Session, call: tree.Call, env: Env) -> list[Any]:
    """`tabulate(n, m, f)`: the numbers [n, m] of `f(i, j)`; `tabulate(n, f)`: [n] of `f(i)`."""
    positional = len(call.arguments) == 2 and all(a.name is None for a in call.arguments)
    names = {"n": Required, "f": Required} if positional else {"n": Required, "m": Required, "f": Required}
    bound = bind("tabulate", names, call)
    sizes = [integer(session, bound[k], env, "tabulate", k) for k in ("n", "m") if k in bound]
    total = 1
    for size in sizes:
        if size < 1:
            type_codes.not_a_dim(call.span, size).throw()
        total *= size
    if total > limit_codes.MAX_TABLE:
        limit_codes.table_too_large(call.span, total).throw()
    assert bound["f"].expr is not None
    function = session.evaluate(bound["f"].expr, env)
    if not isinstance(function, UserFunction | Builtin):
        kinds.table_function(bound["f"].expr.span, describe(function)).throw()
    return [_entry(session, function, (i,), sizes[1:], env, call.span) for i in range(sizes[0])]


def _entry(session: Session, function: Value, at: tuple[int, ...], rest: list[int], env: Env, span: Span) -> Any:
    if rest:
        return [_entry(session, function, (*at, j), rest[1:], env, span) for j in range(rest[0])]
    with session.budget.refunding():
        value = applying.call_value(session, function, at, env, span)
    if isinstance(value, bool) or not isinstance(value, int | float):
        kinds.not_constant(span, describe(value)).throw()
    return value


def _position(session: Session, call: tree.Call, env: Env) -> Value:
    bound = bind("position", {"over": Required}, call)
    assert bound["over"].expr is not None
    over = axis(session, bound["over"].expr, env)
    known = (*session.graphs.builder.inputs, *(n for n in session.graphs.builder.nodes if not isinstance(n, Scan)))
    like = next((each for each in known if over in each.type.axes), None)
    if like is None:
        type_codes.no_such_axis(call.span, over).throw()
    return session.graphs.builder.add("position", [Tensor(like.id, like.type)], call.span, Over(over))


def _window(session: Session, call: tree.Call, env: Env) -> Value:
    """x shifted by n - 1, …, 1, 0 steps, along a new first dim."""
    bound = bind("window", {"x": Required, "n": Required, "over": Required}, call)
    assert bound["x"].expr is not None
    assert bound["over"].expr is not None
    x = session.tensor(session.evaluate(bound["x"].expr, env), bound["x"].expr.span)
    n, over = integer(session, bound["n"], env, "window", "n"), axis(session, bound["over"].expr, env)
    if n < 1:
        type_codes.not_a_dim(call.span, n).throw()
    builder, dims = session.graphs.builder, Dims((1, *x.type.dims))
    x = rows.only_counting(session, OPS["shift"], x, over, call.span)
    shifted = [builder.add("shift", [x], call.span, Steps(over, k)) for k in reversed(range(n))]
    steps = [builder.add("reshape", [each], call.span, dims) for each in shifted]
    return builder.add("concat", steps, call.span, Dim(-len(dims.dims)))


def _rename(session: Session, call: tree.Call, env: Env) -> Value:
    if len(call.arguments) != 2 or call.arguments[0].name is not None or call.arguments[1].name is None:
        codes.rename_form(call.span).throw()
    value, new = call.arguments
    assert new.name is not None
    x = session.tensor(session.evaluate(value.value, env), value.value.span)
    old = lookup.binding(session, tree.Name(new.name_span or new.span, new.name), env)
    source = old.name if isinstance(old, AxisValue) else new.name
    return session.graphs.builder.add("rename", [x], call.span, Renamed(source, axis(session, new.value, env)))


def _penalty(op: str) -> Special:
    def penalty(session: Session, call: tree.Call, env: Env) -> Value:
        bound = bind("l1" if op == "abs" else "l2", {"collection": Required}, call)
        assert bound["collection"].expr is not None
        value = session.evaluate(bound["collection"].expr, env)
        if not isinstance(value, CollectionValue) or len(value.names) != 1:
            kinds.one_collection(bound["collection"].expr.span, describe(value)).throw()
        type = TensorType(env.defaults.dtype)
        made = session.graphs.builder.leaf("penalty", type, OfCollection(value.names[0], op), call.span)
        session.registry.penalties[made.id] = call.span
        return made

    return penalty


SPECIALS: Mapping[str, Special] = MappingProxyType(
    {
        "concat": _concat,
        "stack": _stack,
        "split": _split,
        "sort": _sort,
        "top_k": _top_k,
        "einsum": _einsum,
        "len": _length,
        "refuse": _refuse,
        "tabulate": _tabulate,
        "position": _position,
        "window": _window,
        "rename": _rename,
        "l1": _penalty("abs"),
        "l2": _penalty("square"),
    }
)
