"""The values given to one application, handed to its inputs."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.evaluate.binding import check_names
from rnndsl.elaborate.evaluate.lookup import is_tensor
from rnndsl.elaborate.evaluate.unify import alone
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance, Tensor
from rnndsl.records import field, mutable
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments as codes
from rnndsl.text.codes import kinds
from rnndsl.text.source import Span


@mutable
class Feed:
    """The values given to an application, handed to its inputs in the order of their declaration or by name."""

    layer: str
    span: Span
    positional: list[tuple[Tensor, Span]] = field(default_factory=list[tuple[Tensor, Span]])
    named: dict[str, tuple[Tensor, Span]] = field(default_factory=dict[str, tuple[Tensor, Span]])
    taken: list[str] = field(default_factory=list[str])
    names: dict[str, Span] = field(default_factory=dict[str, Span])
    """Where the names of named ones are written."""

    def has(self, name: str) -> bool:
        """Whether there is a value for the input `name`, the next one."""
        return name in self.named or bool(self.positional)

    def take(self, name: str) -> tuple[Tensor, Span]:
        self.taken.append(name)
        if name in self.named:
            return self.named.pop(name)
        if self.positional:
            return self.positional.pop(0)
        codes.missing_input(self.span, self.layer, name).throw()

    def finish(self) -> None:
        """Raises SpecError if something was given that no input takes."""
        for name, (_, span) in self.named.items():
            codes.unknown_input(span, self.layer, name, self.taken).throw()
        for _, span in self.positional:
            codes.too_many_inputs(span, self.layer, len(self.taken)).throw()


def feed(session: Session, layer: str, call: tree.Call, env: Env) -> Feed:
    """The arguments of an application as tensors."""
    check_names(layer, call.arguments)
    made = Feed(layer, call.span)
    for argument in call.arguments:
        value = session.evaluate(argument.value, env)
        if not is_tensor(value) and not isinstance(value, int | float | bool):
            kinds.tensor_input(argument.value.span, describe(value), layer).throw()
        tensor = alone(session, value, argument.value.span, env)
        if argument.name is None:
            made.positional.append((tensor, argument.value.span))
        else:
            made.named[argument.name] = (tensor, argument.value.span)
            made.names[argument.name] = argument.name_span or argument.span
    return made


def handed_on(session: Session, instance: Instance, values: Feed, statement: tree.Input, name: str) -> tuple[Tensor, Span] | None:
    """What the scan around gives for a `given` input of `instance` for which the cell that applies it has no value."""
    step = session.graphs.step
    if statement.kind != "given" or step is None or name not in step.given or name in values.named:
        return None
    body = instance.constructor.definition.body
    inputs = [s.name.name for s in body if isinstance(s, tree.Input) and s.kind == "input"]
    if len(values.positional) > sum(each not in (*values.taken, *values.named) for each in inputs):
        return None
    step.handed.add(name)
    values.taken.append(name)
    return step.given[name]


def taken(session: Session, values: Feed, statement: tree.Input, name: str, env: Env, span: Span) -> tuple[Tensor, Span]:
    """The value for an input, and where it is written; a plain number has the dtype that the input declares. Raises SpecError
    without one: what a scan lacks for a cell that the library applies is told at the scan."""
    if statement.kind == "given" and span.source.library and not values.has(name):
        codes.missing_given(session.reports.by_user(span), values.layer, name).throw()
    tensor, place = values.take(name)
    declared = statement.type.dtype if statement.type is not None else None
    wanted = types.dtype(session, declared, env) if declared is not None else tensor.type.dtype
    number = session.graphs.builder.number(tensor) if wanted != tensor.type.dtype else None
    return (tensor if number is None else session.literal(number, wanted, place)), place
