"""Layers: a constructor gets a name, and with it the ownership of variables under a path."""

from __future__ import annotations

from rnndsl.elaborate.layers import defaults
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, join
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Constructor, DefinitionValue, Instance, MappedCell, Placed, Value
from rnndsl.records import Immutable, record, replace
from rnndsl.syntax import tree
from rnndsl.text.codes import names as codes
from rnndsl.text.source import Span


def make(session: Session, statement: tree.Layer, name: str, env: Env) -> Value:
    """What `layer name = constructor` binds. A named layer given as the constructor keeps its own path and is shared."""
    check_path_name(statement.name.span, name, env)
    value = session.evaluate(statement.constructor, env)
    return _own(session, value, statement, _Place(name, join(env.frame().path, name)), env)


@record
class _Place(Immutable):
    """Where a layer lies: its name among its owner's, and the path of its variables."""

    name: str
    path: str


def check_path_name(span: Span, name: str, env: Env) -> None:
    """`train` at the top is for the optimizers' own variables."""
    if name == "train" and not env.frame().path:
        codes.RESERVED_PATH(span, name=name, use="the optimizers' variables, `train/NAME/…`").throw()


def _own(session: Session, value: Value, statement: tree.Layer, place: _Place, env: Env) -> Value:
    match value:
        case Constructor():
            return _instance(session, value, statement, place, env)
        case MappedCell():
            inner = _own(session, value.cell, statement, place, env)
            assert isinstance(inner, Instance | MappedCell)
            return replace(value, cell=inner)
        case Placed():
            return _own(session, value.cell, statement, _placed(value, place, env), env)
        case Instance():
            if statement.defaults:
                shared = codes.MISPLACED(
                    statement.defaults[0].span, what="`with`", where="a layer that is shared: its own declaration sets its defaults"
                )
                shared.note("the layer is declared here", value.span).throw()
            return value
        case DefinitionValue():
            name = value.definition.name.name
            wrong = codes.WRONG_KIND(statement.constructor.span, what=describe(value), wanted="a constructor with its arguments")
            wrong.suggest(f"write `{name}(…)`, or `{name}()` if it takes none").throw()
        case _:
            codes.WRONG_KIND(statement.constructor.span, what=describe(value), wanted="a block or cell with its arguments").throw()


def _placed(value: Placed, place: _Place, env: Env) -> _Place:
    """A layer under a path of its own; its states go by its name, or by its owner's if it adds no segment."""
    env.frame().placed[place.name] = place.name if value.segments else ""
    return _Place(place.name, join(env.frame().path, "/".join(value.segments)) if value.segments else env.frame().path)


def _instance(session: Session, constructor: Constructor, statement: tree.Layer, place: _Place, env: Env) -> Instance:
    frame = env.frame()
    owner = env.instance.key if env.instance else ""
    key = place.path if place.path != frame.path else f"{owner}={frame.path}={place.name}"
    if not _claim(session, key, place, statement.span, frame.path):
        return session.registry.instances[key]
    own = defaults.inherit(session, frame.defaults, statement.defaults, env, f"layer `{place.path}`")
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
        codes.PATH_TAKEN(span, path=place.path).note("the first is declared here", session.registry.owners[place.path]).throw()
    return session.registry.claim(place.path, span)
