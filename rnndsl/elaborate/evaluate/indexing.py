"""`x[i]`, `x[a..b]`, families (`cell[k]`) and delays (`h[t-1]`)."""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import StateRecordInProgress
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import BidirectionalResult, Family, ScanResult, Tensor, Value
from rnndsl.plan.indices import All, At, Index, Item, Part
from rnndsl.syntax import tree
from rnndsl.text.codes import indices as codes
from rnndsl.text.codes import scans as scan_codes
from rnndsl.text.codes import time as time_codes
from rnndsl.text.diagnostics import Diagnostic, Poisoned
from rnndsl.text.source import Span


def index(session: Session, expr: tree.Index, env: Env) -> Value:
    """A member of a family, an item of a list, or a part of a tensor."""
    target = session.evaluate(expr.target, env)
    if isinstance(target, Family):
        return _member(session, expr, target, env)
    if isinstance(target, list):
        return _item(session, expr, target, env)
    tensor = session.tensor(target, expr.target.span)
    if isinstance(target, ScanResult | BidirectionalResult) and target.last is not None and _is_last(expr):
        _last_of_scan(session, expr, tensor)
    return _part(session, expr, tensor, env)


def _is_last(expr: tree.Index) -> bool:
    """Whether `[-1]` is written."""
    match expr.indices:
        case (tree.Unary(op="-", operand=tree.Number(value=1)),):
            return True
        case _:
            return False


def _last_of_scan(session: Session, expr: tree.Index, tensor: Tensor) -> None:
    """`run[-1]`: the last step is probably meant, and it is `run.last`."""
    written = expr.target.span.text
    if not tensor.type.dims:
        codes.step_by_index(expr.span, written, tensor.type).throw()
    if not expr.span.source.library:
        session.reports.sink.add(scan_codes.last_unit(expr.span, written))


def integer(session: Session, expr: tree.Expr, env: Env, wrong: Callable[[Span, str], Diagnostic]) -> int:
    """A whole number known at compile time. Raises SpecError with what `wrong` makes of a place and a value in words."""
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int):
        wrong(expr.span, describe(value)).throw()
    return value


def member_name(session: Session, expr: tree.Index, family: str, env: Env) -> str:
    """The name of a family's member: `cell_2` for `cell[2]`."""
    if len(expr.indices) != 1:
        codes.many_of_family(expr.span, family).throw()
    return f"{family}_{family_index(session, expr.indices[0], env)}"


def family_index(session: Session, expr: tree.Expr, env: Env) -> str:
    """The end of a member's name: `2`, or `0_2` for the index `[0, 2]`."""
    parts = expr.items if isinstance(expr, tree.ListExpr) else (expr,)
    return "_".join(str(_from_zero(session, part, env)) for part in parts)


def _from_zero(session: Session, expr: tree.Expr, env: Env) -> int:
    value = integer(session, expr, env, codes.family_index)
    if value < 0:  # it becomes a part of a path
        codes.negative_member(expr.span, value).throw()
    return value


def _member(session: Session, expr: tree.Index, family: Family, env: Env) -> Value:
    name = member_name(session, expr, family.name, env)
    found = next((each[name] for each in family.among if name in each), None)
    if found is None:
        members = [n for each in family.among for n in each if n.startswith(f"{family.name}_")]
        codes.no_member(expr.span, name, family.name, members).throw()
    return lookup.bound(session, found)


def _item(session: Session, expr: tree.Index, items: list[Value], env: Env) -> Value:
    if len(expr.indices) != 1:
        codes.many_of_list(expr.span).throw()
    only = expr.indices[0]
    if isinstance(only, tree.Range):
        start, stop = _bounds(session, only, len(items), env)
        return items[start:stop]
    at = integer(session, only, env, codes.index)
    if not -len(items) <= at < len(items):
        codes.no_item(only.span, at, len(items)).throw()
    return items[at]


def _bounds(session: Session, expr: tree.Range, size: int, env: Env) -> tuple[int, int]:
    start = integer(session, expr.start, env, codes.range_end) if expr.start else 0
    stop = integer(session, expr.stop, env, codes.range_end) if expr.stop else size
    start, stop = (start + size if start < 0 else start), (stop + size if stop < 0 else stop)
    if not 0 <= start <= stop <= size:
        codes.no_range(expr.span, start, stop, size).throw()
    return start, stop


def _part(session: Session, expr: tree.Index, x: Tensor, env: Env) -> Tensor:
    """Indices belong to the last trailing dims; a dim without one is kept whole."""
    dims = x.type.dims
    if len(expr.indices) > len(dims):
        codes.too_many(expr.span, len(expr.indices), x.type).throw()
    items: list[Item] = [All()] * (len(dims) - len(expr.indices))
    for size, each in zip(dims[len(items) :], expr.indices, strict=True):
        if isinstance(each, tree.Range):
            items.append(Part(*_bounds(session, each, size, env)))
            continue
        at = integer(session, each, env, codes.index)
        if not -size <= at < size:
            codes.no_index(each.span, at, size).throw()
        items.append(At(at % size))
    return session.graphs.builder.add("index", [x], expr.span, Index(tuple(items)))


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
    if isinstance(expr.target, tree.Attribute) and not _is_made(session, name):
        ahead = session.ahead(session, expr.target, steps, env)
        if ahead is not None:
            return ahead
    if name is None or session.graphs.step is None or name not in session.graphs.step.states:
        if session.graphs.step is None:
            time_codes.delay_outside_cell(expr.span, expr.target.span.text, steps).throw()
        time_codes.not_delayed(expr.span, expr.target.span.text).throw()
    return past(session, session.graphs.step.states[name], steps, expr.span)


def _is_made(session: Session, name: str | None) -> bool:
    """Whether the step in the making has the state already."""
    return session.graphs.step is not None and name in session.graphs.step.states


def _steps(session: Session, expr: tree.Expr, env: Env) -> int:
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        time_codes.delay_steps(expr.span, describe(value)).throw()
    if value > time_codes.MAX_DELAY:
        time_codes.delay_too_long(expr.span, value).throw()
    return value


def _state_name(session: Session, expr: tree.Expr, env: Env) -> str | None:
    """The dotted name of the state that `expr` names, if it names one; empty for one that is faulty."""
    match expr:
        case tree.Name():
            return _find_state(expr, expr.name, env)
        case tree.Index(target=tree.Name() as family):
            return _find_state(family, member_name(session, expr, family.name, env), env)
        case tree.Attribute():
            layer = layer_of(session.evaluate(expr.target, env))
            return layer.frame.states.get(expr.name) if layer and layer.frame else None
        case _:
            return None


def _find_state(expr: tree.Name, name: str, env: Env) -> str | None:
    return next((each.states[name] for each in lookup.local(expr, env) if name in each.states), None)


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
