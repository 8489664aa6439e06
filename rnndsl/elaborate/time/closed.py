"""Closed loops: `scan(dec, feed = f, first = x0, …)`, whose cell reads what it has put out.

A loop is an ordinary scan with one more state for each input that is fed, by the name of the input: the input to come. It starts as
`first`, and its new value is `feed` of the step's output. A teacher is scanned, and each row takes it or what is fed.
"""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.elaborate.evaluate import applying, types
from rnndsl.elaborate.layers import instances
from rnndsl.elaborate.layers.feeds import Feed
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import StateRecordInProgress, StepContext
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import LENGTH, Builtin, Constructor, Instance, Tensor, UserFunction, Value
from rnndsl.elaborate.time.scan_options import Chance, Fed, Loop, Options
from rnndsl.language.rules.types import INTS
from rnndsl.plan.attributes import Draw, Shape
from rnndsl.plan.model import TensorType
from rnndsl.text.codes import loops as codes
from rnndsl.text.source import Span

ENDED = "output.ended"
"""The state that says whether a row of a loop has ended. No name of a spec starts with `output`."""


class Feedback:
    """A scan as a loop: what it adds to the step of a cell. `path` is the scan's."""

    def __init__(self, session: Session, loop: Loop, path: str) -> None:
        self.session, self.loop, self.path = session, loop, path
        self.fed: list[StateRecordInProgress] = []
        self.ended: StateRecordInProgress | None = None
        """Which rows have ended, if any may."""

    def axes(self, axes: tuple[str, ...]) -> tuple[str, ...]:
        """Those of a step, from those of what it is given."""
        return axes

    def rows(self, step: StepContext) -> tuple[str, ...]:
        """The axes of what ends."""
        return step.axes

    def open(self, step: StepContext, inner: Options, given: Callable[[Tensor], Tensor]) -> None:
        """Puts the input of the step into `inner`, what the body is given, in the place of the teacher's. `given` brings a value of
        the enclosing graph into the body."""
        if self.loop.end is not None:
            self.ended = own_state(self.session, step, ENDED, TensorType("bool", self.rows(step)), False, self.loop.end[1])
        take = _Choice(self.session, step, self.loop, given, self.path)
        for fed in self.loop.fed:
            taught = _taught(fed, inner)
            record = _state(self.session, fed, taught, step)
            self.fed.append(record)
            chosen = record.old if taught is None else take(taught, record.old, fed.function[1])
            if fed.by_name:
                inner.named[fed.name] = (chosen, fed.first[1])
            else:
                inner.positional[:1] = [(chosen, fed.first[1])]

    def close(self, step: StepContext, output: Tensor) -> Tensor:
        """Registers the states of the loop, where the cell gives `output`. Returns what the scan puts out."""
        self.feed(step, output)
        end, ended = self.loop.end, self.ended
        if end is None or ended is None:
            return output
        ended.define = lambda: _is_end(self.session, end, output, ended.old.type, self.loop.env)
        length = own_state(self.session, step, LENGTH, TensorType("i32", step.axes), 0, end[1])
        length.define = lambda: step.body.add("add", [length.old, self.session.literal(1, "i32", end[1])], end[1])
        return output

    def finish(self, records: list[StateRecordInProgress]) -> None:
        """What is done once all states have their new values."""

    def feed(self, step: StepContext, value: Tensor) -> None:
        """Registers the states of what is fed, which is made of `value`."""
        for fed, record in zip(self.loop.fed, self.fed, strict=True):
            record.define = _fed_value(self.session, fed, record, value, self.loop.env)
            step.states[record.name] = record


def own_state(
    session: Session, step: StepContext, name: str, type: TensorType, initial: object, span: Span
) -> StateRecordInProgress:
    """A state of a scan that no cell has, which starts as a constant. Its new value is still to be told."""
    with session.graphs.building(step.outer):
        start = session.literal(initial, type.dtype, span)
    record = StateRecordInProgress(name, name, step.body.input(type), start, _undefined, span, of_loop=True)
    step.states[name] = record
    return record


# ---------------------------------------------------------------- what is fed


def _taught(fed: Fed, inner: Options) -> Tensor | None:
    """What the teacher has at this step."""
    if fed.teacher is None:
        return None
    return inner.named[fed.name][0] if fed.by_name else inner.positional[0][0]


def _state(session: Session, fed: Fed, taught: Tensor | None, step: StepContext) -> StateRecordInProgress:
    first, span = fed.first
    like = first.type if taught is None else taught.type
    type = like.with_axes((*step.axes, *first.type.axes), session.graphs.axes)
    if not types.fits(first.type, type):
        codes.first_type(span, fed.name, type, first.type).throw()
    return StateRecordInProgress(fed.name, fed.name, step.body.input(type), first, _undefined, span, of_loop=True)


def _undefined() -> Tensor:
    raise AssertionError("a loop that is not closed")


def _fed_value(session: Session, fed: Fed, record: StateRecordInProgress, output: Tensor, env: Env) -> Callable[[], Tensor]:
    def define() -> Tensor:
        function, span = fed.function
        wanted = record.old.type
        value = session.tensor(apply(session, function, output, span, env), span, wanted.dtype)
        if not types.fits(value.type, wanted):
            codes.feed_type(span, fed.name, wanted, value.type).throw()
        return value

    return define


def apply(session: Session, function: Value, value: Tensor, span: Span, env: Env) -> Value:
    """`function`, a `fn`, a block's layer or constructor, of `value`."""
    match function:
        case Instance():
            return instances.run(session, function, Feed(function.path, span, [(value, span)]), span, "")
        case Constructor():
            feed = Feed(function.definition.name.name, span, [(value, span)])
            return instances.unnamed(session, function, feed, span, span, env)
        case _:
            return applying.call_value(session, function, [value], env, span)


def check_function(function: Value, option: str, span: Span) -> None:
    """Raises SpecError if `function` is not what `apply` takes."""
    match function:
        case Builtin() if function.op.kind in ("unary", "structure"):
            return
        case UserFunction() if function.definition.kind == "fn":
            return
        case Instance() | Constructor() if function.kind == "block":
            return
        case _:
            codes.no_function(span, option, describe(function)).throw()


# ---------------------------------------------------------------- the teacher or the loop


class _Choice:
    """Chooses for each row between the teacher and what is fed: once a step for all that is fed. `given` brings a value of the
    enclosing graph into the body, the draws are of the scan's `path`."""

    def __init__(self, session: Session, step: StepContext, loop: Loop, given: Callable[[Tensor], Tensor], path: str) -> None:
        self.session, self.step, self.loop, self.given, self.path = session, step, loop, given, path
        self.drawn: dict[float | str, Tensor] = {}

    def __call__(self, taught: Tensor, fed: Tensor, span: Span) -> Tensor:
        in_training, otherwise = self.loop.teach
        chosen = self._chosen(in_training, taught, fed, span)
        if in_training == otherwise:
            return chosen
        return self.step.body.add("if_training", [chosen, self._chosen(otherwise, taught, fed, span)], span)

    def _chosen(self, chance: Chance, taught: Tensor, fed: Tensor, span: Span) -> Tensor:
        if chance == 0:
            return fed
        if chance == 1:
            wide = Shape(fed.type.dims, fed.type.axes)
            return taught if taught.type == fed.type else self.step.body.add("broadcast", [taught], span, wide)
        return self.step.body.add("where", [self._row_is_taught(chance, span), taught, fed], span)

    def _row_is_taught(self, chance: Chance, span: Span) -> Tensor:
        """bool, of the axes of a step: drawn for each row, with the chance."""
        key = chance.id if isinstance(chance, Tensor) else chance
        if key not in self.drawn:
            add = self.step.body.add
            p = self._in_body(chance, span)
            rows = add("broadcast", [p], span, Shape((), self.step.axes))
            draw = add("bernoulli", [rows], span, Draw(self.session.registry.stream(self.path, "teach")))
            self.drawn[key] = add("eq", [draw, self.session.literal(1, p.type.dtype, span)], span)
        return self.drawn[key]

    def _in_body(self, chance: Chance, span: Span) -> Tensor:
        if not isinstance(chance, Tensor):
            return self.session.literal(chance, "f32", span)
        if not {*chance.type.axes} <= {*self.step.axes}:
            codes.teach_axes(self.loop.teach_span or span, chance.type).throw()
        return self.given(chance)


# ---------------------------------------------------------------- the end


def _is_end(session: Session, given: tuple[Value, Span], output: Tensor, wanted: TensorType, env: Env) -> Tensor:
    end, span = given
    if isinstance(end, int):
        if output.type.dtype not in INTS or output.type.dims:
            codes.end_of_no_id(span, output.type).throw()
        return session.graphs.builder.add("eq", [output, session.literal(end, output.type.dtype, span)], span)
    value = session.tensor(apply(session, end, output, span, env), span, "bool")
    if not types.fits(value.type, wanted):
        codes.end_type(span, wanted, value.type).throw()
    return value
