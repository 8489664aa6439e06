"""The options of `scan`, `step` and `bidirectional`, read and checked."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from rnndsl.elaborate.evaluate.binding import check_names
from rnndsl.elaborate.evaluate.functions import axis
from rnndsl.elaborate.evaluate.lookup import is_tensor, is_word
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import RecordValue, StateRecord, Tensor, Value
from rnndsl.elaborate.time.wrapped import is_among
from rnndsl.language.builtins import TIME
from rnndsl.records import Immutable, field, mutable, record, replace
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments as argument_codes
from rnndsl.text.codes import kinds
from rnndsl.text.codes import scans as codes
from rnndsl.text.source import Span

OPTIONS = ("lengths", "mask", "reverse", "initial", "carry", "along", "given", "steps", "until", "masked", "recompute")
OF_LOOPS = ("feed", "first", "teacher", "teach", "end")
"""Options of a closed loop: see `rnndsl.elaborate.time.closed`."""
MAX_STEPS = (1 << 31) - 1
_OF_BEAM = ("lengths", "initial", "along", "given", "steps", "feed", "first", "end", "width")
_ALLOWED = MappingProxyType({"step": ("initial", "given"), "scan": (*OPTIONS, *OF_LOOPS), "beam": _OF_BEAM})
Chance = float | Tensor


@record
class Fed(Immutable):
    """The input `name` that the cell's own output is fed to: `first` at the first step, later `function` of the output of the step
    before. `by_name`: whether the spec names it. `teacher` is scanned."""

    name: str
    by_name: bool
    function: tuple[Value, Span]
    first: tuple[Tensor, Span]
    teacher: tuple[Tensor, Span] | None


@record
class Loop(Immutable):
    """A closed loop. `teach`: with which chance a row takes what the teacher has, in training and outside. `end`: an id, or the
    function that says of an output whether it is a row's last."""

    fed: tuple[Fed, ...]
    teach: tuple[Chance, Chance]
    teach_span: Span | None
    end: tuple[Value, Span] | None
    env: Env


@mutable
class Options:
    """What a scan, by which `function`, is given: inputs by position and by name, and its options. `of_loop`: the options of a
    closed loop as written, `loop` what they come to."""

    function: str
    positional: list[tuple[Tensor, Span]] = field(default_factory=list[tuple[Tensor, Span]])
    named: dict[str, tuple[Tensor, Span]] = field(default_factory=dict[str, tuple[Tensor, Span]])
    given: dict[str, tuple[Tensor, Span]] = field(default_factory=dict[str, tuple[Tensor, Span]])
    initial: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    initial_spans: dict[str, Span] = field(default_factory=dict[str, Span])
    lengths: tuple[Tensor, Span] | None = None
    mask: tuple[Tensor, Span] | None = None
    reverse: bool = False
    carry: bool = False
    hold: bool = False
    recompute: bool = False
    along: str = TIME
    steps: int | Tensor | None = None
    until: tuple[str, Span] | None = None
    of_loop: dict[str, tree.Expr] = field(default_factory=dict[str, "tree.Expr"])
    loop: Loop | None = None

    def scanned(self) -> list[tuple[Tensor, Span]]:
        return [*self.positional, *self.named.values()]

    def valid_by(self) -> list[Tensor]:
        """Lengths, then a mask, those of them that there are."""
        return [pair[0] for pair in (self.lengths, self.mask) if pair]

    def of_direction(self, name: str, reverse: bool = False) -> Options:
        """The options of one of two directions: initial values are given as `fw.h` and `bw.h`."""
        mine = {k.removeprefix(f"{name}."): v for k, v in self.initial.items() if k.startswith(f"{name}.")}
        spans = {k.removeprefix(f"{name}."): v for k, v in self.initial_spans.items() if k.startswith(f"{name}.")}
        return replace(
            self, initial=mine, initial_spans=spans, reverse=reverse, named=dict(self.named), positional=list(self.positional)
        )


def read(
    session: Session, call: tree.Call, arguments: tuple[tree.Argument, ...], env: Env, function: str, inputs: Collection[str]
) -> Options:
    """The arguments after the cell, which has these `inputs`. Raises SpecError."""
    check_names(function, call.arguments)
    options = Options(function)
    allowed = _ALLOWED.get(function, OPTIONS)
    for argument in arguments:
        if argument.name in allowed:
            _option(session, options, argument, env)
            continue
        value = session.evaluate(argument.value, env)
        if not is_tensor(value) or (argument.name is not None and not is_among(argument.name, inputs)):
            _not_an_input(argument, value, function, (*allowed, *inputs))
        tensor = (session.tensor(value, argument.value.span), argument.value.span)
        if argument.name is None:
            options.positional.append(tensor)
        else:
            options.named[argument.name] = tensor
    if options.reverse and options.carry:
        codes.carry_in_reverse(call.span).throw()
    return options


def _not_an_input(argument: tree.Argument, value: Value, function: str, known: Collection[str]) -> None:
    if argument.name is not None and argument.name not in known:
        argument_codes.unknown_option(argument.name_span or argument.span, function, argument.name, known).throw()
    kinds.scanned_tensor(argument.value.span, describe(value), function).throw()


def _option(session: Session, options: Options, argument: tree.Argument, env: Env) -> None:
    expr = argument.value
    match argument.name:
        case "lengths":
            options.lengths = (session.tensor(session.evaluate(expr, env), expr.span, "i32"), expr.span)
        case "mask":
            options.mask = (session.tensor(session.evaluate(expr, env), expr.span, "bool"), expr.span)
        case "reverse":
            options.reverse = _flag(session, expr, env, "reverse")
        case "carry":
            options.carry = _flag(session, expr, env, "carry")
        case "recompute":
            options.recompute = _flag(session, expr, env, "recompute")
        case "along":
            options.along = axis(session, expr, env)
        case "initial":
            _states(session, options, expr, env)
        case "given":
            _given(session, options, expr, env)
        case "steps":
            options.steps = _count(session, expr, env)
        case "until":
            options.until = (expr.span.text, expr.span)
        case "feed" | "first" | "teacher" | "teach" | "end":
            options.of_loop[argument.name] = expr
        case _:
            if is_word(expr, "hold") is None:
                codes.masked(expr.span).throw()
            options.hold = True


def _flag(session: Session, expr: tree.Expr, env: Env, name: str) -> bool:
    value = session.evaluate(expr, env)
    if not isinstance(value, bool):
        codes.flag(expr.span, name, describe(value)).throw()
    return value


def _count(session: Session, expr: tree.Expr, env: Env) -> int | Tensor:
    value = session.evaluate(expr, env)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        if value > MAX_STEPS:
            codes.too_many_steps(expr.span, MAX_STEPS, value).throw()
        return value
    if isinstance(value, Tensor) and value.type.dtype == "i32" and not value.type.axes and not value.type.dims:
        return value
    codes.steps(expr.span, describe(value)).throw()


def _states(session: Session, options: Options, expr: tree.Expr, env: Env) -> None:
    value = session.evaluate(expr, env)
    match value:
        case StateRecord():
            prefix = f"{value.prefix}." if value.prefix else ""
            options.initial = {n.removeprefix(prefix): t for n, t in value.states.items() if n.startswith(prefix)}
            options.initial_spans = dict.fromkeys(options.initial, expr.span)
        case RecordValue():
            for name, each in value.fields.items():
                _initial(session, options, name, each, value.spans[name], env)
        case _:
            codes.initial(expr.span, describe(value)).throw()


def _initial(session: Session, options: Options, name: str, value: Value, span: Span, env: Env) -> None:
    if isinstance(value, StateRecord):
        prefix = f"{value.prefix}." if value.prefix else ""
        inner = {f"{name}.{n.removeprefix(prefix)}": t for n, t in value.states.items() if n.startswith(prefix)}
        options.initial.update(inner)
        options.initial_spans.update(dict.fromkeys(inner, span))
        return
    delays = list(value) if isinstance(value, list) else []  # or a value of the state's own shape
    values = [] if delays and not _are_numbers(value) else [(name, value)]
    for each, given in (*values, *((f"{name}[t-{k}]", each) for k, each in enumerate(delays, 1))):
        options.initial[each] = session.tensor(given, span, "bool" if isinstance(given, bool) else env.defaults.dtype)
        options.initial_spans[each] = span


def _are_numbers(value: Value) -> bool:
    """Whether `value` is plain numbers in lists."""
    return all(map(_are_numbers, value)) if isinstance(value, list) else isinstance(value, bool | int | float)


def _given(session: Session, options: Options, expr: tree.Expr, env: Env) -> None:
    value = session.evaluate(expr, env)
    if not isinstance(value, RecordValue):
        codes.given(expr.span, describe(value)).throw()
    for name, each in value.fields.items():
        options.given[name] = (session.tensor(each, value.spans[name], env.defaults.dtype), value.spans[name])
