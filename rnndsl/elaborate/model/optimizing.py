"""An `optimizer` definition, for the variables that it trains: its equations, once for all variables of one type."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from rnndsl.elaborate.evaluate.applying import call_value
from rnndsl.elaborate.evaluate.binding import Bound, bind
from rnndsl.elaborate.layers import instances
from rnndsl.elaborate.model import least_squares
from rnndsl.elaborate.model.equations import Equations
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Defaults, Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import DefinitionValue, OptimizerName, Tensor, UserFunction
from rnndsl.language.builtins import GIVEN, STEP_OPTIONS
from rnndsl.language.ops.op import Required
from rnndsl.language.rules.types import FLOATS, widest
from rnndsl.plan.attributes import ToDType
from rnndsl.plan.model import DType, Optimizer, PlanInput, Rule, TensorType, Variable
from rnndsl.plan.rewriting import draws
from rnndsl.plan.tables import INPUT
from rnndsl.records import Immutable, record, replace
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments, clauses, kinds
from rnndsl.text.codes import training as codes
from rnndsl.text.diagnostics import Diagnostic, SpecError
from rnndsl.text.source import Span

RATE = "rate"
"""The type of a parameter that is a number, a schedule or an input."""


@record
class Chosen(Immutable):
    """An optimizer with its arguments. `values` are those of its parameters that are the same for all variables; `rates` are
    evaluated for each type of variable, in the environments given."""

    definition: tree.Definition
    call: tree.Call
    names: Env
    rates: Mapping[str, tuple[tree.Expr, Env]]
    arguments: Mapping[str, Any]
    options: Mapping[str, float | None]


def choose(session: Session, expr: tree.Expr, env: Env) -> Chosen | least_squares.Chosen:
    """The optimizer that a `train` statement names. Raises SpecError."""
    function = expr.function if isinstance(expr, tree.Call) else expr
    value = session.evaluate(function, env)
    if isinstance(value, OptimizerName):
        return least_squares.choose(session, value.name, _call(expr), env)
    if not isinstance(value, DefinitionValue) or value.definition.kind != "optimizer":
        codes.unknown_optimizer(function.span, describe(value), function.span.text, _known(env)).throw()
    definition = value.definition
    call = _name_average(_call(expr))
    parameters = {p.name: Required if p.default is None else None for p in definition.params}
    bound = bind(definition.name.name, {**parameters, **dict.fromkeys(STEP_OPTIONS)}, call)
    assert value.body.parent is not None
    names = Env(value.body.parent)
    rates: dict[str, tuple[tree.Expr, Env]] = {}
    told: dict[str, Any] = {}
    for param in definition.params:
        given = bound[param.name].expr
        where = env if given is not None else names
        source = given or param.default
        assert source is not None
        if param.type.name == RATE and not param.is_list:
            rates[param.name] = source, where
        else:
            names.names[param.name] = instances.parameter(session, param, given, where)
        told[param.name] = _told(source, names.names.get(param.name))
    options = {name: _option(session, definition.name.name, name, bound[name], env) for name in STEP_OPTIONS}
    return Chosen(definition, call, replace(names, scope=value.body.parent), rates, told, options)


def _call(expr: tree.Expr) -> tree.Call:
    """An optimizer without arguments may be named alone."""
    return expr if isinstance(expr, tree.Call) else tree.Call(expr.span, expr, ())


def _known(env: Env) -> list[str]:
    module = env.scope.module
    libraries = [m for m in (module, module.optimizers) if m is not None]
    return [name for m in libraries for name, each in m.names.items() if each.sites[0].kind == "optimizer"]


def _told(source: tree.Expr, value: object) -> Any:
    """An argument as the plan tells it: a plain value, else its text."""
    if isinstance(source, tree.Number | tree.Boolean | tree.String):
        return value if isinstance(value, int | float | str) else source.value
    return value if isinstance(value, bool | int | float | str) else source.span.text


def _name_average(call: tree.Call) -> tree.Call:
    """`average(0.99)` among the arguments is `average = 0.99`."""
    renamed: list[tree.Argument] = []
    for each in call.arguments:
        inner = each.value
        is_average = isinstance(inner, tree.Call) and isinstance(inner.function, tree.Name) and inner.function.name == "average"
        if is_average and isinstance(inner, tree.Call) and each.name in (None, "average"):
            if len(inner.arguments) != 1 or inner.arguments[0].name not in (None, "decay"):
                arguments.average_form(inner.span).throw()
            renamed.append(tree.Argument(each.span, "average", each.span, inner.arguments[0].value))
        else:
            renamed.append(each)
    return tree.Call(call.span, call.function, tuple(renamed))


def _option(session: Session, function: str, name: str, given: Bound, env: Env) -> float | None:
    if given.expr is None:
        return None
    value = session.evaluate(given.expr, env)
    if isinstance(value, bool) or not isinstance(value, int | float):
        kinds.number(given.expr.span, describe(value), name, function).throw()
    if value <= 0 or (name == "average" and value >= 1):
        wrong = clauses.between_zero_and_one if name == "average" else clauses.above_zero
        arguments.bad_number(given.expr.span, function, wrong(name, value)).throw()
    return float(value)


def _here(fault: Diagnostic, span: Span) -> Diagnostic:
    """A fault in the text of the library, told where the user calls it."""
    return replace(fault, span=span) if fault.span is not None and fault.span.source.library else fault


# ---------------------------------------------------------------- rules


def optimizer(
    session: Session, train: str, chosen: Chosen, variables: Sequence[Variable], inputs: Sequence[PlanInput]
) -> Optimizer:
    """The optimizer of `train` with a rule for each of `variables`. Raises SpecError."""
    rules: list[Rule] = []
    shared: dict[TensorType, int] = {}
    for variable in variables:
        t = TensorType(widest((variable.dtype, "f32")), (), variable.shape)
        if t in shared:
            rule = rules[shared[t]]
            rules[shared[t]] = replace(rule, variables=(*rule.variables, variable.path))
            continue
        rules.append(_Rule(session, chosen, inputs).run(t, f"train/{train}", variable.path))
        if not draws(rules[-1].graph):  # each variable has draws of its own
            shared[t] = len(rules) - 1
    return replace(Optimizer(chosen.definition.name.name, dict(chosen.arguments), tuple(rules)), **chosen.options)


class _Rule:
    """The equations of an optimizer for one type of variable."""

    def __init__(self, session: Session, chosen: Chosen, inputs: Sequence[PlanInput]) -> None:
        self.session = session
        self.chosen = chosen
        self.inputs = {x.name: x for x in inputs}
        self.builder = session.graphs.new_builder()
        self.read: dict[str, Tensor] = {}

    def run(self, t: TensorType, root: str, path: str) -> Rule:
        session, definition = self.session, self.chosen.definition
        self.builder.outer = functools.partial(self.input, t.dtype)
        types = (t, t, TensorType(t.dtype))
        given = {name: self.builder.input(type_, name) for name, type_ in zip(GIVEN, types, strict=True)}
        names = replace(self.chosen.names, names={**self.chosen.names.names, **given})
        with session.graphs.building(self.builder), session.reducing("last"):
            for param in definition.params:
                if param.name in self.chosen.rates:
                    names.names[param.name] = self.rate(given["step"], *self.chosen.rates[param.name], t, names)
            body = names.scope.module.bindings.scopes[id(definition)]
            env = Env(body, names, is_frame=True, kind="optimizer", path=f"{root}/{path}", owner=self.builder)
            env.defaults = Defaults(dtype=t.dtype)
            equations = Equations.of(session, self.chosen.call.span, t, f"{root}/{path}")
            equations.run(definition.body, env)
        if equations.value is None:
            codes.no_value(definition.header, definition.name.name).throw()
        return Rule((path,), self.builder.graph(), equations.value.id, equations.finished())

    def rate(self, step: Tensor, expr: tree.Expr, env: Env, t: TensorType, names: Env) -> Binding:
        """A number, or a scalar of the step."""
        session = self.session
        where = names if env is self.chosen.names else replace(env, defaults=env.defaults.with_(dtype=t.dtype))
        try:
            with session.scheduling(step):
                value = session.evaluate(expr, where)
            if isinstance(value, UserFunction):
                value = call_value(session, value, [step], where, expr.span)
        except SpecError as error:
            raise SpecError(_here(error.diagnostic, expr.span)) from None
        if isinstance(value, Tensor):
            return self.scalar(value, expr, t)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            kinds.rate(expr.span, describe(value)).throw()
        return float(value)

    def scalar(self, value: Tensor, expr: tree.Expr, t: TensorType) -> Tensor:
        known = value.id in self.builder.ids or value.id in self.inputs
        if not known or value.type.axes or value.type.dims or value.type.dtype not in FLOATS:
            kinds.rate_tensor(expr.span, describe(value)).throw()
        value = self.session.tensor(value, expr.span)
        return value if value.type.dtype == t.dtype else self.builder.add("cast", [value], expr.span, ToDType(t.dtype))

    def input(self, dtype: DType, value: Tensor, span: Span) -> Tensor | None:
        """A scalar input of the model as one of the rule's, of its dtype."""
        if value.id not in self.inputs or value.type.axes or value.type.dims or value.type.dtype not in FLOATS:
            return None
        if value.id not in self.read:
            own = self.builder.input(value.type, INPUT + value.id)
            wide = own if own.type.dtype == dtype else self.builder.add("cast", [own], span, ToDType(dtype))
            self.read[value.id] = wide
        return self.read[value.id]
