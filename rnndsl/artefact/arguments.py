"""Names of the arguments and results of functions in a graph, without the Python ids of captured tensors in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NUMBERS = re.compile(r"_?\d+")


def name_arguments(function: Any, *, public: bool) -> None:
    """Rename arguments and results of a `FunctionDef` by their positions.

    public: the names of its arguments mean something to others, but for those of captured tensors; those of its results too.
    """
    signature = function.signature
    taken = {node.name for node in function.node_def}
    new: dict[str, str] = {}
    for position, argument in enumerate(signature.input_arg):
        if _captured(function, position) or not public:
            new[argument.name] = _numbered(argument.name, "arg", position, taken)
            argument.name = new[argument.name]
    _rename_uses(function, new)
    if public:
        return
    results: dict[str, str] = {}
    for position, result in enumerate(signature.output_arg):
        results[result.name] = _numbered(result.name, "result", position, set())
        result.name = results[result.name]
    returned: dict[str, str] = dict(function.ret)
    _replace(function.ret, {results.get(name, name): value for name, value in returned.items()})


def _captured(function: Any, position: int) -> bool:
    """Whether an argument is a captured tensor, for which a number stands as the name that a user specified. Drops the number."""
    if position not in function.arg_attr:
        return False
    attributes = function.arg_attr[position].attr
    if "_user_specified_name" not in attributes or not attributes["_user_specified_name"].s.isdigit():
        return False
    del attributes["_user_specified_name"]
    return True


def _numbered(name: str, what: str, position: int, taken: set[str]) -> str:
    made = f"{_NUMBERS.sub('', name).strip('_')}_{what}{position}".lstrip("_")
    while made in taken:
        made += "_"
    return made


def _rename_uses(function: Any, new: Mapping[str, str]) -> None:
    """An argument is used by its bare name, where a node's output is `node:output:0`."""
    for node in function.node_def:
        node.input[:] = [_use(name, new) for name in node.input]
    _replace(function.ret, {key: _use(value, new) for key, value in function.ret.items()})


def _use(name: str, new: Mapping[str, str]) -> str:
    mark = "^" if name.startswith("^") else ""
    return f"{mark}{new[name.lstrip('^')]}" if name.lstrip("^") in new else name


def _replace(mapping: Any, contents: Mapping[str, str]) -> None:
    mapping.clear()
    mapping.update(contents)
