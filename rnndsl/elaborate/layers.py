"""Layers: a constructor gets a name, and with it the ownership of variables under a path."""

from __future__ import annotations

from rnndsl.codes import names as codes
from rnndsl.elaborate import defaults
from rnndsl.elaborate.environment import Env, join
from rnndsl.elaborate.session import Session
from rnndsl.elaborate.values import Constructor, DefinitionValue, Instance, MappedCell, Value, describe
from rnndsl.source import Span
from rnndsl.syntax import tree


def make(session: Session, statement: tree.Layer, name: str, env: Env) -> Value:
    """What `layer name = constructor` binds. A named layer given as the constructor keeps its own path and is shared."""
    check_path_name(statement.name.span, name, env)
    value = session.evaluate(statement.constructor, env)
    return _own(session, value, statement, join(env.frame().path, name), env)


def check_path_name(span: Span, name: str, env: Env) -> None:
    """`train` at the top is for the optimizers' own variables."""
    if name == "train" and not env.frame().path:
        codes.RESERVED_PATH(span, name=name, use="the optimizers' variables, `train/NAME/…`").throw()


def _own(session: Session, value: Value, statement: tree.Layer, path: str, env: Env) -> Value:
    match value:
        case Constructor():
            return _instance(session, value, statement, path, env)
        case MappedCell():
            inner = _own(session, value.cell, statement, path, env)
            assert isinstance(inner, Instance | MappedCell)
            return MappedCell(inner, value.function, value.span)
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


def _instance(session: Session, constructor: Constructor, statement: tree.Layer, path: str, env: Env) -> Instance:
    if not session.claim(path, statement.span):
        return session.instances[path]
    own = defaults.inherit(session, env.frame().defaults, statement.defaults, env, f"layer `{path}`")
    instance = Instance(path, constructor, own, statement.span)
    session.instances[path] = instance
    return instance
