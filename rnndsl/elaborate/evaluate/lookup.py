"""What a name stands for."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rnndsl.elaborate.state.environment import Binding, Defaults, Env, Lazy, failed
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    AxisValue,
    BidirectionalResult,
    Builtin,
    DefinitionValue,
    DTypeValue,
    Family,
    InitializerName,
    InitializerValue,
    NoValue,
    OptimizerName,
    ScanResult,
    Special,
    Tensor,
    TrainingFlag,
    UserFunction,
    Value,
    VariableRef,
)
from rnndsl.language import builtins
from rnndsl.language.initializers import PARAMETERS as INITIALIZERS
from rnndsl.language.ops import table as ops
from rnndsl.language.rules.types import widest
from rnndsl.names.binder import enter
from rnndsl.names.check import unknown
from rnndsl.names.modules import Definition
from rnndsl.syntax import tree
from rnndsl.text.codes import time as codes
from rnndsl.text.source import Span


def _values() -> dict[str, Value]:
    values: dict[str, Value] = {name: Builtin(op) for name, op in ops.functions().items()}
    values.update({name: DTypeValue(name) for name in builtins.DTYPES})
    values.update({name: InitializerName(name) for name in INITIALIZERS})
    values.update({name: OptimizerName(name) for name in builtins.OPTIMIZERS})
    values.update({name: Special(name) for name in builtins.SPECIALS})
    values.update({name: AxisValue(name) for name in builtins.AXES})
    values["none"] = NoValue()
    return values


BUILTINS: Mapping[str, Value] = MappingProxyType(_values())


def name(session: Session, expr: tree.Name, env: Env) -> Value:
    """The value of a name. Raises SpecError if nothing that it may stand for is there."""
    found = binding(session, expr, env)
    if env.initial_of is not None:
        _check_initial(expr, found, env, *env.initial_of)
    if found is None:
        unknown(env.scope.module, expr).throw()
    return bound(session, found)


def _check_initial(expr: tree.Name, found: Binding | None, env: Env, state: str, initial: Span) -> None:
    """Raises SpecError for what is known within a step only, in the initial value of a state."""
    sites = [site for definition in env.scope.resolve(expr.name) for site in definition.sites]
    is_of_step = isinstance(found, Tensor) or (isinstance(found, Lazy) and found.kind == "equation")
    if is_of_step or (found is None and any(site.kind in ("input", "given", "equation") for site in sites)):
        codes.initial_from_step(initial, state, expr.name, sites[0].span if sites else None).throw()


def binding(session: Session, expr: tree.Name, env: Env) -> Binding | None:
    """What a name is bound to, which may have to be worked out; None if nothing that it may stand for is there."""
    return first(session, definitions(expr, env), expr.name, env)


def definitions(expr: tree.Name, env: Env) -> tuple[Definition, ...]:
    """What a name may stand for, as the binder has it."""
    use = env.scope.module.bindings.uses.get(expr.span.start)
    return use.definitions if use else ()


def local(expr: tree.Name, env: Env) -> list[Env]:
    """Where a name may be bound, the nearest first, files left out."""
    scopes = [each.scope for each in definitions(expr, env)]
    found = [env.of(scope) for scope in scopes if scope is not None]
    return [each for each in found if each is not None]


def first(session: Session, definitions: Sequence[Definition], name: str, env: Env) -> Binding | None:
    """The binding of the first of `definitions`, all of `name`, that is there."""
    families: list[Env] = []
    for definition in definitions:
        scope = definition.scope
        if families and (scope is None or scope.parent is None):
            break
        if scope is None:
            return _of_language(name, env)
        if scope.parent is None:
            return _of_file(session, definition, env.defaults)
        where = env.of(scope)
        if where is None:
            continue
        if name in where.names and not families:
            return where.names[name]
        if name in where.families:
            families.append(where)
    return Family(name, tuple(each.names for each in families)) if families else None


def _of_language(name: str, env: Env) -> Binding | None:
    match name:
        case "training":
            return TrainingFlag() if env.defaults.training else False
        case builtins.WIDE:
            return DTypeValue(widest((env.defaults.dtype, "f32")))
        case "fan_in" | "fan_out":
            return env.fans[("fan_in", "fan_out").index(name)] if env.fans else None
        case _:
            return BUILTINS.get(name)


def _of_file(session: Session, definition: Definition, defaults: Defaults) -> Binding:
    """The value of a file-level definition, in its own file's names and the dtype of the place that asks."""
    assert definition.scope is not None
    module, site = definition.scope.module, definition.sites[0]
    match site.statement:
        case tree.Definition() as item:
            return DefinitionValue(item, enter(module, item))
        case tree.FunctionDef() as item:
            return UserFunction(item, enter(module, item), Env(module.scope, defaults=defaults))
        case tree.Const() as item:
            enter(module, item)
            return _constant(session, item, Env(module.scope, defaults=defaults))
        case tree.AxisDecl():
            return AxisValue(definition.name)
        case _:  # an import in vain
            return failed(definition.name, site.span)


def _constant(session: Session, item: tree.Const, env: Env) -> Lazy:
    """A file's constant, evaluated once a graph and dtype."""
    key = id(item), session.graphs.builder, env.defaults.dtype
    lazy = session.constants.get(key)
    if lazy is None:
        compute = functools.partial(session.evaluate, item.value, env)
        lazy = Lazy(item.name.name, item.span, compute, "const", exprs=(item.value,), env=env)
        session.constants[key] = lazy
    return lazy


def bound(session: Session, binding: Binding) -> Value:
    return session.force(binding) if isinstance(binding, Lazy) else binding


def is_tensor(value: Value) -> bool:
    """Whether `value` stands for numbers known at run time only."""
    return isinstance(value, Tensor | ScanResult | VariableRef | BidirectionalResult)


def is_initializer(value: Value) -> bool:
    return isinstance(value, InitializerName | InitializerValue)


def is_word(expr: tree.Expr, *words: str) -> str | None:
    """The word that `expr` is, if it is one of `words`, whatever else has that name: `over = last`."""
    if isinstance(expr, tree.Name) and expr.name in words:
        return expr.name
    return expr.value if isinstance(expr, tree.String) and expr.value in words else None
