"""Variables: declared in blocks, cells and models; initialisers, trainability and collections settled at the end."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.evaluate.lookup import is_word
from rnndsl.elaborate.layers import initializers
from rnndsl.elaborate.layers.defaults import joined
from rnndsl.elaborate.state import origins
from rnndsl.elaborate.state.bytes import size_of
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, join
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerValue, VariableRef
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import DType, Initializer
from rnndsl.plan.tables import Bounds
from rnndsl.syntax import tree
from rnndsl.text.codes import places
from rnndsl.text.codes import sizes as limit_codes
from rnndsl.text.codes import variables as codes
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.source import Span


def declare(session: Session, statement: tree.VariableDecl, name: str, env: Env) -> VariableRef:
    """The variable of a `param` or `var`; the same one at each further application of its layer."""
    frame = env.frame()
    path = join(frame.path, name)
    assert statement.type is not None  # a slot's alone is left out
    type = types.full(session, statement.type, env, frame.defaults.dtype)
    if type.axes:
        places.axis_of_variable(statement.type.span).throw()
    if session.reports.anonymous:
        owner, span = session.reports.anonymous[-1]
        places.unnamed_layer(span, owner).throw()
    owner = env.instance.key if env.instance else ""
    if not session.registry.claim(path, statement.span):
        _check_owner(session, path, owner, env)
        return VariableRef(path)
    _check_size(session, path, type.dims, type.dtype, statement.span)
    inherits = statement.initializer is not None and initializers.inherits(statement.initializer)
    own = InitializerValue(statement.initializer, env) if statement.initializer is not None and not inherits else None
    if own is not None and (otherwise := initializers.inherited_or(session, own.expr, env)) is not None:
        own, inherits = otherwise, True
    session.registry.variables[path] = VariableRecord(
        path=path,
        kind=statement.kind,
        dtype=type.dtype,
        shape=type.dims,
        initializer=own,
        inherits=inherits,
        frozen=statement.frozen,
        collections=joined(session, statement.collections, "variables"),
        defaults=frame.defaults,
        span=statement.span,
        device=frame.defaults.device,
        owner=owner,
        bounds=None if statement.bounds is None else _bounds(session, statement, path, type.dtype, env),
    )
    return VariableRef(path)


def _bounds(session: Session, statement: tree.VariableDecl, path: str, dtype: DType, env: Env) -> Bounds:
    """The numbers of a `bounds` clause. Raises SpecError."""
    assert statement.bounds is not None
    span = Span(statement.span.source, statement.bounds[0].span.start, statement.bounds[1].span.end)
    if statement.kind == "var" or dtype not in FLOATS:
        codes.bounds_of(span, path, f"a `{statement.kind}` of {dtype}").throw()
    low, high = (_bound(session, expr, path, env) for expr in statement.bounds)
    if low is None and high is None:
        codes.no_bounds(span, path).throw()
    if low is not None and high is not None and not low < high:
        codes.empty_bounds(span, path, low, high).throw()
    return low, high


def _bound(session: Session, expr: tree.Expr, path: str, env: Env) -> float | None:
    if is_word(expr, "none") is not None:
        return None
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int | float):
        codes.bound(expr.span, path, describe(value)).throw()
    return float(value)


def _check_owner(session: Session, path: str, owner: str, env: Env) -> None:
    """Two layers never share a variable, even if `path` puts both under one."""
    if path not in session.registry.variables:
        raise Poisoned
    if session.registry.variables[path].owner == owner or env.instance is None:
        return
    other = session.registry.instances[session.registry.variables[path].owner]
    places.variable_taken(env.instance.span, path, other.span).throw()


def _check_size(session: Session, path: str, shape: tuple[int, ...], dtype: DType, span: Span) -> None:
    """No variable, nor all together, beyond the limit: said before anything is allocated."""
    size = size_of(dtype, shape)
    session.budget.bytes += size
    if session.budget.bytes <= limit_codes.MAX_BYTES:
        return
    session.budget.bytes -= size
    if size > limit_codes.MAX_BYTES:
        limit_codes.variable_too_large(span, path, shape, size).throw()
    limit_codes.variables_too_large(span, path, session.budget.bytes + size).throw()


def initializer(session: Session, record: VariableRecord, selected: tuple[InitializerValue, str] | None) -> tuple[Initializer, str]:
    """The initialiser of a variable and why it is this one.

    In this order (language, section 5): a selector, the declaration, inheritance, the default.
    """
    if selected is not None:
        return initializers.recipe(session, selected[0], record.path, record.shape, record.dtype, record.span), selected[1]
    if record.initializer is not None and not (record.inherits and record.defaults.init is not None):
        made = initializers.recipe(session, record.initializer, record.path, record.shape, record.dtype, record.span)
        return made, origins.declared(record.span)
    inherited = record.defaults.init
    if record.inherits and inherited is None:
        codes.nothing_inherited(record.span, record.path).throw()
    if inherited is not None and (record.inherits or (record.kind == "param" and len(record.shape) >= 2)):
        return initializers.recipe(session, inherited, record.path, record.shape, record.dtype, record.span), inherited.origin
    floating = record.dtype in ("f16", "bf16", "f32", "f64")
    if len(record.shape) >= 2 and floating:
        return Initializer(name="glorot_uniform"), origins.MATRIX
    return Initializer(name="zeros"), origins.WHOLE if len(record.shape) >= 2 else origins.VECTOR
