"""Types as written: dims evaluated, axes told from dims, inputs of blocks and cells matched."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, failed
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import AxisValue, DTypeValue, Instance, Tensor, Value
from rnndsl.language.builtins import DTYPES
from rnndsl.language.rules.types import TypeRuleError, broadcast_dims
from rnndsl.plan.model import DType, TensorType
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.text.codes import sizes
from rnndsl.text.codes import types as codes
from rnndsl.text.source import Span

_MAX_DIM = 1 << 40


def dtype(session: Session, name: tree.Name, env: Env) -> DType:
    """The dtype that `name` stands for: one of the language, or a constructor parameter."""
    found = _value(session, name, env)
    if not isinstance(found, DTypeValue):
        codes.unknown_dtype(name.span, name.name, DTYPES).throw()
    return found.name


def _value(session: Session, name: tree.Name, env: Env) -> Value | None:
    """What a name is worth, None if nothing that it may stand for is there."""
    found = lookup.binding(session, name, env)
    return None if found is None else lookup.bound(session, found)


def axis_of(session: Session, dim: tree.Expr | tree.Rest, env: Env) -> str | None:
    """The axis that a part of a type names, or None if it is a dim."""
    if not isinstance(dim, tree.Name):
        return None
    value = _value(session, dim, env)
    return value.name if isinstance(value, AxisValue) else None


def dim(session: Session, expr: tree.Expr, env: Env) -> int:
    """A dim: a positive whole number known at compile time."""
    value = session.evaluate(expr, env)
    if isinstance(value, int) and value >= _MAX_DIM:
        sizes.dim_too_large(expr.span, value, _MAX_DIM - 1).throw()
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        codes.not_a_dim(expr.span, describe(value)).throw()
    return value


def dims_of(session: Session, expr: tree.Expr, env: Env) -> list[int]:
    """A dim, or a list of dims."""
    value = session.evaluate(expr, env)
    if not isinstance(value, list):
        return [dim(session, expr, env)]
    if not all(isinstance(each, int) and not isinstance(each, bool) and 0 < each < _MAX_DIM for each in value):
        codes.not_a_dim(expr.span, describe(value)).throw()
    return [each for each in value if isinstance(each, int)]


def full(session: Session, expr: tree.TensorTypeExpr, env: Env, default: DType) -> TensorType:
    """A type whose parts are all known: of a model's input, a variable or a state."""
    kind = dtype(session, expr.dtype, env) if expr.dtype else default
    axes: list[str] = []
    dims: list[int] = []
    for part in expr.dims:
        if isinstance(part, tree.Rest):
            codes.rest_out_of_place(part.span).throw()
        axis = axis_of(session, part, env)
        if axis is None:
            _check_bound(session, part, env)
            dims += dims_of(session, part, env)
        elif dims or axis in axes:
            codes.axes_late(part.span, session.graphs.axes).throw()
        else:
            axes.append(axis)
    ordered = tuple(a for a in session.graphs.axes if a in axes)
    if ordered != tuple(axes):
        codes.axes_late(expr.span, session.graphs.axes).throw()
    return TensorType(kind, ordered, tuple(dims))


def _check_bound(session: Session, part: tree.Expr, env: Env) -> None:
    """Raises SpecError for the name of a dim that an input further on will bind."""
    if not isinstance(part, tree.Name) or lookup.binding(session, part, env) is not None:
        return
    sites = (site for definition in lookup.definitions(part, env) for site in definition.sites if site.kind == "dim")
    later = next((site.statement for site in sites if site.span.start > part.span.start), None)
    if isinstance(later, tree.Input):
        codes.dim_bound_later(part.span, part.name, later.name.name, later.span).throw()


@record
class _Application(Immutable):
    """One application of a layer, for the diagnostics of its inputs."""

    layer: str
    instance: Instance | None
    span: Span


def match(session: Session, statement: tree.Input, given: Tensor, env: Env, instance: Instance, span: Span) -> None:
    """Matches the value given for an input against its declared type; binds names of dims. Raises SpecError."""
    declared = statement.type
    if declared is None:
        return
    application = _Application(instance.constructor.definition.name.name, instance, span)
    if declared.dtype is not None and dtype(session, declared.dtype, env) != given.type.dtype:
        _mismatch(session, statement, given, env, application)
    parts: list[tree.Expr] = []
    for part in declared.dims:
        if isinstance(part, tree.Rest):
            continue
        axis = axis_of(session, part, env)
        if axis is None:
            parts.append(part)
        elif axis not in given.type.axes:
            _mismatch(session, statement, given, env, application)
    has_rest = any(isinstance(part, tree.Rest) for part in declared.dims)
    dims = given.type.dims
    if len(parts) > len(dims) or (len(parts) < len(dims) and not has_rest):
        _mismatch(session, statement, given, env, application)
    for part, size in zip(reversed(parts), reversed(dims), strict=False):
        _match_dim(session, part, size, statement, given, env, application)


def _match_dim(
    session: Session, part: tree.Expr, size: int, statement: tree.Input, given: Tensor, env: Env, at: _Application
) -> None:
    if isinstance(part, tree.Name) and binds(part, statement, env):
        assert at.instance is not None
        bound = at.instance.dims.setdefault(part.name, size)
        env.frame().names[part.name] = bound
        if bound != size:
            env.frame().names[part.name] = failed(part.name, part.span)
            codes.dim_clash(at.span, part.name, bound, size, at.instance.path or at.layer, at.instance.first).throw()
        return
    if dim(session, part, env) != size:
        _mismatch(session, statement, given, env, at)


def binds(part: tree.Expr | tree.Rest, statement: tree.Input, env: Env) -> bool:
    """Whether a name in the type of an input binds a dim: the binder says that it may, and nothing local has it yet."""
    if not isinstance(part, tree.Name):
        return False
    sites = (site for definition in lookup.definitions(part, env) for site in definition.sites)
    may_bind = any(site.kind == "dim" and site.statement is statement for site in sites)
    return may_bind and not any(part.name in each.names for each in lookup.local(part, env))


def _mismatch(session: Session, statement: tree.Input, given: Tensor, env: Env, at: _Application) -> None:
    assert statement.type is not None
    named = [d for d in statement.type.dims if isinstance(d, tree.Name)]
    known = {d.name: size for d in named if isinstance(size := lookup.binding(session, d, env), int)}
    written = statement.type.span.text
    codes.input_mismatch(at.span, statement.name.name, at.layer, written, known, given.type, statement.span).throw()


def fits(given: TensorType, into: TensorType) -> bool:
    """Whether a value of type `given` can be broadcast to `into`."""
    if given.dtype != into.dtype or any(a not in into.axes for a in given.axes):
        return False
    try:
        return broadcast_dims([given, into]) == into.dims
    except TypeRuleError:
        return False
