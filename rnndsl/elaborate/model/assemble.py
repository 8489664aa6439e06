"""Puts a plan together: variables settled, collections filled, penalties spelled out, signatures listed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from rnndsl.elaborate.layers import initializers, variables
from rnndsl.elaborate.model import penalties
from rnndsl.elaborate.model.selectors import Selections
from rnndsl.elaborate.state import origins
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.language.builtins import COLLECTIONS, SIGNATURES
from rnndsl.language.initializers import initial_value
from rnndsl.language.rules.types import FLOATS, widest
from rnndsl.plan.function import artefact_name
from rnndsl.plan.model import DType, Initializer, Load, Named, Plan, PlanInput, Signature, Slot, TensorType, Train, Update, Variable
from rnndsl.plan.tables import DAMPING, GROWTH, SCALE, Bounds, LeastSquares
from rnndsl.records import Immutable, record, replace
from rnndsl.syntax import tree
from rnndsl.text.codes import names as name_codes
from rnndsl.text.codes import places
from rnndsl.text.codes import training as training_codes
from rnndsl.text.codes import variables as variable_codes
from rnndsl.text.diagnostics import Poisoned


@record
class Made(Immutable):
    """The parts of a plan, ready to be put together."""

    name: str
    dtype: DType
    parameters: Mapping[str, object]
    trains: Sequence[Train]
    updates: Sequence[Update]
    variables: Sequence[Variable]
    inputs: Sequence[PlanInput]
    outputs: Sequence[Named]
    losses: Sequence[Named]
    metrics: Sequence[Named]
    residuals: Sequence[Named]
    signatures: Sequence[tree.SignatureDecl]
    loads: Sequence[Load]


def settle(session: Session, records: Sequence[VariableRecord], chosen: Selections) -> list[Variable]:
    """Every declared variable with its initialiser, trainability and collections; then carried states."""
    found: list[Variable] = []
    for each in records:
        session.reports.attempt(lambda each=each: found.append(_variable(session, each, chosen)))
    return [*found, *session.registry.carried.values()]


def counted(session: Session, settled: Sequence[Variable], names: Collection[str]) -> list[Variable]:
    """All `settled` variables, and the counter if anything is drawn, optimizers' draws included. Its name is none of `names`, the
    user's own."""
    found = [*settled, *([_counter({*names, *session.registry.owners})] if session.registry.draws else [])]
    _check_names(session, found)
    return found


def _variable(session: Session, record: VariableRecord, chosen: Selections) -> Variable:
    made, origin = _initializer(session, record, chosen)
    made = initializers.written_out(session, record, made, lambda other: _initializer(session, other, chosen)[0])
    load = chosen.loaded.get(record.path)
    if load is not None and not load.optional:
        made, origin = Initializer("loaded", {"file": load.source}), origins.loaded(load.span)
    reason = _not_trainable(record, chosen)
    kinds = ["global_variables", "model_variables", *(["trainable_variables"] if reason is None else [])]
    own = [*record.collections, *record.defaults.collections, *chosen.collected.get(record.path, [])]
    found = Variable(
        path=record.path,
        kind=record.kind,
        dtype=record.dtype,
        shape=record.shape,
        initializer=made,
        initializer_origin=origin,
        trainable=reason is None,
        not_trainable=reason,
        collections=tuple(dict.fromkeys([*kinds, *own])),
        device=record.device,
        rate=chosen.rates.get(record.path, 1.0),
        bounds=record.bounds,
        place=str(record.span),
    )
    if record.bounds is not None and load is None:
        _check_start(session, record, record.bounds, found)
    return found


def _check_start(session: Session, record: VariableRecord, bounds: Bounds, variable: Variable) -> None:
    """Raises SpecError if the variable starts outside of its bounds."""
    value = initial_value(variable, session.registry.seed)
    least, most = float(value.min(initial=math.inf)), float(value.max(initial=-math.inf))
    low, high = bounds
    outside = least if low is not None and least < low else most
    if (low is not None and least < low) or (high is not None and most > high):
        variable_codes.starts_outside(record.span, variable.path, variable.initializer.name, outside, low, high).throw()


def _initializer(session: Session, record: VariableRecord, chosen: Selections) -> tuple[Initializer, str]:
    """How a variable starts before any `load`, and why so."""
    selected = chosen.initializers.get(record.path)
    return variables.initializer(session, record, selected[:2] if selected else None)


def _not_trainable(record: VariableRecord, chosen: Selections) -> str | None:
    """Why an optimizer leaves the variable alone: the last selector, else the declaration, else the nearest `with`."""
    if record.kind == "var":
        return origins.A_VAR
    if record.dtype not in FLOATS:
        return origins.no_gradient(record.dtype)
    if record.path in chosen.frozen:
        frozen, origin = chosen.frozen[record.path]
        return origin if frozen else None
    if record.frozen:
        return origins.FROZEN
    inherited = record.defaults.trainable
    return origins.untrainable(inherited[1]) if inherited is not None and not inherited[0] else None


def _counter(taken: Collection[str]) -> Variable:
    path = "call_counter"
    while path in taken:
        path += "_"
    return Variable(
        path=path,
        kind="counter",
        dtype="i64",
        shape=(),
        initializer=Initializer(name="zeros"),
        initializer_origin=origins.COUNTER,
        trainable=False,
        not_trainable=origins.A_COUNTER,
        collections=("local_variables",),
    )


def _check_names(session: Session, found: Sequence[Variable]) -> None:
    taken: dict[str, str] = {}
    for variable in found:
        name = artefact_name(variable.path)
        first = taken.setdefault(name, variable.path)
        if first != variable.path:
            span = session.registry.variables[variable.path].span if variable.path in session.registry.variables else None
            other = session.registry.variables.get(first)
            session.reports.report(places.names_meet(span, first, variable.path, name, other.span if other else None))


def update_list(session: Session) -> list[Update]:
    """The updates of the top graph, in order."""
    return [
        Update(name=u.name, variable=u.path, value=u.value.id, collections=u.collections, place=u.place)
        for u in session.graphs.builder.updates
    ]


def plan(session: Session, made: Made) -> Plan | None:
    """The whole plan; None if its last parts are faulty."""
    averaged = {path for train in made.trains if train.optimizer.average for path in train.variables}
    settled = [_averaged(v) if v.path in averaged else v for v in made.variables]
    settled += [own for train in made.trains for own in optimizer_variables(train, settled)]
    collections = _collections(session, made, settled)
    try:
        graph = penalties.spell_out(session, collections)
    except Poisoned:
        return None
    plan = Plan(
        name=made.name,
        dtype=made.dtype,
        seed=session.registry.seed,
        parameters=dict(made.parameters),
        axes=tuple(session.graphs.axes),
        inputs=tuple(made.inputs),
        variables=tuple(settled),
        graph=graph,
        outputs=tuple(made.outputs),
        losses=tuple(made.losses),
        metrics=tuple(made.metrics),
        residuals=tuple(made.residuals),
        updates=tuple(made.updates),
        trains=tuple(made.trains),
        collections=collections,
        names=dict(session.graphs.names),
        loads=tuple(made.loads),
    )
    signatures = _signatures(session, plan, made.signatures)
    return None if session.reports.sink.failed else replace(plan, signatures=tuple(signatures))


def optimizer_variables(train: Train, variables: Sequence[Variable]) -> list[Variable]:
    """What the optimizer of `train` keeps for itself: `train/NAME/…`, in `global_variables` alone, or `local_variables`."""
    known = {v.path: v for v in variables}
    root = f"train/{train.name}"
    origin = origins.optimizer(train.optimizer.name, train.name)
    if train.optimizer.least_squares is not None:
        return [_local(x) for x in _of_least_squares(root, train.optimizer.least_squares, train, known, origin)]
    counter = Slot("step", TensorType("i64"), Initializer("zeros"), "")
    found = [_own(f"{root}/step", counter, None, origin, train.place)]
    slots = ((slot, known[path]) for rule in train.optimizer.rules for slot in rule.slots for path in rule.variables)
    found += [_own(f"{root}/{of.path}/{slot.name}", slot, of, origin, train.place) for slot, of in slots]
    for of in (known[path] for path in train.variables if train.optimizer.average is not None):
        average = Slot("average", TensorType(widest((of.dtype, "f32")), (), of.shape), None, "")
        found.append(_own(f"{root}/average/{of.path}", average, of, origin, train.place))
    return found


def _of_least_squares(
    root: str, told: LeastSquares, train: Train, known: Mapping[str, Variable], origin: str
) -> Iterator[Variable]:
    count = sum(math.prod(known[path].shape) for path in train.variables)
    starts = {DAMPING: Initializer("constant", {"value": told.damping})}
    if told.rule == "nielsen":
        starts[GROWTH] = Initializer("constant", {"value": told.increase})
    if told.scaled:
        starts[SCALE] = Initializer("zeros")
    for name, start in starts.items():
        t = TensorType(told.dtype, (), (count,) if name == SCALE else ())
        yield _own(f"{root}/{name}", Slot(name, t, start, ""), None, origin, train.place)


def _local(variable: Variable) -> Variable:
    return replace(variable, collections=("local_variables",))


def _own(path: str, slot: Slot, of: Variable | None, origin: str, place: str) -> Variable:
    like = of if slot.initializer is None else None
    return Variable(
        path=path,
        kind="optimizer",
        dtype=slot.type.dtype,
        shape=slot.type.dims,
        initializer=like.initializer if like else slot.initializer or Initializer("zeros"),
        initializer_origin=origins.first_value(like.path) if like else origin,
        trainable=False,
        not_trainable=origins.OPTIMIZERS,
        collections=("global_variables",),
        device=of.device if of else None,
        like=like.path if like else None,
        place=place,
    )


def _averaged(variable: Variable) -> Variable:
    return replace(variable, collections=(*variable.collections, "moving_average_variables"))


def _collections(session: Session, made: Made, settled: Sequence[Variable]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {
        name: [] for name in (*COLLECTIONS, *(c for c in session.registry.collections if c not in COLLECTIONS))
    }
    for variable in settled:
        for name in variable.collections:
            members[name].append(variable.path)
    for update in made.updates:
        for name in update.collections:
            members[name].append(update.name)
    for named in (*made.losses, *made.metrics):
        if named.collection:
            members[named.collection].append(named.name)
    members["train_op"] += [train.name for train in made.trains]
    return {name: tuple(dict.fromkeys(paths)) for name, paths in members.items()}


def _signatures(session: Session, plan: Plan, declared: Sequence[tree.SignatureDecl]) -> list[Signature]:
    """What `signature` statements ask for. The functions that every model has are derived from the finished plan."""
    found: list[Signature] = []
    for statement in declared:
        taken = [*(x.name for x in plan.trains), *(x.name for x in found)]
        session.reports.attempt(lambda s=statement, t=taken: found.append(_custom(plan, s, t)))
    return found


def _custom(plan: Plan, statement: tree.SignatureDecl, taken: Sequence[str]) -> Signature:
    name = statement.name.name
    if name in SIGNATURES:
        places.reserved_signature(statement.name.span, name).throw()
    if name in taken:
        name_codes.signature_twice(statement.name.span, name).throw()
    outputs = [o.name for o in plan.outputs]
    for each in statement.outputs:
        if each.name not in outputs:
            training_codes.bad_signature(each.span, name, each.name, outputs).throw()
    return Signature(name=name, outputs=tuple(each.name for each in statement.outputs))
