"""Constructor parameters of a model, set from outside: `--set units=64`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from rnndsl.elaborate.evaluate.lookup import BUILTINS
from rnndsl.elaborate.state.environment import Binding, Env
from rnndsl.elaborate.state.values import Builtin, InitializerName, UserFunction, Value
from rnndsl.language.builtins import DTYPES
from rnndsl.names.binder import enter
from rnndsl.names.modules import ResolvedModule
from rnndsl.syntax import tree
from rnndsl.text.fault import FaultError
from rnndsl.text.faults import settings as faults

_INT = re.compile(r"-?[0-9]+")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
"""Numbers as the grammar has them. Python's own readers take more: `1_0`, `.5`, digits of other scripts."""


class SettingError(FaultError):
    """A setting that the model cannot take: a fault of the command, not of the spec."""


def read(model: tree.Definition, settings: Mapping[str, object], module: ResolvedModule) -> dict[str, Binding]:
    """The settings as values of the language, by parameter. Text is read by the parameter's type. Raises SettingError."""
    params = {p.name: p for p in model.params}
    for name in settings:
        if name not in params:
            known = {p.name: p.type.name for p in model.params}
            raise SettingError(faults.no_parameter(model.name.name, name, known))
    missing = [p.name for p in model.params if p.default is None and p.name not in settings]
    if missing:
        raise SettingError(faults.lacking(model.name.name, missing))
    return {name: _value(params[name], value, module) for name, value in settings.items()}


def _value(param: tree.ConstructorParam, given: object, module: ResolvedModule) -> Value:
    value = _parsed(param.type.name, given, module) if isinstance(given, str) else _checked(param.type.name, given)
    if value is None or param.is_list:
        raise SettingError(faults.wrong_value(param.name, "a list" if param.is_list else param.type.name, given))
    return value


def _parsed(kind: str, text: str, module: ResolvedModule) -> Value | None:
    try:
        match kind:
            case "int":
                return int(text) if _INT.fullmatch(text) else None
            case "float":
                return float(text) if _FLOAT.fullmatch(text) and math.isfinite(float(text)) else None
            case "bool":
                return {"true": True, "false": False}.get(text)
            case "string":
                return text
            case "dtype":
                return BUILTINS[text] if text in DTYPES else None
            case "fn" | "initializer":
                return _named(kind, text, module)
            case _:
                return None
    except ValueError:
        return None


def _named(kind: str, name: str, module: ResolvedModule) -> Value | None:
    """A function or an initializer by its name: of the file, or of the language."""
    found = module.find(name)
    if found is not None and found.scope is not None:
        item, file = found.sites[0].statement, found.scope
        if not isinstance(item, tree.FunctionDef) or item.kind != kind:
            return None
        return UserFunction(item, enter(file.module, item), Env(file))
    value = BUILTINS.get(name)
    if kind == "initializer":
        return value if isinstance(value, InitializerName) else None
    return value if isinstance(value, Builtin) and value.op.kind in ("unary", "binary", "structure") else None


def _checked(kind: str, given: object) -> Value | None:
    match kind, given:
        case "bool", bool():
            return given
        case "int", int() if not isinstance(given, bool):
            return given
        case "float", int() | float() if not isinstance(given, bool):
            return float(given)
        case _:
            return None
