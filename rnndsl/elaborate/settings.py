"""Constructor parameters of a model, set from outside: `--set units=64`."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.builtins import DTYPES
from rnndsl.diagnostics import did_you_mean
from rnndsl.elaborate.environment import Binding
from rnndsl.elaborate.lookup import BUILTINS
from rnndsl.elaborate.values import Builtin, InitializerName, Value
from rnndsl.syntax import tree


class SettingError(Exception):
    """A setting that the model cannot take: a fault of the command, not of the spec."""


def read(model: tree.Definition, settings: Mapping[str, object]) -> dict[str, Binding]:
    """The settings as values of the language, by parameter. Text is read by the parameter's type. Raises SettingError."""
    params = {p.name: p for p in model.params}
    for name in settings:
        if name not in params:
            known = ", ".join(f"{p.name}: {p.type.name}" for p in model.params) or "none"
            hint = did_you_mean(name, params)
            raise SettingError(f"the model {model.name.name} has no parameter `{name}` ({hint or f'its parameters: {known}'})")
    missing = [p.name for p in model.params if p.default is None and p.name not in settings]
    if missing:
        raise SettingError(f"the model {model.name.name} needs a value for {', '.join(f'`{m}`' for m in missing)}")
    return {name: _value(params[name], value) for name, value in settings.items()}


def _value(param: tree.ConstructorParam, given: object) -> Value:
    value = _parsed(param.type.name, given) if isinstance(given, str) else _checked(param.type.name, given)
    if value is None or param.is_list:
        raise SettingError(f"`{param.name}` is {'a list' if param.is_list else param.type.name}, and {given!r} is not")
    return value


def _parsed(kind: str, text: str) -> Value | None:
    try:
        match kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return {"true": True, "false": False}.get(text.lower())
            case "string":
                return text
            case "dtype":
                return BUILTINS[text] if text in DTYPES else None
            case "fn":
                return BUILTINS[text] if isinstance(BUILTINS.get(text), Builtin) else None
            case "initializer":
                return BUILTINS[text] if isinstance(BUILTINS.get(text), InitializerName) else None
            case _:
                return None
    except ValueError:
        return None


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
