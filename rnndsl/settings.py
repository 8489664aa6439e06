"""What a user sets a model's constructor parameters to: from text (`--set units=64`) or from Python values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from rnndsl.diagnostics import did_you_mean
from rnndsl.plan.model import DType
from rnndsl.syntax import tree

SETTABLE = ("int", "float", "bool", "string", "dtype")
BOOLEANS = {"true": True, "false": False}


class SettingError(ValueError):
    """A parameter was set that the model does not have, or to a value of another type. `help` says what would do."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


def settings_for(model: tree.Definition, given: Mapping[str, object], *, text: bool) -> dict[str, object]:
    """`given` as values for `elaborate`, checked against the parameters of `model`. With `text` they are parsed.

    Raises SettingError.
    """
    params = {p.name: p for p in model.params}
    settings: dict[str, object] = {}
    for name, value in given.items():
        if name not in params:
            raise unknown_setting(name, [model])
        param = params[name]
        kind = f"[{param.type.name}]" if param.is_list else param.type.name
        if kind not in SETTABLE:
            raise SettingError(f"`{name}` of model `{model.name.name}` is of type {kind}, which can only be set in a spec")
        settings[name] = _parse(name, kind, str(value)) if text else _check(name, kind, value)
    return settings


def unknown_setting(name: str, models: Iterable[tree.Definition]) -> SettingError:
    """The error for a parameter `name` that none of `models` has."""
    every = list(models)
    known = [p.name for model in every for p in model.params]
    listed = "; ".join(describe(model) for model in every)
    return SettingError(f"no parameter `{name}`: {listed}", did_you_mean(name, known))


def describe(model: tree.Definition) -> str:
    """One line on the parameters of `model`: `model m takes units: int = 4`."""
    params = ", ".join(f"{p.name}: [{p.type.name}]" if p.is_list else f"{p.name}: {p.type.name}{_default(p)}" for p in model.params)
    return f"model `{model.name.name}` takes {params or 'none'}"


def _default(param: tree.ConstructorParam) -> str:
    return f" = {param.default.span.text}" if param.default is not None else ""


def _parse(name: str, kind: str, text: str) -> object:
    if kind == "string":
        return text
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        raise _wrong(name, kind, text) from None
    if kind == "bool" and text in BOOLEANS:
        return BOOLEANS[text]
    if kind == "dtype" and text in get_args(DType):
        return text
    raise _wrong(name, kind, text)


def _check(name: str, kind: str, value: object) -> object:
    if kind == "float" and type(value) in (int, float):
        return float(value)  # pyright: ignore[reportArgumentType]
    wanted = {"int": int, "bool": bool, "string": str}.get(kind)
    if wanted is not None and type(value) is wanted:
        return value
    if kind == "dtype" and value in get_args(DType):
        return value
    raise _wrong(name, kind, repr(value))


def _wrong(name: str, kind: str, text: str) -> SettingError:
    choices = {"bool": "`true` or `false`", "dtype": ", ".join(get_args(DType))}
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return SettingError(
        f"`{name}` is of type {kind}; `{shown}` is not one", f"it is one of {choices[kind]}" if kind in choices else None
    )
