"""Blocks and cells: constructors bound, layers applied, the equations of one application evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.elaborate.evaluate import lookup, types
from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.evaluate.binding import bind
from rnndsl.elaborate.evaluate.indexing import member_name
from rnndsl.elaborate.layers import outputs, products, stepping, updates
from rnndsl.elaborate.layers.feeds import Feed, feed, handed_on, taken
from rnndsl.elaborate.layers.statements import Declared, Declarer
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Env, dotted, failed, join
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    AxisValue,
    Builtin,
    Constructor,
    DefinitionValue,
    DTypeValue,
    InitializerName,
    InitializerValue,
    Instance,
    MappedCell,
    NoValue,
    UserFunction,
    Value,
)
from rnndsl.language.ops.op import Required
from rnndsl.names.check import PARAMETER_TYPES
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import arguments, kinds, places
from rnndsl.text.codes import time as time_codes
from rnndsl.text.codes.sizes import LAYER_COST
from rnndsl.text.diagnostics import Poisoned, SpecError
from rnndsl.text.source import Span

_MAX_DEPTH = 64


# ---------------------------------------------------------------- constructors


def construct(session: Session, value: DefinitionValue, call: tree.Call, env: Env) -> Constructor:
    """A definition with its constructor arguments: typed, defaults filled in. Raises SpecError."""
    definition = value.definition
    if definition.kind == "model":
        places.model_as_layer(call.span, definition.name.name).throw()
    if definition.kind == "optimizer":
        places.optimizer_as_layer(call.span, definition.name.name).throw()
    bound = bind(definition.name.name, {p.name: Required if p.default is None else None for p in definition.params}, call)
    assert value.body.parent is not None
    inner = Env(value.body.parent)
    for param in definition.params:
        expr = bound[param.name].expr
        inner.names[param.name] = parameter(session, param, expr, env if expr is not None else inner)
    return Constructor(definition, value.body, inner, call.span)


def parameter(session: Session, param: tree.ConstructorParam, expr: tree.Expr | None, env: Env) -> Binding:
    """The value of a constructor parameter: its argument, or its default. Raises SpecError if it is of another type."""
    source = expr if expr is not None else param.default
    assert source is not None
    if param.type.name not in PARAMETER_TYPES:
        raise Poisoned
    if param.type.name == "initializer":
        return NoValue() if _left_out(param, source) else _initializer(session, source, env)
    return typed(param, session.evaluate(source, env), source.span)


def _left_out(param: tree.ConstructorParam, expr: tree.Expr) -> bool:
    """Whether `none` is given for a parameter whose default it is."""
    return all(isinstance(each, tree.Name) and each.name == "none" for each in (param.default, expr))


def _initializer(session: Session, expr: tree.Expr, env: Env) -> Binding:
    """Initialisers stay expressions: they are worked out for each variable."""
    if isinstance(expr, tree.Name):
        value = session.evaluate(expr, env)
        if not isinstance(value, InitializerName | InitializerValue | UserFunction | int | float):
            kinds.no_initializer(expr.span, describe(value)).throw()
        return value if isinstance(value, InitializerValue) else InitializerValue(expr, env)
    return InitializerValue(expr, env)


def typed(param: tree.ConstructorParam, value: Value, span: Span) -> Value:
    """`value` as a parameter of the declared type; `none` too if that is the default."""
    if isinstance(value, NoValue) and isinstance(param.default, tree.Name) and param.default.name == "none":
        return value
    if param.is_list:
        items = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [None]
        if all(each is not None and _fits(param.type.name, each) for each in items):
            return items  # pyright: ignore[reportReturnType]
    elif _fits(param.type.name, value):
        return float(value) if param.type.name == "float" and isinstance(value, int) else value
    wanted = f"[{param.type.name}]" if param.is_list else param.type.name
    if isinstance(value, DefinitionValue):
        kinds.bare_parameter(span, describe(value), wanted, param.name, param.span).throw()
    if param.is_list and isinstance(value, list):
        strange = next(each for each in value if not _fits(param.type.name, each))
        kinds.parameter_item(span, describe(strange), wanted, param.name, param.span).throw()
    kinds.parameter(span, describe(value), wanted, param.name, param.span).throw()


def _fits(wanted: str, value: Value) -> bool:
    match wanted, value:
        case ("bool", bool()) | ("string", str()) | ("dtype", DTypeValue()) | ("axis", AxisValue()):
            return True
        case "fn", Builtin():
            return value.op.kind in ("unary", "binary", "structure")
        case "fn", UserFunction():
            return value.definition.kind == "fn"
        case "int", int():
            return not isinstance(value, bool)
        case "float", int() | float():
            return not isinstance(value, bool)
        case (("cell" | "block"), _):
            return isinstance(value, Constructor | Instance | MappedCell) and value.kind == wanted
        case _:
            return False


# ---------------------------------------------------------------- applications


def apply(session: Session, value: Instance | MappedCell, call: tree.Call, env: Env) -> Value:
    """`layer(x)`: a block on its inputs, or one step of a cell within a step. Raises SpecError."""
    layer = layer_of(value)
    assert layer is not None
    values = feed(session, layer.path, call, env)
    if layer.kind == "block":
        return run(session, layer, values, call.span, "")
    if session.graphs.step is None:
        time_codes.cell_outside_scan(call.span, layer.path).throw()
    prefix = dotted(env.state_prefix, local_name(session, layer, call.function, env))
    return step(session, value, values, call.span, prefix)


def local_name(session: Session, layer: Instance, written: tree.Expr, env: Env) -> str:
    """The name of an inner cell as seen from its user, who has `written` it so: its path below the user's, else that name."""
    name = _called_by(session, written, env)
    named = written.target if isinstance(written, tree.Index) else written
    for each in lookup.local(named, env) if isinstance(named, tree.Name) else ():
        if name in each.placed:
            return each.placed[name]
    own = env.instance.path if env.instance else ""
    if own and layer.path.startswith(f"{own}/"):
        return layer.path.removeprefix(f"{own}/").replace("/", ".")
    return name or layer.path.rpartition("/")[2]


def _called_by(session: Session, written: tree.Expr, env: Env) -> str:
    match written:
        case tree.Name():
            return written.name
        case tree.Index(target=tree.Name() as family):
            return member_name(session, written, family.name, env)
        case _:
            return ""


def step(session: Session, value: Instance | MappedCell, values: Feed, span: Span, prefix: str) -> Value:
    """One step of a cell in the step in the making; its states are registered under `prefix`."""
    if isinstance(value, MappedCell):
        assert isinstance(value.cell, Instance | MappedCell)
        if value.recurrent:
            with products.reading(session, value):
                return step(session, value.cell, values, span, prefix)
        before = set(session.graphs.step.states) if session.graphs.step else set[str]()
        output = step(session, value.cell, values, span, prefix)
        stepping.map_states(session, value, before, span)
        return output
    assert session.graphs.step is not None
    first = session.graphs.step.stepped.get(id(value))
    if first is not None:
        time_codes.stepped_twice(_by_user(session, span), value.path, None if first.source.library else first).throw()
    session.graphs.step.stepped[id(value)] = span
    before = len(session.graphs.step.states)
    output = run(session, value, values, span, prefix)
    value.registered = tuple(session.graphs.step.states)[before:]
    return output


def _by_user(session: Session, span: Span) -> Span:
    """Where a user has made what the library applies at `span`: `Stack([a, a])`."""
    made = (session.registry.instances.get(layer) for layer in session.reports.within())
    spans = (each.constructor.span for each in made if each is not None)
    return next((each for each in spans if not each.source.library), span) if span.source.library else span


def apply_unnamed(session: Session, constructor: Constructor, call: tree.Call, env: Env) -> Value:
    """`Dropout(0.1)(x)`: fine for what owns no variables."""
    name = constructor.definition.name.name
    return unnamed(session, constructor, feed(session, name, call, env), call.span, call.function.span, env)


def unnamed(session: Session, constructor: Constructor, values: Feed, span: Span, written: Span, env: Env) -> Value:
    """What is made by a constructor, `written` there, and has no name, on `values`. Raises SpecError if it owns variables."""
    name = constructor.definition.name.name
    path = join(env.frame().path, f"{name}_{session.registry.ordinal(join(env.frame().path, name))}")
    instance = Instance(path, constructor, env.frame().defaults, span)
    if constructor.kind == "cell" and session.graphs.step is None:
        time_codes.cell_outside_scan(span, name).throw()
    session.reports.anonymous.append((name, written))
    try:
        return run(session, instance, values, span, dotted(env.state_prefix, path.rpartition("/")[2]))
    finally:
        session.reports.anonymous.pop()


def run(session: Session, instance: Instance, values: Feed, span: Span, prefix: str) -> Value:
    """Evaluates the body of `instance` on `values`, in the graph in the making, and returns its output."""
    definition = instance.constructor.definition
    frame = Env(
        instance.constructor.body,
        instance.constructor.env,
        is_frame=True,
        kind=definition.kind,
        path=instance.path,
        defaults=instance.defaults,
        instance=instance,
        state_prefix=prefix,
        owner=session.graphs.builder,
    )
    instance.first = instance.first or span

    misfits: list[str] = []
    known = {s.name.name for s in walk(definition.body) if isinstance(s, tree.Input)}
    for name, (_, place) in values.named.items():
        if name not in known and name.rpartition("_")[0] not in known:
            arguments.unknown_input(values.names.get(name, place), values.layer, name, known).throw()

    def on_input(statement: tree.Input, name: str, env: Env) -> None:
        try:
            _input(session, instance, values, statement, name, env, span)
        except (SpecError, Poisoned):
            misfits.append(name)
            _poison_input(statement, name, env)
            raise

    def on_state(statement: tree.State, name: str, env: Env) -> None:
        stepping.declare_state(session, statement, name, env)

    with (
        session.budget.deeper(span, definition.name.name, _MAX_DEPTH, LAYER_COST),
        session.reducing("last"),
        session.reports.applying(instance.path, span),
    ):
        declared = Declarer(session, on_input, on_state).run(definition.body, frame)
        if misfits or declared.unmet:
            raise Poisoned
        values.finish()
        instance.frame = frame
        return _evaluate(session, declared, instance)


def _input(session: Session, instance: Instance, values: Feed, statement: tree.Input, name: str, env: Env, span: Span) -> None:
    if statement.kind == "target":
        places.of_model(statement.span, "target", env.kind).throw()
    tensor, place = handed_on(session, instance, values, statement, name) or taken(session, values, statement, name, env, span)
    frame = env.frame()
    frame.names[name] = tensor
    types.match(session, statement, tensor, env, instance, place)
    if statement.initial is not None:
        stepping.declare_input_state(session, statement, name, tensor, env)


def _poison_input(statement: tree.Input, name: str, env: Env) -> None:
    """Lets what a faulty input would have bound fail silently: its name and the names of its dims."""
    dims = statement.type.dims if statement.type else ()
    for each in (name, *(d.name for d in dims if isinstance(d, tree.Name) and types.binds(d, statement, env))):
        env.frame().names[each] = failed(each, statement.span)


def _evaluate(session: Session, declared: Declared, instance: Instance) -> Value:
    for lazy in declared.names:
        if lazy.kind != "const":  # may be there for others to read, such as `cell.output_size`
            session.reports.attempt(lambda lazy=lazy: session.force(lazy))
    for statement, name, env in declared.states:
        session.reports.attempt(lambda s=statement, n=name, e=env: stepping.require_equation(s, n, e))
    output = outputs.of_application(session, declared, instance)
    for statement, env in declared.updates:
        session.reports.attempt(lambda s=statement, e=env: updates.evaluate(session, s, e))
    return output
