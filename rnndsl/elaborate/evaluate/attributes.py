"""`value.name`: names of scopes and layers, results of scans, states by dotted names."""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NoReturn

from rnndsl.elaborate.evaluate.lookup import bound
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Env, Lazy, dotted
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    BidirectionalResult,
    Constructor,
    Family,
    Instance,
    MappedCell,
    ScanResult,
    ScopeValue,
    StateRecord,
    Tensor,
    Value,
    VariableRef,
)
from rnndsl.language.builtins import NAMES
from rnndsl.names.modules import Use
from rnndsl.syntax import tree
from rnndsl.text.codes import elsewhere
from rnndsl.text.codes import names as codes

_READ = re.compile(r"(?:\s*\[[^\[\]]*\])?\s*\.")
"""What follows the name of a layer, or of a member of a family, from which something is read."""


def attribute(session: Session, expr: tree.Attribute, env: Env) -> Value:
    """The value of `target.name`. Raises SpecError with the nearest name if there is none."""
    target = session.evaluate(expr.target, env)
    if isinstance(target, Tensor | ScanResult) and (found := _named_output(target, expr.name)) is not None:
        return found
    match target:
        case ScopeValue():
            return _member(session, expr, target.env, target)
        case Constructor():
            return _of_constructor(session, expr, target)
        case Instance() | MappedCell():
            return _of_layer(session, expr, target, env)
        case ScanResult() | BidirectionalResult():
            return _of_scan(expr, target)
        case StateRecord():
            return state(expr, target)
        case Tensor() if expr.name == "shape" and env.frame().kind == "optimizer":
            return list(target.type.dims)
        case _:
            _unknown(expr, target, target.named if isinstance(target, Tensor) else ())


def _member(session: Session, expr: tree.Attribute, env: Env, owner: Value) -> Value:
    if expr.name in env.names:
        return bound(session, env.names[expr.name])
    if expr.name in env.families:
        return Family(expr.name, (env.names,))
    _unknown(expr, owner, {*env.names, *env.families})


def layer_of(value: Value) -> Instance | None:
    """The layer below any `map_state`."""
    while isinstance(value, MappedCell):
        value = value.cell
    return value if isinstance(value, Instance) else None


def constructor_of(value: Value) -> Constructor | None:
    """What a layer or cell was made by, below any `map_state`."""
    while isinstance(value, MappedCell):
        value = value.cell
    return value.constructor if isinstance(value, Instance) else value if isinstance(value, Constructor) else None


def _known_before(session: Session, value: Value, name: str) -> Binding | None:
    """A constructor parameter, or a `const` of the body that needs nothing but those; `name` is at least the definition's own."""
    made = constructor_of(value)
    if made is None:
        return None
    if name in made.env.names:
        return made.env.names[name]
    env = made.env.child(made.body)
    for each in made.definition.body:
        if isinstance(each, tree.Const):
            compute = functools.partial(session.evaluate, each.value, env)
            env.names[each.name.name] = Lazy(each.name.name, each.span, compute, "const", exprs=(each.value,), env=env)
    return env.names.get(name, snake_case(made.definition.name.name) if name == "name" else None)


def snake_case(name: str) -> str:
    """`BasicLSTMCell` as `basic_lstm_cell`, as TensorFlow and Keras do it."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def _of_constructor(session: Session, expr: tree.Attribute, value: Constructor) -> Value:
    found = _known_before(session, value, expr.name)
    if found is None:
        made = constructor_of(value)
        _unknown(expr, value, made.env.names if made else ())
    return bound(session, found)


def _apply_first(session: Session, layer: Instance, target: tree.Expr, env: Env) -> None:
    """Works out equations further on that apply a layer, which `target` names, until its variables are known."""
    starts = sorted(use.span.start for use in _applications(target, env))
    for lazy in _equations(env):
        if layer.frame is not None:
            return
        at = bisect.bisect_left(starts, lazy.span.start)
        applies = at < len(starts) and starts[at] < lazy.span.end
        if lazy.state == "ready" and applies and all(each.state != "running" for each in session.needs(session, lazy)):
            session.reports.attempt(functools.partial(session.force, lazy))


def _applications(target: tree.Expr, env: Env) -> list[Use]:
    """Where the layer that `target` names is written otherwise than to read from it."""
    from rnndsl.names.members import complete  # wanted by few specs, while its import would be paid for by every check

    bindings = complete(env.scope.module)
    named = target.target if isinstance(target, tree.Index) else target
    at = named.name_span if isinstance(named, tree.Attribute) else named.span
    use = bindings.uses.get(at.start)
    found = [each for definition in (use.definitions if use else ()) for each in bindings.references(definition)]
    return [
        each
        for each in found
        if use and each.member in (None, use.member) and not _READ.match(each.span.source.text, each.span.end)
    ]


def _equations(env: Env) -> Iterator[Lazy]:
    """The equations of the bodies around, then those of scopes in them."""
    frames = [each for each in env.chain() if each.is_frame]
    for frame in frames:
        bindings = list(frame.names.values())
        yield from (each for each in bindings if isinstance(each, Lazy) and each.kind == "equation")
        frames += [each.env for each in bindings if isinstance(each, ScopeValue) and each.env not in frames]


def _of_layer(session: Session, expr: tree.Attribute, value: Instance | MappedCell, env: Env) -> Value:
    layer = layer_of(value)
    unknown = layer is None or layer.frame is None
    if unknown and (early := _known_before(session, value, expr.name)) is not None:
        return bound(session, early)
    if layer is not None and layer.frame is None:
        _apply_first(session, layer, expr.target, env)
    if layer is None or layer.frame is None:
        codes.not_applied_yet(expr.name_span, describe(value), expr.name).throw()
    frame = layer.frame
    state = frame.states.get(expr.name)
    step = session.graphs.step
    if state is not None and step is not None and state in step.states:
        return new_value(session, state)
    binding = frame.names.get(expr.name)
    if isinstance(binding, Lazy) and binding.kind == "equation" and frame.owner is not session.graphs.builder:
        _unknown(expr, layer, [n for n, b in frame.names.items() if not (isinstance(b, Lazy) and b.kind == "equation")])
    if binding is None and expr.name not in frame.families and expr.name in layer.constructor.env.names:
        return bound(session, layer.constructor.env.names[expr.name])
    return _member(session, expr, frame, layer)


def new_value(session: Session, name: str) -> Tensor:
    """The new value of a state of the step in the making."""
    assert session.graphs.step is not None
    record = session.graphs.step.states[name]
    if record.new is None:
        record.new = record.define()
    return record.new


def _named_output(value: Tensor | ScanResult, name: str) -> Value | None:
    """A named output of an application or a scan, or the family of them that has this name."""
    if name in value.named:
        return value.named[name]
    is_family = any(re.fullmatch(rf"{re.escape(name)}(_\d+)+", each) for each in value.named)
    return Family(name, (value.named,)) if is_family else None


def _of_scan(expr: tree.Attribute, value: ScanResult | BidirectionalResult) -> Value:
    known: dict[str, Value | None] = {"last": value.last}
    if isinstance(value, BidirectionalResult):
        known.update(fw=value.forward, bw=value.backward)
    else:
        known.update(final=value.final, states=value.states, lengths=value.lengths)
        known.update(value.named)
    found = known.get(expr.name)
    if found is None:
        _unknown(expr, value, [name for name, each in known.items() if each is not None])
    return found


def state(expr: tree.Attribute, record: StateRecord) -> Value:
    """`run.final.lstm.h`, step by step."""
    name = dotted(record.prefix, expr.name)
    first = next((each for each in (name, f"{name}[t-1]") if each in record.states), None)
    if first is not None:
        further = itertools.takewhile(lambda each: each in record.states, (f"{name}[t-{k}]" for k in itertools.count(2)))
        steps = [record.states[each] for each in (first, *further)]
        return steps if len(steps) > 1 else steps[0]
    if any(each.startswith(f"{name}.") for each in record.states):
        return StateRecord(record.states, name)
    prefix = f"{record.prefix}." if record.prefix else ""
    known = {each.removeprefix(prefix).split(".")[0] for each in record.states if each.startswith(prefix)}
    _unknown(expr, record, known)


def _unknown(expr: tree.Attribute, owner: Value, known: Iterable[str]) -> NoReturn:
    what = describe(owner)
    if isinstance(owner, Tensor | list | VariableRef):
        is_foreign = expr.name in elsewhere.ATTRIBUTES or (expr.name in elsewhere.NAMES and expr.name not in NAMES)
        if is_foreign:
            codes.foreign_attribute(expr.name_span, what, expr.name).throw()
        if expr.name in NAMES:
            codes.function_as_attribute(expr.name_span, what, expr.name, expr.target.span.text).throw()
    codes.unknown_attribute(expr.name_span, what, expr.name, known).throw()
