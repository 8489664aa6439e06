"""`update target <- value`: what is written to a variable beside training."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.layers.defaults import joined
from rnndsl.elaborate.state.builder import PendingUpdate
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, join
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import VariableRef
from rnndsl.language.builtins import COLLECTIONS
from rnndsl.plan.model import TensorType
from rnndsl.syntax import tree
from rnndsl.text.codes import training as codes


def evaluate(session: Session, statement: tree.Update, env: Env) -> None:
    """Adds the update to the graph in the making. Under `training = false` there is none. Raises SpecError."""
    target = session.evaluate(statement.target, env)
    if not isinstance(target, VariableRef):
        codes.update_target(statement.target.span, describe(target)).throw()
    record = session.registry.variables[target.path]
    if record.kind == "param" and not record.frozen:
        codes.update_of_trainable(statement.target.span, target.path, record.span).throw()
    collections = joined(session, statement.collections, COLLECTIONS["update_ops"]) or ("update_ops",)
    if not env.defaults.training:
        return
    session.updating = target.path
    try:
        value = session.tensor(session.evaluate(statement.value, env), statement.value.span, record.dtype)
    finally:
        session.updating = None
    declared = TensorType(record.dtype, (), record.shape)
    if not types.fits(value.type, declared):
        codes.update_type(statement.value.span, target.path, declared, value.type).throw()
    name = update_name(session, target.path)
    session.graphs.builder.updates.append(PendingUpdate(name, target.path, value, collections, str(statement.span)))


def update_name(session: Session, path: str) -> str:
    """The name of the op: `norm/update_moving_mean`, with an ordinal from the second on; more `_` where something has that path."""
    scope, _, last = path.rpartition("/")
    base = join(scope, f"update_{last}")
    while base in session.registry.owners:
        base += "_"
    ordinal = session.registry.ordinal(f"update\0{base}")
    return base if ordinal == 0 else f"{base}_{ordinal}"
