"""Binds the arguments of a call to parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from rnndsl.language.ops.op import Required
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.text.codes import names as codes
from rnndsl.text.wording import did_you_mean


@record
class Bound(Immutable):
    """What a parameter gets: the argument as written, or its default."""

    expr: tree.Expr | None
    default: Any = None


def bind(function: str, parameters: Mapping[str, Any], call: tree.Call) -> dict[str, Bound]:
    """Each parameter (name to default, `Required` for none) with its argument, in order. Raises SpecError."""
    given: dict[str, tree.Argument] = {}
    names = list(parameters)
    for position, argument in enumerate(call.arguments):
        name = argument.name
        if name is None:
            name = _positional(function, names, position, argument, given)
        if name not in parameters:
            unknown = codes.BAD_ARGUMENT(
                argument.name_span or argument.span, function=function, problem=f"has no parameter `{name}`"
            )
            unknown.suggest(did_you_mean(name, names) or _known(names)).throw()
        if name in given:
            _twice(function, name, given[name], argument)
        given[name] = argument
    missing = [n for n, default in parameters.items() if default is Required and n not in given]
    if missing:
        lacking = ", ".join(f"`{n}`" for n in missing)
        codes.BAD_ARGUMENT(call.span, function=function, problem=f"needs {lacking}").throw()
    return {n: Bound(given[n].value if n in given else None, default) for n, default in parameters.items()}


def check_names(function: str, arguments: Iterable[tree.Argument]) -> None:
    """Raises SpecError if an argument is given by name twice."""
    given: dict[str, tree.Argument] = {}
    for argument in arguments:
        if argument.name is None:
            continue
        if argument.name in given:
            _twice(function, argument.name, given[argument.name], argument)
        given[argument.name] = argument


def _twice(function: str, name: str, first: tree.Argument, again: tree.Argument) -> NoReturn:
    twice = codes.BAD_ARGUMENT(again.span, function=function, problem=f"is given `{name}` twice")
    twice.note("the first is here", first.span).throw()


def _positional(function: str, names: list[str], position: int, argument: tree.Argument, given: Mapping[str, tree.Argument]) -> str:
    if position >= len(names):
        count = f"takes {len(names)} argument{'s' * (len(names) != 1)}"
        codes.BAD_ARGUMENT(argument.span, function=function, problem=f"{count}, and this is one more").throw()
    if any(a.name is not None for a in given.values()):
        codes.BAD_ARGUMENT(argument.span, function=function, problem="has an unnamed argument after a named one").throw()
    return names[position]


def _known(names: list[str]) -> str | None:
    return f"its parameters are {', '.join(f'`{n}`' for n in names)}" if names else None
