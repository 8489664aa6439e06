"""Statements into names: what a body declares, with `if` and `for` carried out.

`declare` walks a body in the order of the text and binds each name to a value that is computed when first asked for, so that
equations may stand in any order. What cannot be a name (outputs, updates, losses, selectors) is listed for the caller.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from rnndsl.elaborate.evaluate.indexing import family_index, integer
from rnndsl.elaborate.layers import defaults, variables
from rnndsl.elaborate.layers import ownership as layers
from rnndsl.elaborate.layers.requirements import require
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Env, Lazy, failed, join
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import AxisValue, ScopeValue, TrainingFlag, UserFunction, Value
from rnndsl.names.declaring import names_itself, names_of
from rnndsl.names.modules import Scope
from rnndsl.records import field, mutable
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import indices, kinds, places
from rnndsl.text.codes import names as codes
from rnndsl.text.codes import sizes as limit_codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.codes import types as type_codes
from rnndsl.text.diagnostics import Poisoned, SpecError
from rnndsl.text.source import Span


@mutable
class Declared:
    """What a body declares beside names, each with the environment of its place."""

    names: list[Lazy] = field(default_factory=list[Lazy])
    outputs: list[tuple[tree.Output, Env]] = field(default_factory=list[tuple[tree.Output, Env]])
    handed_on: list[tuple[tree.HandOn, Env]] = field(default_factory=list[tuple[tree.HandOn, Env]])
    updates: list[tuple[tree.Update, Env]] = field(default_factory=list[tuple[tree.Update, Env]])
    states: list[tuple[tree.State, str, Env]] = field(default_factory=list[tuple[tree.State, str, Env]])
    model: list[tuple[Any, Env]] = field(default_factory=list[tuple[Any, Env]])
    unmet: bool = False
    """Whether something is required that does not hold: what follows may then say nothing."""


@mutable
class Declarer:
    """`on_input` and `on_state` are called as such a statement is met, with its member name."""

    session: Session
    on_input: Callable[[tree.Input, str, Env], None]
    on_state: Callable[[tree.State, str, Env], None]
    declared: Declared = field(default_factory=Declared)
    used: Span | None = None
    """Where the definition is used, if it makes no layer."""
    state_spans: dict[tuple[int, str], Span] = field(default_factory=dict[tuple[int, str], Span])
    """Where each state is declared, by frame and name."""

    def run(self, statements: tuple[tree.Statement, ...], env: Env) -> Declared:
        """Declares every statement; a faulty one goes to the sink, and the names that it would have defined fail silently."""
        for statement in statements:
            self.session.reports.attempt(lambda statement=statement: self._whole(statement, env))
        return self.declared

    def _whole(self, statement: tree.Statement, env: Env) -> None:
        try:
            if self._is_moot(statement, env):
                raise Poisoned
            self._one(statement, env)
        except (SpecError, Poisoned):
            self.session.reports.incomplete = True
            for each in walk((statement,)):
                for name in names_of(each):
                    env.frame().names.setdefault(name.name, failed(name.name, each.span))
            raise

    def _is_moot(self, statement: tree.Statement, env: Env) -> bool:
        """Whether a fault of `statement` may only follow from what is required of the definition and does not hold."""
        return self.declared.unmet and not isinstance(statement, tree.Require) and bool(env.instance or self.used)

    def _one(self, statement: tree.Statement, env: Env) -> None:
        match statement:
            case tree.Equation():
                self._expression(statement.name, env, statement.value, "equation", statement.span)
            case tree.Layer():
                name = self._name(statement.name, env)
                make = functools.partial(layers.make, self.session, statement, name, env)
                self._lazy(statement.name, env, make, "layer", statement.span, (statement.constructor,))
            case tree.VariableDecl(type=None):
                type_codes.no_variable_type(statement.span, statement.kind, statement.name.name).throw()
            case tree.VariableDecl(type=tree.TensorTypeExpr()):
                assert statement.type is not None
                name = self._name(statement.name, env)
                declare = functools.partial(variables.declare, self.session, statement, name, env)
                dims = tuple(each for each in statement.type.dims if not isinstance(each, tree.Rest))
                self._lazy(statement.name, env, declare, "variable", statement.span, dims)
            case tree.Const():
                named = tree.IndexedName(statement.name.span, statement.name.name)
                self._expression(named, env, statement.value, "const", statement.span)
            case tree.Input():
                name = self._name(statement.name, env)
                self._claim_name(statement.name, name, env)
                self.on_input(statement, name, env)
            case tree.State():
                name = self._name(statement.name, env)
                self._claim_state(statement.name, name, env)
                self.on_state(statement, name, env)
                self.declared.states.append((statement, name, env))
            case tree.Output():
                self._output(statement, env)
            case tree.HandOn():
                self.declared.handed_on.append((statement, env))
            case tree.Update():
                self.declared.updates.append((statement, env))
            case tree.If():
                self._if(statement, env)
            case tree.For():
                self._for(statement, env)
            case tree.Scope():
                self._scope(statement, env)
            case tree.FunctionDef():
                value = UserFunction(statement, self._opened(statement, env), env)
                self._bind(tree.IndexedName(statement.name.span, statement.name.name), env, value)
            case tree.AxisDecl():
                for each in statement.names:
                    self._axis(each, env)
            case tree.Write():
                places.write_outside(statement.span, statement.name.name).throw()
            case tree.Require():
                self._require(statement, env)
            case tree.CollectionDecl():
                for each in statement.names:
                    declare_collection(self.session, each)
            case _:
                self._model_statement(statement, env)

    def _require(self, statement: tree.Require, env: Env) -> None:
        already = self.declared.unmet
        try:
            require(self.session, statement, env, self.used)
        except (SpecError, Poisoned) as error:
            self.declared.unmet = True
            if already and isinstance(error, SpecError) and error.diagnostic.kind is not places.REQUIRED:
                raise Poisoned from None
            raise

    # ------------------------------------------------------------ names

    def _name(self, name: tree.IndexedName, env: Env) -> str:
        if name.index is None:
            return name.name
        return f"{name.name}_{family_index(self.session, name.index, env)}"

    def _claim_name(self, name: tree.IndexedName, full: str, env: Env) -> None:
        frame = env.frame()
        if full in frame.spans:
            codes.defined_twice(name.span, full, frame.spans[full]).throw()
        frame.spans[full] = name.span
        if name.index is not None:
            frame.families.setdefault(name.name, name.span)

    def _claim_state(self, name: tree.IndexedName, full: str, env: Env) -> None:
        """The name of a state is that of its equation too, so states are told apart from the rest."""
        first = self.state_spans.setdefault((id(env.frame()), full), name.span)
        if first != name.span:
            codes.declared_twice(name.span, full, first).throw()

    def _bind(self, name: tree.IndexedName, env: Env, value: Binding) -> None:
        full = self._name(name, env)
        self._claim_name(name, full, env)
        env.frame().names[full] = value

    def _expression(self, name: tree.IndexedName, env: Env, value: tree.Expr, kind: Any, span: Span) -> None:
        self._lazy(name, env, functools.partial(self.session.evaluate, value, env), kind, span, (value,))

    def _lazy(
        self, name: tree.IndexedName, env: Env, compute: Callable[[], Value], kind: Any, span: Span, exprs: tuple[tree.Expr, ...]
    ) -> None:
        lazy = Lazy(self._name(name, env), span, self._at_home(compute, env.frame().owner), kind, exprs=exprs, env=env)
        self._bind(name, env, lazy)
        self.declared.names.append(lazy)

    def _at_home(self, compute: Callable[[], Value], graph: object) -> Callable[[], Value]:
        """`compute` in the graph and with the reductions of the body that declares it, whoever asks for it first."""
        default = self.session.reductions[-1]

        def at_home() -> Value:
            with self.session.graphs.back_in(graph), self.session.reducing(default):
                return compute()

        return at_home

    def _output(self, statement: tree.Output, env: Env) -> None:
        if statement.name is not None and not names_itself(statement):
            self._expression(statement.name, env, statement.value, "equation", statement.span)
        self.declared.outputs.append((statement, env))

    def _axis(self, name: tree.Name, env: Env) -> None:
        self._bind(tree.IndexedName(name.span, name.name), env, AxisValue(name.name))
        if name.name not in self.session.graphs.axes:
            self.session.graphs.axes.append(name.name)

    # ------------------------------------------------------------ blocks of statements

    def _if(self, statement: tree.If, env: Env) -> None:
        condition = self.session.evaluate(statement.condition, env)
        if isinstance(condition, TrainingFlag):
            training_codes.declared_under_training(statement.condition.span).throw()
        if not isinstance(condition, bool):
            kinds.condition(statement.condition.span, describe(condition)).throw()
        self.run(statement.yes if condition else statement.no, env)

    def _for(self, statement: tree.For, env: Env) -> None:
        values = self._rounds(statement.range, env)
        count = self.session.budget.rounds + _length(values)
        if count > limit_codes.MAX_REPEATS:
            limit_codes.too_many_repeats(statement.range.span, count).throw()
        self.session.budget.rounds = count
        for value in values:
            self.run(statement.body, env.child(self._opened(statement, env), {statement.variable.name: value}))

    def _opened(self, statement: tree.For | tree.Scope | tree.FunctionDef, env: Env) -> Scope:
        """The scope that a statement opens, as the binder has it."""
        return env.scope.module.bindings.scopes[id(statement)]

    def _rounds(self, expr: tree.Expr, env: Env) -> range | list[Value]:
        if isinstance(expr, tree.Range):
            start = integer(self.session, expr.start, env, indices.range_end) if expr.start else 0
            assert expr.stop is not None  # so in a `for`
            return range(start, integer(self.session, expr.stop, env, indices.range_end))
        value = self.session.evaluate(expr, env)
        if not isinstance(value, list):
            kinds.no_range(expr.span, describe(value)).throw()
        return value

    def _scope(self, statement: tree.Scope, env: Env) -> None:
        name = self._name(statement.name, env)
        path = join(env.frame().path, name)
        inner = env.child(self._opened(statement, env))
        inner.is_frame, inner.path, inner.owner = True, path, env.frame().owner
        inner.defaults = defaults.inherit(self.session, env.frame().defaults, statement.defaults, env, "scope", path)
        self._bind(statement.name, env, ScopeValue(inner))
        self.session.registry.claim(path, statement.span)
        self.run(statement.body, inner)

    def _model_statement(self, statement: tree.Statement, env: Env) -> None:
        if env.kind != "model":
            what = re.match(r"\w+", statement.span.text)
            places.of_model(statement.span, what[0] if what else "", env.kind).throw()
        if isinstance(statement, tree.Measure):
            default = "error" if statement.kind == "residual" else "everything"
            measure = functools.partial(self._measure, statement, env, default)
            self._lazy(statement.name, env, measure, "equation", statement.span, (statement.value,))
        self.declared.model.append((statement, env))

    def _measure(self, statement: tree.Measure, env: Env, default: Any) -> Value:
        with self.session.reducing(default):
            return self.session.evaluate(statement.value, env)


def _length(values: range | list[Value]) -> int:
    # `len` of a range is refused beyond 63 bits.
    return max(0, values.stop - values.start) if isinstance(values, range) else len(values)


def declare_collection(session: Session, name: tree.Name) -> None:
    """A collection of the user's own."""
    first = session.registry.collections.get(name.name, name.span)
    if first is None:
        training_codes.predeclared(name.span, name.name).throw()
    if first != name.span and first.source == name.span.source:
        codes.declared_twice(name.span, name.name, first).throw()
    session.registry.collections[name.name] = name.span
