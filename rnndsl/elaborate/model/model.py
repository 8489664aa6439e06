"""Elaborates a model: from its definition to a plan."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from rnndsl.elaborate.evaluate import lookup, types
from rnndsl.elaborate.evaluate.unify import alone
from rnndsl.elaborate.layers import defaults, instances, outputs, stepping, updates
from rnndsl.elaborate.layers.statements import Declared, Declarer
from rnndsl.elaborate.model import assemble, selectors, training
from rnndsl.elaborate.state.bytes import check_input
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Defaults, Env, failed
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Value
from rnndsl.language.builtins import MEASURES
from rnndsl.language.rules.types import FLOATS
from rnndsl.names.binder import enter
from rnndsl.names.modules import ResolvedModule
from rnndsl.plan.model import Named, Plan, PlanInput, Train, Update, Variable
from rnndsl.records import field, mutable
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import kinds, places
from rnndsl.text.codes import names as name_codes
from rnndsl.text.codes import types as type_codes
from rnndsl.text.diagnostics import Poisoned, SpecError
from rnndsl.text.source import Span


@mutable
class _Parts:
    """What the model's statements come to, before variables are settled."""

    inputs: list[PlanInput] = field(default_factory=list[PlanInput])
    outputs: list[Named] = field(default_factory=list[Named])
    losses: list[Named] = field(default_factory=list[Named])
    metrics: list[Named] = field(default_factory=list[Named])
    residuals: list[Named] = field(default_factory=list[Named])


_COLLECTED = {"loss": "losses", "metric": "metrics", "residual": "residuals"}
"""What a statement puts into its collection."""


class Elaboration:
    """One model on its way to a plan."""

    def __init__(self, session: Session, module: ResolvedModule, model: tree.Definition, given: Mapping[str, Binding]) -> None:
        self.session = session
        self.module = module
        self.model = model
        self.given = given
        self.parts = _Parts()
        self.parameters: dict[str, Value] = {}
        self.spans: dict[str, Span] = {}
        self.outputs: dict[str, Span] = {}

    def run(self) -> Plan | None:
        session = self.session
        body = enter(self.module, self.model)
        assert body.parent is not None
        names = Env(body.parent)
        self._parameters(names)
        own = Defaults()
        session.reports.attempt(lambda: self._seed(names))

        def inherit() -> None:
            nonlocal own
            own = defaults.inherit(session, own, self.model.defaults, names, "model", self.model.name.name)

        session.reports.attempt(inherit)
        env = Env(body, names, is_frame=True, kind="model", defaults=own, owner=session.graphs.builder)
        declared = Declarer(session, self._input, self._state).run(self.model.body, env)
        for lazy in declared.names:
            session.reports.attempt(lambda lazy=lazy: session.force(lazy))
        for statement, where in declared.outputs:
            session.reports.attempt(lambda s=statement, e=where: self._output(s, e))
        for statement, _ in declared.handed_on:
            session.reports.report(places.hand_on_in_model(statement.span))
        for statement, where in declared.updates:
            session.reports.attempt(lambda s=statement, e=where: updates.evaluate(session, s, e))
        for statement, where in declared.model:
            if isinstance(statement, tree.Measure):
                session.reports.attempt(lambda s=statement, e=where: self._measure(s, e))
        return self._finish(declared, env)

    # ------------------------------------------------------------ statements

    def _parameters(self, names: Env) -> None:
        for param in self.model.params:
            if param.name in self.given:
                names.names[param.name] = self.given[param.name]
                continue
            names.names[param.name] = failed(param.name, param.span)
            self.session.reports.attempt(
                lambda p=param: names.names.update({p.name: instances.parameter(self.session, p, None, names)})
            )

    def _seed(self, names: Env) -> None:
        for argument in self.model.defaults:
            if argument.name != "seed":
                continue
            value = self.session.evaluate(argument.value, names)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                kinds.seed(argument.value.span, describe(value)).throw()
            self.session.registry.seed = value

    def _input(self, statement: tree.Input, name: str, env: Env) -> None:
        if statement.kind == "given":
            places.given_in_model(statement.span).throw()
        if statement.initial is not None:
            places.initial_in_model(statement.span).throw()
        if statement.type is None:
            type_codes.no_type(statement.span, statement.kind, name).throw()
        self._check_input(statement, name)
        type = types.full(self.session, statement.type, env, env.defaults.dtype)
        check_input(type, name, statement.span)
        env.frame().names[name] = self.session.graphs.builder.input(type, name)
        self.parts.inputs.append(PlanInput(name=name, kind=statement.kind, type=type, doc=statement.doc))

    def _check_input(self, statement: tree.Input, name: str) -> None:
        if name == "self" or keyword.iskeyword(name):
            places.word_of_python(statement.name.span, name).throw()
        if name.startswith("_"):
            places.leading_underscore(statement.name.span, name).throw()
        self._check_once(statement.name.span, name)
        for other in self.parts.inputs:
            if other.name.casefold() == name.casefold():
                places.arguments_meet(statement.name.span, other.name, name, self.spans[other.name]).throw()

    def _check_once(self, span: Span, name: str) -> None:
        """Names of inputs, losses and metrics are the artefact's: no scope parts them. Raises SpecError."""
        first = self.spans.setdefault(name, span)
        if first != span:
            name_codes.defined_twice(span, name, first).throw()

    def _state(self, statement: tree.State, name: str, env: Env) -> None:
        stepping.declare_state(self.session, statement, name, env)

    def _output(self, statement: tree.Output, env: Env) -> None:
        named = statement.name if statement.name is not None else statement.value
        if not isinstance(named, tree.Name | tree.IndexedName):
            places.unnamed_output(statement.span, statement.value.span.text).throw()
        value = alone(self.session, outputs.value(self.session, statement, env), statement.value.span, env)
        name = outputs.name(self.session, named, env)
        first = self.outputs.setdefault(name, named.span)
        if first != named.span:
            name_codes.output_twice(named.span, name, first).throw()
        self.parts.outputs.append(Named(name=name, value=value.id, place=str(statement.span)))

    def _measure(self, statement: tree.Measure, env: Env) -> None:
        name, span = outputs.name(self.session, statement.name, env), statement.name.span
        if name in MEASURES:
            places.reserved_measure(span, name).throw()
        self._check_once(span, name)
        value = alone(self.session, lookup.bound(self.session, env.frame().names[name]), statement.value.span, env)
        if statement.kind != "residual" and (value.type.axes or value.type.dims):
            type_codes.not_scalar(statement.value.span, statement.kind, name, value.type).throw()
        if statement.kind != "metric" and value.type.dtype not in FLOATS:
            type_codes.measure_dtype(statement.value.span, name, statement.kind, value.type.dtype).throw()
        named = Named(name=name, value=value.id, place=str(statement.span), collection=self._collection(statement))
        {"loss": self.parts.losses, "metric": self.parts.metrics, "residual": self.parts.residuals}[statement.kind].append(named)

    def _named(self, statement: tree.Measure, env: Env) -> tuple[str, ...]:
        """The name of a loss and the like; of one whose index is faulty, its family's."""
        try:
            return (outputs.name(self.session, statement.name, env),)
        except (SpecError, Poisoned):
            return (statement.name.name,)

    def _collection(self, statement: tree.Measure) -> str | None:
        if statement.collection is not None:
            return defaults.joined(self.session, (statement.collection,), _COLLECTED[statement.kind])[0]
        return {"loss": "losses", "metric": "metrics"}.get(statement.kind)

    # ------------------------------------------------------------ the end

    def _finish(self, declared: Declared, env: Env) -> Plan | None:
        session = self.session
        self._unused_layers()
        session.reports.attempt(lambda: self._require_result(declared))
        records = session.registry.ordered_variables()
        chosen = selectors.run(session, declared.model, records)
        settled = assemble.settle(session, records, chosen)
        planned = assemble.update_list(session)
        trains = self._trains(declared, settled, planned, records)
        settled = assemble.counted(session, settled, env.names)
        if session.reports.sink.failed:
            return None
        made = assemble.Made(
            name=self.model.name.name,
            dtype=env.defaults.dtype,
            parameters=_plain(env.parent.names if env.parent else {}),
            trains=trains,
            updates=planned,
            variables=settled,
            inputs=self.parts.inputs,
            outputs=self.parts.outputs,
            losses=self.parts.losses,
            metrics=self.parts.metrics,
            residuals=self.parts.residuals,
            signatures=[s for s, _ in declared.model if isinstance(s, tree.SignatureDecl)],
            loads=chosen.loads,
        )
        return assemble.plan(session, made)

    def _require_result(self, declared: Declared) -> None:
        """A model without outputs, losses, metrics and residuals computes nothing."""
        named = any(isinstance(s, tree.Output | tree.Measure) for s in walk(self.model.body))
        if named and self.session.reports.sink.failed:
            return  # what is wrong with it has been told
        if not declared.outputs and not any(isinstance(s, tree.Measure) for s, _ in declared.model):
            places.no_result(self.model.header, self.model.name.name).throw()

    def _unused_layers(self) -> None:
        if self.session.reports.sink.failed:
            self.session.reports.incomplete |= any(instance.first is None for instance in self.session.registry.instances.values())
            return
        for instance in self.session.registry.instances.values():
            if instance.first is None:
                self.session.reports.sink.add(places.unused_layer(instance.span, instance.path))

    def _trains(
        self, declared: Declared, settled: list[Variable], planned: list[Update], records: list[VariableRecord]
    ) -> list[Train]:
        found: list[Train] = []
        names: dict[str, Span] = {}
        measured = {each.name for each in (*self.parts.losses, *self.parts.metrics, *self.parts.residuals)}
        faulty = {name for s, e in declared.model if isinstance(s, tree.Measure) for name in self._named(s, e)} - measured
        for statement, env in declared.model:
            if isinstance(statement, tree.Train):
                first = names.setdefault(statement.name.name, statement.name.span)
                if first != statement.name.span:
                    self.session.reports.report(name_codes.defined_twice(statement.name.span, statement.name.name, first))
                    continue
                self.session.reports.attempt(
                    lambda s=statement, e=env: found.append(self._train(s, e, settled, planned, records, faulty))
                )
        return found

    def _train(
        self,
        statement: tree.Train,
        env: Env,
        settled: list[Variable],
        planned: list[Update],
        records: list[VariableRecord],
        faulty: set[str],
    ) -> Train:
        return training.train(
            self.session,
            statement,
            env,
            losses=self.parts.losses,
            faulty=faulty,
            residuals=self.parts.residuals,
            updates=planned,
            variables=settled,
            records=records,
            inputs=self.parts.inputs,
        )


def _plain(names: Mapping[str, Binding]) -> dict[str, object]:
    return {name: value for name, value in names.items() if isinstance(value, bool | int | float | str)}
