"""`x[i]`, `x[a..b]`, families (`cell[k]`) and delays (`h[t-1]`)."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import StateRecordInProgress
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Family, ScopeValue, Tensor, Value
from rnndsl.syntax import tree
from rnndsl.text.codes import time as time_codes
from rnndsl.text.codes import types as codes
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.source import Span
from rnndsl.text.wording import did_you_mean


def index(session: Session, expr: tree.Index, env: Env) -> Value:
    """A member of a family, an item of a list, or a part of a tensor."""
    target = session.evaluate(expr.target, env)
    if isinstance(target, Family):
        return member(session, expr, target, env)
    if isinstance(target, list):
        return _item(session, expr, target, env)
    tensor = session.tensor(target, expr.target.span)
    return _part(session, expr, tensor, env)


def integer(session: Session, expr: tree.Expr, env: Env, what: str) -> int:
    """A whole number known at compile time."""
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int):
        codes.BAD_INDEX(expr.span, problem=f"{what} is a whole number known at compile time, not {describe(value)}").throw()
    return value


def member_name(session: Session, expr: tree.Index, family: str, env: Env) -> str:
    """The name of a family's member: `cell_2` for `cell[2]`."""
    if len(expr.indices) != 1:
        codes.BAD_INDEX(expr.span, problem=f"a family such as `{family}` has one index").throw()
    return f"{family}_{family_index(session, expr.indices[0], env)}"


def family_index(session: Session, expr: tree.Expr, env: Env) -> str:
    """The end of a member's name: `2`, or `0_2` for the index `[0, 2]`."""
    parts = expr.items if isinstance(expr, tree.ListExpr) else (expr,)
    return "_".join(str(_from_zero(session, part, env)) for part in parts)


def _from_zero(session: Session, expr: tree.Expr, env: Env) -> int:
    value = integer(session, expr, env, "the index of a family")
    if value < 0:  # it becomes a part of a path
        codes.BAD_INDEX(expr.span, problem=f"the index of a family is a whole number from 0 up, not {value}").throw()
    return value


def member(session: Session, expr: tree.Index, family: Family, env: Env) -> Value:
    name = member_name(session, expr, family.name, env)
    scope = session.evaluate(expr.target.target, env) if isinstance(expr.target, tree.Attribute) else None
    layer = layer_of(scope) if scope is not None else None
    where = scope.env if isinstance(scope, ScopeValue) else layer.frame if layer and layer.frame else env
    found = where.find(name)
    if found is None:
        members = [n for e in where.chain() for n in e.names if n.startswith(f"{family.name}_")]
        missing = codes.BAD_INDEX(expr.span, problem=f"there is no `{name}` in the family `{family.name}`")
        missing.suggest(did_you_mean(name, members)).throw()
    return lookup.bound(session, found)


def _item(session: Session, expr: tree.Index, items: list[Value], env: Env) -> Value:
    if len(expr.indices) != 1:
        codes.BAD_INDEX(expr.span, problem="a list has one index").throw()
    only = expr.indices[0]
    if isinstance(only, tree.Range):
        start, stop = _bounds(session, only, len(items), env)
        return items[start:stop]
    at = integer(session, only, env, "the index of a list")
    if not -len(items) <= at < len(items):
        codes.BAD_INDEX(only.span, problem=f"there is no item {at} in a list of {len(items)}").throw()
    return items[at]


def _bounds(session: Session, expr: tree.Range, size: int, env: Env) -> tuple[int, int]:
    start = integer(session, expr.start, env, "an end of a range") if expr.start else 0
    stop = integer(session, expr.stop, env, "an end of a range") if expr.stop else size
    start, stop = (start + size if start < 0 else start), (stop + size if stop < 0 else stop)
    if not 0 <= start <= stop <= size:
        codes.BAD_INDEX(expr.span, problem=f"there is no range {start}..{stop} in a dim of {size}").throw()
    return start, stop


def _part(session: Session, expr: tree.Index, x: Tensor, env: Env) -> Tensor:
    """Indices belong to the last trailing dims; a dim without one is kept whole."""
    dims = x.type.dims
    if len(expr.indices) > len(dims):
        codes.BAD_INDEX(expr.span, problem=f"{len(expr.indices)} indices for the trailing dims of {x.type}").throw()
    items: list[list[object]] = [["all"]] * (len(dims) - len(expr.indices))
    for size, each in zip(dims[len(items) :], expr.indices, strict=True):
        if isinstance(each, tree.Range):
            items.append(["range", *_bounds(session, each, size, env)])
            continue
        at = integer(session, each, env, "an index")
        if not -size <= at < size:
            codes.BAD_INDEX(each.span, problem=f"there is no index {at} in a dim of {size}").throw()
        items.append(["at", at % size])
    return session.graphs.builder.add("index", [x], {"items": items}, expr.span)


# ---------------------------------------------------------------- delays


def delay(session: Session, expr: tree.Delay, env: Env) -> Value:
    """`h[t - k]`: what a state, or an input with an initial, was k valid steps ago."""
    name = _state_name(session, expr.target, env)
    if name == "":
        raise Poisoned
    if expr.steps is None:
        return session.evaluate(expr.target, env)
    steps = _steps(session, expr.steps, env)
    if steps == 0:
        return session.evaluate(expr.target, env)
    if name is None or session.graphs.step is None or name not in session.graphs.step.states:
        what = f"`{expr.target.span.text}`"
        wrong = time_codes.BAD_DELAY(expr.span, what=what)
        if session.graphs.step is None:
            wrong.suggest(f"outside of a cell, write `shift({expr.target.span.text}, {steps}, over = time)`").throw()
        wrong.suggest("states can, and inputs that declare an initial value: `input x: [n] = zeros`").throw()
    return past(session, session.graphs.step.states[name], steps, expr.span)


def _steps(session: Session, expr: tree.Expr, env: Env) -> int:
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        time_codes.DELAY_STEPS(expr.span, what=describe(value)).throw()
    if value > 1000:
        time_codes.DELAY_STEPS(expr.span, what=f"{value}: at most 1000").throw()
    return value


def _state_name(session: Session, expr: tree.Expr, env: Env) -> str | None:
    """The dotted name of the state that `expr` names, if it names one."""
    match expr:
        case tree.Name():
            return _find_state(expr.name, env)
        case tree.Index() if isinstance(expr.target, tree.Name):
            return _find_state(member_name(session, expr, expr.target.name, env), env)
        case tree.Attribute():
            layer = layer_of(session.evaluate(expr.target, env))
            return layer.frame.states.get(expr.name) if layer and layer.frame else None
        case _:
            return None


def _find_state(name: str, env: Env) -> str | None:
    return next((each.states[name] for each in env.chain() if name in each.states), None)


def past(session: Session, record: StateRecordInProgress, steps: int, span: Span) -> Tensor:
    """The value `steps` steps back: a chain of states, each the one before it a step later."""
    assert session.graphs.step is not None
    for k in range(1, steps + 1):
        if k in record.steps:
            continue
        previous = record.steps[k - 1]
        name = f"{record.base}[t-{k}]"
        assert record.make_initial is not None
        initial = record.make_initial(k)
        old = session.graphs.step.old(record.old.type, initial)
        shifted = StateRecordInProgress(name, record.base, old, initial, lambda previous=previous: previous, span)
        session.graphs.step.states[name] = shifted
        record.steps[k] = old
        if record.read is not None:
            session.graphs.step.read_as[old.id] = record.read(old).id
    return record.steps[steps]
