"""What a name stands for."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from rnndsl.elaborate.state.environment import Binding, Defaults, Env, Lazy
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    AxisValue,
    BidirectionalResult,
    Builtin,
    DefinitionValue,
    DTypeValue,
    Family,
    InitializerName,
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
from rnndsl.names.check import unknown
from rnndsl.names.resolve import Symbol
from rnndsl.syntax import tree
from rnndsl.text.diagnostics import Poisoned


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
    """The value of a name: of the environment, of the file, of std.core, of the language, in this order."""
    if expr.name == "training":
        return TrainingFlag() if env.defaults.training else False
    found = env.find(expr.name)
    if found is not None:
        return bound(session, found)
    if env.has_family(expr.name):
        return Family(expr.name)
    value = of_file(session, expr.name, env)
    if value is not None:
        return value
    if expr.name in env.module.imported:
        raise Poisoned
    unknown(env.module, expr).throw()


def of_file(session: Session, name: str, env: Env) -> Value | None:
    """What a file's own text, its imports, std.core and the language say of `name`."""
    if name in env.module.axes:
        return AxisValue(name)
    symbol = env.module.lookup(name)
    if symbol is not None:
        return symbol_value(session, symbol, env.defaults)
    if name in env.module.imported:
        return None
    return DTypeValue(widest((env.defaults.dtype, "f32"))) if name == builtins.WIDE else BUILTINS.get(name)


def bound(session: Session, binding: Binding) -> Value:
    return session.force(binding) if isinstance(binding, Lazy) else binding


def symbol_value(session: Session, symbol: Symbol, defaults: Defaults) -> Value:
    """The value of a file-level definition, in its own file's names and the dtype of the place that asks."""
    item = symbol.item
    env = Env(symbol.module, defaults=defaults)
    match item:
        case tree.Definition():
            return DefinitionValue(symbol, item)
        case tree.FunctionDef():
            return UserFunction(item, env)
        case tree.Const():
            return session.force(constant(session, symbol, item, env))
        case tree.LayoutDef():
            raise AssertionError(f"{item.name.name}: a layout is found by its two names alone")


def constant(session: Session, symbol: Symbol, item: tree.Const, env: Env) -> Lazy:
    """A file's constant, evaluated once a graph and dtype."""
    key = id(symbol.item), session.graphs.builder, env.defaults.dtype
    lazy = session.constants.get(key)
    if lazy is None:
        compute = functools.partial(session.evaluate, item.value, env)
        lazy = Lazy(item.name.name, item.span, compute, "const", exprs=(item.value,), env=env)
        session.constants[key] = lazy
    return lazy


def is_tensor(value: Value) -> bool:
    """Whether `value` stands for numbers known at run time only."""
    return isinstance(value, Tensor | ScanResult | VariableRef | BidirectionalResult)


def is_word(expr: tree.Expr, *words: str) -> str | None:
    """The word that `expr` is, if it is one of `words`, whatever else has that name: `over = last`."""
    if isinstance(expr, tree.Name) and expr.name in words:
        return expr.name
    return expr.value if isinstance(expr, tree.String) and expr.value in words else None
