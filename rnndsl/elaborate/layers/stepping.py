"""States of the step in the making: declared by cells, defined by their equations, mapped by `map_state`."""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.elaborate.evaluate import applying, types
from rnndsl.elaborate.evaluate.attributes import layer_of, new_value
from rnndsl.elaborate.layers import initializers, products
from rnndsl.elaborate.state.environment import Env, Lazy, dotted
from rnndsl.elaborate.state.records import StateRecordInProgress, StepContext
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerName, InitializerValue, MappedCell, Tensor, Value
from rnndsl.plan.model import DType, TensorType
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import time as codes
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.source import Span


def declare_state(session: Session, statement: tree.State, name: str, env: Env) -> None:
    """`state name: T = INITIAL` in a cell that is being stepped. Raises SpecError."""
    step = session.graphs.step
    env.frame().states[name] = ""
    if env.kind != "cell" or step is None:
        codes.state_outside_cell(statement.span, env.kind).throw()
    declared = types.full(session, statement.type, env, env.frame().defaults.dtype)
    type = declared.with_axes(step.axes, session.graphs.axes)
    full = dotted(env.frame().state_prefix, name)

    def define() -> Tensor:
        return _equation(session, full, name, type, statement, env)

    _register(session, full, full, type, statement.initial, define, env, statement.span)
    env.frame().states[name] = full


def declare_input_state(session: Session, statement: tree.Input, name: str, tensor: Tensor, env: Env) -> None:
    """An input that declares an initial value can be delayed: its past is a state."""
    assert statement.initial is not None
    if session.graphs.step is None:
        codes.input_of_block(statement.initial.span, name, env.kind).throw()
    base = dotted(env.frame().state_prefix, name)
    type = tensor.type.with_axes(session.graphs.step.axes, session.graphs.axes)
    full = f"{base}[t-1]"
    _register(session, full, base, type, statement.initial, lambda: tensor, env, statement.span)
    env.frame().states[name] = full


def _register(
    session: Session, full: str, base: str, type: TensorType, initial: tree.Expr, define: Callable[[], Tensor], env: Env, span: Span
) -> None:
    step = session.graphs.step
    assert step is not None
    state_env = replace(env, initial_of=(full, initial.span))

    def make_initial(k: int) -> Tensor:
        with session.graphs.building(step.outer):
            name = _given_as(step, base, k, type)
            if name is not None:
                return _given(session, step, name, type)
            return _initial(session, initial, k, type, full, state_env)

    first = make_initial(1)
    old = step.ahead.pop(full)[0] if full in step.ahead else step.old(type, first)
    record = StateRecordInProgress(full, base, old, first, define, span)
    record.steps[1] = old
    record.make_initial = make_initial
    record.read = products.reader(session, record, env.frame())
    if record.read is not None:
        step.read_as[old.id] = record.read(old).id
    step.states[full] = record


def _given_as(step: StepContext, base: str, k: int, type: TensorType) -> str | None:
    """Under which name the value is given that stands `k` steps before the start, if it is: by the state's own name, or as the k-th
    of a list. A list of numbers of the state's own shape is one value."""
    if f"{base}[t-1]" not in step.initial:
        name = base if k == 1 else f"{base}[t-{k}]"
        return name if name in step.initial else None
    listed = [name for name in step.initial if name.startswith(f"{base}[t-")]
    whole = step.initial.get(base)
    if whole is not None and whole.type.dims == type.dims:
        step.used_initials.update(listed)
        return base if k == 1 else None
    step.used_initials.add(base)
    if k > len(listed):
        codes.initial_count(step.initial_spans.get(listed[0], step.span), base, k, len(listed)).throw()
    return f"{base}[t-{k}]"


def _given(session: Session, step: StepContext, name: str, type: TensorType) -> Tensor:
    """The value given for a state; a plain number takes the state's dtype."""
    value = step.initial[name]
    step.used_initials.add(name)
    number = step.outer.number(value)
    if number is not None and value.type.dtype != type.dtype:
        value = session.literal(number, type.dtype, step.initial_spans.get(name, step.span))
    if not types.fits(value.type, type):
        codes.initial_type(step.initial_spans.get(name), name, type, value.type).throw()
    return value


def _initial(session: Session, expr: tree.Expr, k: int, type: TensorType, state: str, env: Env) -> Tensor:
    """INITIAL as a tensor of the enclosing graph; the k-th of a list for the k-th delay."""
    item = expr
    if isinstance(expr, tree.ListExpr):
        if k > len(expr.items):
            codes.initial_count(expr.span, state, k, len(expr.items)).throw()
        item = expr.items[k - 1]
    value = plain(session, session.evaluate(item, env), item, state, type.dtype, env)
    tensor = session.tensor(value, item.span, type.dtype)
    if not types.fits(tensor.type, type):
        codes.initial_type(item.span, state, type, tensor.type).throw()
    return tensor


def plain(session: Session, value: Value, expr: tree.Expr, state: str, dtype: DType, env: Env) -> Value:
    """`zeros`, `ones` and `constant(v)` as numbers."""
    if isinstance(value, InitializerName):
        value = InitializerValue(expr, env)
    if not isinstance(value, InitializerValue):
        return value
    recipe = initializers.recipe(session, value, state, (), dtype, expr.span)
    number = {"zeros": 0, "ones": 1}.get(recipe.name, recipe.arguments.get("value"))
    if dtype == "bool" and recipe.name in ("zeros", "ones"):
        return recipe.name == "ones"
    if number is None:
        codes.random_initial(expr.span, state, recipe.name).throw()
    return number


def _equation(session: Session, full: str, name: str, type: TensorType, statement: tree.State, env: Env) -> Tensor:
    binding = env.frame().names.get(name)
    if not isinstance(binding, Lazy):
        raise Poisoned
    value = session.tensor(session.force(binding), binding.span, type.dtype)
    if not types.fits(value.type, type):
        codes.state_type(binding.span, full, type, value.type, statement.span).throw()
    return value


def require_equation(statement: tree.State, name: str, env: Env) -> None:
    """Diagnoses a state that no equation defines."""
    if not isinstance(env.frame().names.get(name), Lazy):
        codes.state_without_equation(statement.span, name).throw()


def map_states(session: Session, value: MappedCell, before: set[str], span: Span) -> None:
    """Every state that the inner cell has just registered becomes `f(new, old)`."""
    step, layer = session.graphs.step, layer_of(value)
    assert step is not None and layer is not None and layer.frame is not None
    for name, record in step.states.items():
        if name not in before and "[t-" not in name and name.rpartition(".")[2] not in value.skip:
            _map(session, record, value, layer.frame, span)


def _map(session: Session, record: StateRecordInProgress, value: MappedCell, env: Env, span: Span) -> None:
    define = record.define

    def mapped() -> Tensor:
        result = applying.call_value(session, value.function, [define(), record.old], env, span)
        tensor = session.tensor(result, span, record.old.type.dtype)
        if not types.fits(tensor.type, record.old.type):
            codes.mapped_state_type(span, record.name, record.old.type, tensor.type).throw()
        return tensor

    record.define, record.new = mapped, None


def finish(session: Session, step: StepContext) -> list[StateRecordInProgress]:
    """The states with their new values. Computing one may add a delay, so it goes on until none is left."""
    for _, span in step.ahead.values():
        session.reports.attempt(lambda span=span: codes.not_made(span, span.text).throw())
    done: set[str] = set()
    while len(done) < len(step.states):
        for name in [n for n in step.states if n not in done]:
            done.add(name)
            session.reports.attempt(lambda name=name: new_value(session, name))
    if step.ahead or any(record.new is None for record in step.states.values()):
        raise Poisoned
    return list(step.states.values())


def check_initials(step: StepContext) -> None:
    """Diagnoses initial values for states that the cell does not have."""
    for name in step.initial:
        if name in step.used_initials:
            continue
        span, base = step.initial_spans.get(name), name.partition("[t-")[0]
        read = sum(record.base == base for record in step.states.values())
        if read and f"{base}[t-1]" in step.initial:
            items = sum(each.startswith(f"{base}[t-") for each in step.initial)
            codes.initial_count(span or step.span, base, read, items).throw()
        known = [each for each, record in step.states.items() if not record.of_loop]
        codes.unknown_state(span, name, known).throw()
