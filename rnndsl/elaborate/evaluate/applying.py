"""Applies functions to values that are evaluated already: operations to numbers or tensors, `fn`s inlined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnndsl.elaborate.evaluate import rows
from rnndsl.elaborate.evaluate.lookup import binding, is_tensor, is_word
from rnndsl.elaborate.evaluate.unify import unify_for
from rnndsl.elaborate.state.arithmetic import compute
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import AxisValue, Builtin, DTypeValue, Tensor, UserFunction, Value
from rnndsl.language.builtins import OPTION_WORDS
from rnndsl.language.ops.op import Op, Parameter, Required
from rnndsl.plan.attributes import Size
from rnndsl.plan.model import TensorType
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments as codes
from rnndsl.text.codes import indices, kinds
from rnndsl.text.codes import sizes as limit_codes
from rnndsl.text.codes import types as type_codes
from rnndsl.text.source import Span

_MAX_DEPTH = 100


def normal(op: Op, attrs: dict[str, Any]) -> dict[str, Any]:
    """Attributes as the plan has them: `axis` counts from the end as `dim`."""
    if "axis" in attrs:
        attrs["dim"] = attrs.pop("axis")
    if "dim" in attrs and attrs.get("over") is not None:
        del attrs["dim"]
    return attrs


def attribute(session: Session, function: str, parameter: Parameter, expr: tree.Expr, env: Env) -> Any:
    """The value of an argument that must be known at compile time, as the plan holds it."""
    words = OPTION_WORDS.get(parameter.name, ()) if parameter.kind == "string" else ()
    word = is_word(expr, *words)
    if word is not None:
        return word
    if words and isinstance(expr, tree.Name) and binding(session, expr, env) is None:
        kinds.unknown_word(expr.span, expr.name, words, parameter.name, function).throw()
    value = session.evaluate(expr, env)
    match parameter.kind, value:
        case ("axis", AxisValue()) | ("dtype", DTypeValue()):
            return value.name
        case "dtype", _ if is_tensor(value):
            return session.tensor(value, expr.span).type.dtype
        case "int" | "size", int() if not isinstance(value, bool):
            return value
        case "number", int() | float() if not isinstance(value, bool):
            return value
        case ("bool", bool()) | ("string", str()):
            return value
        case "dims", list() if all(isinstance(d, int) and not isinstance(d, bool) and d > 0 for d in _flat(value)):
            return tuple(_flat(value))
        case _:
            kinds.attribute(expr.span, describe(value), parameter.kind, parameter.name, function).throw()


def _flat(value: Sequence[Value]) -> list[Value]:
    """The items of lists in lists."""
    return [leaf for each in value for leaf in (_flat(each) if isinstance(each, list) else [each])]


def apply_op(session: Session, op: Op, tensors: Sequence[tuple[Value, Span]], attrs: dict[str, Any], span: Span, env: Env) -> Value:
    """`op` on values: at compile time if all are plain numbers, else a node."""
    values = [value for value, _ in tensors]
    if op.scalar is not None and _plain(op, values):
        return compute(op, values, span, attrs)
    args = unify_for(session, op, tensors, env)
    if attrs.get("over") is not None:
        args[0] = rows.only_counting(session, op, args[0], attrs["over"], span)
    if attrs.get("dim", -1) >= 0:
        attrs["dim"] = from_end(args[0], attrs["dim"], span)
    if _is_argument(op, attrs, args):
        return args[0]
    _check_chances(op, tensors)
    if op.outside_training is not None and not env.defaults.training:
        return args[op.outside_training]
    if "random" in op.traits:
        attrs = {**attrs, "stream": session.registry.stream(env.path, session.equation)}
    sizes = [attrs[p.name] for p in op.parameters if p.kind == "size"]
    for size in sizes:
        _check_size(size, size if args else size * size, span)
    if not args:
        return _constant(session, op, attrs, span, env)
    if sizes:
        attrs["dtype"] = env.defaults.dtype
    return session.graphs.builder.add(op.name, args, span, op.attributes(**attrs))


def _is_argument(op: Op, attrs: Mapping[str, Any], args: Sequence[Tensor]) -> bool:
    """Whether the value is the argument itself, which then needs no node: a cast to the dtype that it has is none."""
    return "identity" in op.traits or any(p.kind == "dtype" and attrs[p.name] == args[0].type.dtype for p in op.parameters)


def _check_chances(op: Op, tensors: Sequence[tuple[Value, Span]]) -> None:
    for parameter, (value, span) in zip(op.tensors, tensors, strict=True):
        if parameter.takes == "chance" and isinstance(value, int | float) and not 0 <= value <= 1:
            codes.chance(span, op.name, value).throw()


def _plain(op: Op, values: Sequence[Value]) -> bool:
    """Whether `values` are plain numbers; truth values are a matter of the type rules, but for a condition."""
    pairs = zip(op.tensors, values, strict=True)
    return all(isinstance(v, int | float) and isinstance(v, bool) == (p.takes == "bool") for p, v in pairs)


def from_end(t: Tensor, dim: int, span: Span) -> int:
    """A trailing dim as counted from the end; `dim` may count from the front."""
    rank = len(t.type.dims)
    if not -rank <= dim < rank:
        indices.no_trailing_dim(span, t.type, dim).throw()
    return dim if dim < 0 else dim - rank


def _constant(session: Session, op: Op, attrs: dict[str, Any], span: Span, env: Env) -> Tensor:
    """A square matrix of a size and nothing else."""
    n = int(attrs["n"])
    return session.graphs.builder.leaf(op.name, TensorType(env.defaults.dtype, (), (n, n)), Size(n), span)


def _check_size(size: int, elements: int, span: Span) -> None:
    if size < 1:
        type_codes.not_a_dim(span, size).throw()
    if elements > limit_codes.MAX_ELEMENTS:
        limit_codes.constant_too_large(span, elements).throw()


def inline(session: Session, function: UserFunction, values: dict[str, Binding], env: Env, span: Span) -> Value:
    """The value of a `fn` on `values`; layers, dtypes and `training` are those of the place of the call."""
    inner = function.env.child(function.scope, values)
    inner.path, inner.defaults = env.path, env.defaults
    with session.budget.deeper(span, function.definition.name.name, _MAX_DEPTH):
        return session.evaluate(function.definition.value, inner)


def call_value(session: Session, function: Value, values: Sequence[Value], env: Env, span: Span) -> Value:
    """A function value on values: what `map_state`, `tabulate` and activations do."""
    match function:
        case Builtin():
            attrs = {p.name: p.default for p in function.op.parameters if p.kind != "tensor" and p.takes != "step"}
            _check_parameters(function.op, len(values), span)
            return apply_op(session, function.op, [(v, span) for v in values], normal(function.op, attrs), span, env)
        case UserFunction():
            return inline(session, function, _positional(session, function, values, span), env, span)
        case _:
            codes.not_callable(span, describe(function)).throw()


def _check_parameters(op: Op, count: int, span: Span) -> None:
    """Raises SpecError unless `op` is a function of `count` values, with defaults for the rest."""
    if op.kind == "reduction":
        kinds.elementwise(span, op.name).throw()
    lacking = [p.name for p in op.parameters[count:] if p.default is Required]
    if lacking:
        codes.missing(span, op.name, lacking).throw()
    if count > len(op.tensors):
        codes.wrong_count(span, op.name, len(op.tensors), count).throw()


def _positional(session: Session, function: UserFunction, values: Sequence[Value], span: Span) -> dict[str, Binding]:
    """The parameters of a `fn` with `values` for the first of them, defaults for the others."""
    definition = function.definition
    rest = list(zip(definition.params, definition.defaults, strict=True))[len(values) :]
    if len(values) > len(definition.params) or any(default is None for _, default in rest):
        codes.wrong_parameter_count(span, definition.name.name, len(definition.params), len(values)).throw()
    given: dict[str, Binding] = {p.name: v for p, v in zip(definition.params, values, strict=False)}
    for param, default in rest:
        assert default is not None
        given[param.name] = session.evaluate(default, function.env.child(function.scope, given))
    return given
