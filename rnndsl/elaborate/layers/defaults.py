"""`with (…)`: what a model, scope or layer sets for everything below."""

from __future__ import annotations

import re

from rnndsl.elaborate.state import origins
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Defaults, Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import CollectionValue, DTypeValue, InitializerValue
from rnndsl.language.builtins import COLLECTIONS
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds
from rnndsl.text.codes import text as text_codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.codes import variables as variable_codes

_DEVICE = re.compile(r"/?(device:)?(CPU|GPU|TPU|cpu|gpu|tpu):\d{1,4}")
"""A device of the machine that runs the graph, as TensorFlow writes it: https://www.tensorflow.org/api_docs/python/tf/DeviceSpec."""
NAMES = ("init", "trainable", "dtype", "device", "collections", "training")
PATH = "path"
"""Of a layer alone: where its variables lie."""


def inherit(
    session: Session, below: Defaults, arguments: tuple[tree.Argument, ...], env: Env, kind: origins.Kind, name: str
) -> Defaults:
    """`below` with the changes of the `with` of the model, scope or layer `name`, but for a model's `seed` and a layer's `path`."""
    given: set[str] = set()
    known = (*NAMES, PATH) if kind == "layer" else NAMES
    for argument in arguments:
        if argument.name in given:
            text_codes.repeated_clause(argument.span, argument.name).throw()
        given |= {argument.name or ""}
        if argument.name not in NAMES:
            if (argument.name, kind) in (("seed", "model"), (PATH, "layer")):
                continue
            variable_codes.unknown_default(argument.span, argument.name or argument.span.text, known).throw()
        below = _set(session, below, argument, env, origins.by_with(kind, name, argument.span))
    return below


def _set(session: Session, below: Defaults, argument: tree.Argument, env: Env, origin: str) -> Defaults:
    name = argument.name
    if name == "init":
        return below.with_(init=InitializerValue(argument.value, env, origins.inherited(origin)))
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
            kinds.default(argument.value.span, describe(value), argument.name or "").throw()


def _check_device(argument: tree.Argument, name: str) -> None:
    if not name or not _DEVICE.fullmatch(name):
        variable_codes.bad_device(argument.value.span, argument.value.span.text).throw()


def _names(expr: tree.Expr) -> tuple[tree.Name, ...]:
    return expr.names if isinstance(expr, tree.CollectionSet) else ()


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
