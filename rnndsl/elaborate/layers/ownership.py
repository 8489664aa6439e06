"""Layers: a constructor gets a name, and with it the ownership of variables under a path."""

from __future__ import annotations

import re

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.layers import defaults
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, join
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Constructor, DefinitionValue, Instance, MappedCell, Value
from rnndsl.names.binder import holes
from rnndsl.names.check import unknown
from rnndsl.records import Immutable, record, replace
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds, places
from rnndsl.text.source import Span


def make(session: Session, statement: tree.Layer, name: str, env: Env) -> Value:
    """What `layer name = constructor` binds. A named layer given as the constructor keeps its own path and is shared."""
    value = session.evaluate(statement.constructor, env)
    place = _Place(name, join(env.frame().path, name))
    path = next((each for each in statement.defaults if each.name == defaults.PATH), None)
    if path is not None:
        place = _placed(segments(session, path.value, env), path.span, place, env)
    return _own(session, value, statement, place, env)


OPTIMIZERS_SCOPE = "train"


@record
class _Place(Immutable):
    """Where a layer lies: its name among its owner's, and the path of its variables."""

    name: str
    path: str


def _own(session: Session, value: Value, statement: tree.Layer, place: _Place, env: Env) -> Value:
    match value:
        case Constructor():
            return _instance(session, value, statement, place, env)
        case MappedCell():
            inner = _own(session, value.cell, statement, place, env)
            assert isinstance(inner, Instance | MappedCell)
            return replace(value, cell=inner)
        case Instance():
            _check_shared(statement, value, env)
            return value
        case DefinitionValue():
            kinds.unapplied_definition(statement.constructor.span, describe(value), value.definition.name.name).throw()
        case _:
            kinds.no_layer(statement.constructor.span, describe(value)).throw()


def _check_shared(statement: tree.Layer, layer: Instance, env: Env) -> None:
    """Raises SpecError for a `with` of a layer that is shared; but a constructor's parameter, which may be a named layer or none
    yet, may have a path for the latter."""
    made = statement.constructor
    while isinstance(made, tree.Index) or (isinstance(made, tree.Call) and made.arguments):  # `map_state(cells[k], f)`
        made = made.target if isinstance(made, tree.Index) else made.arguments[0].value
    meant = lookup.definitions(made, env) if isinstance(made, tree.Name) else ()
    is_parameter = any(isinstance(site.statement, tree.ConstructorParam) for each in meant for site in each.sites)
    refused = [each for each in statement.defaults if each.name != defaults.PATH or not is_parameter]
    if refused:
        places.shared_defaults(refused[0].span, layer.span).throw()


def _placed(path: tuple[str, ...], span: Span, place: _Place, env: Env) -> _Place:
    """A layer under a path of its own; its states go by its name, or by its owner's if it adds no segment.

    `train` at the top, which is no name of the text's, is for the optimizers' own variables."""
    if path[:1] == (OPTIMIZERS_SCOPE,) and not env.frame().path:
        places.optimizers_path(span, OPTIMIZERS_SCOPE).throw()
    env.frame().placed[place.name] = place.name if path else ""
    return _Place(place.name, join(env.frame().path, "/".join(path)) if path else env.frame().path)


def _instance(session: Session, constructor: Constructor, statement: tree.Layer, place: _Place, env: Env) -> Instance:
    frame = env.frame()
    owner = env.instance.key if env.instance else ""
    key = place.path if place.path != frame.path else f"{owner}={frame.path}={place.name}"
    if not _claim(session, key, place, statement.span, frame.path):
        return session.registry.instances[key]
    own = defaults.inherit(session, frame.defaults, statement.defaults, env, "layer", place.path)
    instance = Instance(place.path, constructor, own, statement.span, key)
    session.registry.instances[key] = instance
    return instance


def _claim(session: Session, key: str, place: _Place, span: Span, owner: str) -> bool:
    """Takes the path, and the segments between it and the owner's. False if this layer has it already."""
    if key != place.path:
        return key not in session.registry.instances
    between = place.path.removeprefix(f"{owner}/" if owner else "").split("/")[:-1]
    for count in range(1, len(between) + 1):
        part = join(owner, "/".join(between[:count]))
        if part not in session.registry.owners:
            session.registry.claim(part, span)
    first = session.registry.names.setdefault(place.path, join(owner, place.name))
    if first != join(owner, place.name):
        places.path_taken(span, place.path, session.registry.owners[place.path]).throw()
    return session.registry.claim(place.path, span)


# ---------------------------------------------------------------- paths as text


def segments(session: Session, expr: tree.Expr, env: Env) -> tuple[str, ...]:
    """The segments of a path, of a string or of strings in a list, empty ones left out. Raises SpecError."""
    if isinstance(expr, tree.ListExpr):
        return tuple(part for item in expr.items for part in segments(session, item, env))
    return tuple(part for part in filled(session, expr, env).split("/") if part)


def filled(session: Session, expr: tree.Expr, env: Env) -> str:
    """A string with `{name}` replaced by the compile-time number or string of that name."""
    written = {name.name: name for name in holes(expr)} if isinstance(expr, tree.String) else {}
    text = session.evaluate(expr, env)
    if not isinstance(text, str):
        kinds.path_segment(expr.span, describe(text)).throw()

    def value(found: re.Match[str]) -> str:
        meant = lookup.first(session, env.scope.resolve(found[1]), found[1], env)
        if meant is None:
            unknown(env.scope.module, written.get(found[1], tree.Name(expr.span, found[1]))).throw()
        part = lookup.bound(session, meant)
        if isinstance(part, bool) or not isinstance(part, int | str):
            kinds.segment_part(expr.span, describe(part), found[1]).throw()
        return str(part)

    return re.sub(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", value, text)
