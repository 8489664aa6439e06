"""Binds the arguments of a call to parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rnndsl.language.ops.op import Required
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments as codes


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
            codes.unknown_parameter(argument.name_span or argument.span, function, name, names).throw()
        if name in given:
            codes.given_twice(argument.span, function, name, given[name].span).throw()
        given[name] = argument
    missing = [n for n, default in parameters.items() if default is Required and n not in given]
    if missing:
        codes.missing(call.span, function, missing).throw()
    return {n: Bound(given[n].value if n in given else None, default) for n, default in parameters.items()}


def check_names(function: str, arguments: Iterable[tree.Argument]) -> None:
    """Raises SpecError if an argument is given by name twice."""
    given: dict[str, tree.Argument] = {}
    for argument in arguments:
        if argument.name is None:
            continue
        if argument.name in given:
            codes.given_twice(argument.span, function, argument.name, given[argument.name].span).throw()
        given[argument.name] = argument


def _positional(function: str, names: list[str], position: int, argument: tree.Argument, given: Mapping[str, tree.Argument]) -> str:
    if position >= len(names):
        codes.too_many(argument.span, function, len(names)).throw()
    if any(a.name is not None for a in given.values()):
        codes.unnamed_after_named(argument.span, function).throw()
    return names[position]
