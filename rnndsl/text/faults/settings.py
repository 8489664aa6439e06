"""A model that is chosen, and its parameters that are set, from outside: by the command or from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.text.fault import Fault
from rnndsl.text.wording import did_you_mean, quoted


def one_model(path: object, chosen: str | None, names: Sequence[str]) -> Fault:
    """`names`: of the models of the spec, none or several of which would do."""
    if not names:
        return Fault(f"{path} has no model")
    return Fault(f"{path} has the models {', '.join(names)}: choose one by `model=`").suggest(did_you_mean(chosen or "", names))


def no_parameter(model: str, name: str, known: Mapping[str, str]) -> Fault:
    """`known`: the types of the model's parameters, by name."""
    listed = ", ".join(f"{each}: {type}" for each, type in known.items()) or "none"
    return Fault(f"the model {model} has no parameter `{name}` ({did_you_mean(name, known) or f'its parameters: {listed}'})")


def lacking(model: str, names: Sequence[str]) -> Fault:
    return Fault(f"the model {model} needs a value for {quoted(names)}")


def wrong_value(name: str, type: str, given: object) -> Fault:
    return Fault(f"`{name}` is {type}, and {given!r} is not")
