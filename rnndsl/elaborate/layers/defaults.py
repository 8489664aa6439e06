"""`with (…)`: what a model, scope or layer sets for everything below."""

from __future__ import annotations

import re
from typing import NoReturn

from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Defaults, Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import CollectionValue, DTypeValue, InitializerValue, Value
from rnndsl.language.builtins import COLLECTIONS
from rnndsl.syntax import tree
from rnndsl.text.codes import names as codes
from rnndsl.text.codes import text as text_codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.codes import variables as variable_codes
from rnndsl.text.wording import did_you_mean

_DEVICE = re.compile(r"/?(device:)?(CPU|GPU|TPU|cpu|gpu|tpu):\d{1,4}")
"""A device of the machine that runs the graph, as TensorFlow writes it: https://www.tensorflow.org/api_docs/python/tf/DeviceSpec."""
NAMES = ("init", "trainable", "dtype", "device", "collections", "training")


def inherit(session: Session, below: Defaults, arguments: tuple[tree.Argument, ...], env: Env, where: str) -> Defaults:
    """`below` with the changes of a `with`; `where` names who sets them. `seed` is a model's affair and passed over."""
    given: set[str] = set()
    for argument in arguments:
        if argument.name in given:
            text_codes.REPEATED_CLAUSE(argument.span, clause=argument.name).throw()
        given |= {argument.name or ""}
        if argument.name not in NAMES:
            if argument.name == "seed" and where.startswith("model"):
                continue
            unknown = variable_codes.UNKNOWN_DEFAULT(argument.span, name=argument.name or argument.span.text)
            unknown.suggest(did_you_mean(argument.name or "", NAMES) or f"there are {', '.join(NAMES)}").throw()
        below = _set(session, below, argument, env, f"`with` of {where} at {argument.span}")
    return below


def _set(session: Session, below: Defaults, argument: tree.Argument, env: Env, origin: str) -> Defaults:
    name = argument.name
    if name == "init":
        return below.with_(init=InitializerValue(argument.value, env, f"inherited from the {origin}"))
    value = session.evaluate(argument.value, env)
    match name, value:
        case "trainable", bool():
            return below.with_(trainable=(value, origin))
        case "training", False:
            return below.with_(training=False)
        case "dtype", DTypeValue():
            return below.with_(dtype=value.name)
        case "device", str():
            _check_device(argument, value)
            return below.with_(device=value)
        case "collections", CollectionValue():
            joined(session, _names(argument.value), "variables")
            return below.with_(collections=(*below.collections, *value.names))
        case _:
            _wrong(argument, value)


def _check_device(argument: tree.Argument, name: str) -> None:
    if not name or not _DEVICE.fullmatch(name):
        wrong = variable_codes.BAD_DEVICE(argument.value.span, name=argument.value.span.text)
        wrong.suggest('write `"/GPU:0"`, `"/CPU:0"` or another number').throw()


def _names(expr: tree.Expr) -> tuple[tree.Name, ...]:
    return expr.names if isinstance(expr, tree.CollectionSet) else ()


def _wrong(argument: tree.Argument, value: Value) -> NoReturn:
    wanted = {
        "trainable": "true or false",
        "training": "false",
        "dtype": "a dtype",
        "device": 'a device such as "/GPU:0"',
        "collections": "collections such as `{losses}`",
    }[argument.name or ""]
    codes.WRONG_KIND(argument.value.span, what=describe(value), wanted=f"{wanted} (`{argument.name}`)").throw()


def joined(session: Session, names: tuple[tree.Name, ...], kind: str) -> tuple[str, ...]:
    """The names of collections that something of a `kind` is put into: `variables`, `update ops`, `losses`… Raises SpecError."""
    for each, name in zip(names, check_collections(session, names), strict=True):
        holds = COLLECTIONS.get(name, kind)
        if holds == kind:
            continue
        training_codes.collection_kind(each.span, name, holds, kind).throw()
    return tuple(each.name for each in names)


def check_collections(session: Session, names: tuple[tree.Name, ...]) -> tuple[str, ...]:
    """The names, all of declared collections. Raises SpecError."""
    for each in names:
        if each.name not in session.registry.collections:
            training_codes.unknown_collection(each.span, each.name, session.registry.collections).throw()
    return tuple(each.name for each in names)
