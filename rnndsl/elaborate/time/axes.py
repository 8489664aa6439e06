"""The axes of a scan: which of them one step has, and which its options have to have."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance, MappedCell, Tensor
from rnndsl.elaborate.time.scan_options import Options
from rnndsl.elaborate.time.wrapped import handed_on
from rnndsl.plan.model import TensorType
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import scans as codes
from rnndsl.text.source import Span


def leading_axes(session: Session, cell: Instance | MappedCell, options: Options, along: str | None) -> tuple[str, ...]:
    """The leading axes of a step: those of all that it is given, less the scanned one and those that the cell's own types name.
    Where nothing is scanned, `lengths` may say what the rows are."""
    axes: set[str] = set()
    named = _named_axes(session, cell)
    order = [name for name, kind in named.kinds.items() if kind == "input"]
    for (tensor, span), name in zip(options.positional, [*order, *[""] * len(options.positional)], strict=False):
        axes |= _outer_axes(tensor, along, span) - named.of(name)
    for name, (tensor, span) in options.named.items():
        axes |= _outer_axes(tensor, along, span) - named.of(name)
    for fed in options.loop.fed if options.loop else ():
        axes |= set(fed.first[0].type.axes) - named.of(fed.name)
    for name, (tensor, _) in options.given.items():
        axes |= set(tensor.type.axes) - named.of(name)
    for name, tensor in options.initial.items():
        axes |= set(tensor.type.axes) - named.of(name.partition("[")[0])
    if options.lengths is not None and not options.scanned():
        axes |= set(options.lengths[0].type.axes)
    return tuple(a for a in session.graphs.axes if a in axes)


def _outer_axes(tensor: Tensor, along: str | None, span: Span) -> set[str]:
    if along is not None and along not in tensor.type.axes:
        type = tensor.type
        if len(type.dims) > 1 and not type.axes:
            codes.axis_by_position(span, along, type, type.dtype, type.dims[-1]).throw()
        codes.no_axis(span, along, type).throw()
    return {a for a in tensor.type.axes if a != along}


class _Named:
    """The axes that a cell's text names, by input and state, families by their common name, and what each of these is."""

    def __init__(self) -> None:
        self.axes: dict[str, set[str]] = {}
        self.kinds: dict[str, str] = {}

    def of(self, name: str) -> set[str]:
        """Those of an input or state, or of a member of a family."""
        return self.axes.get(name, self.axes.get(name.rpartition("_")[0], set()))


def _named_axes(session: Session, cell: Instance | MappedCell) -> _Named:
    layer = layer_of(cell)
    assert layer is not None
    constructor = layer.constructor
    env = constructor.env.child(constructor.body)
    named = _Named()
    for statement in walk(constructor.definition.body):
        if not isinstance(statement, tree.Input | tree.State):
            continue
        name = statement.name.name
        named.kinds[name] = statement.kind if isinstance(statement, tree.Input) else "state"
        parts = statement.type.dims if statement.type is not None else ()
        found = (types.axis_of(session, part, env) for part in parts)
        named.axes[name] = {axis for axis in found if axis is not None}
    for inner, statement in handed_on(cell):
        env = inner.env.child(inner.body)
        found = (types.axis_of(session, part, env) for part in (statement.type.dims if statement.type else ()))
        named.axes.setdefault(statement.name.name, set()).update(axis for axis in found if axis is not None)
    return named


def check_options(session: Session, options: Options, axes: tuple[str, ...], span: Span) -> None:
    """Diagnoses options that do not go together, or with the axes of a step."""
    if options.steps is None and not options.scanned():
        codes.nothing_to_scan(span, options.function).throw()
    if options.steps is not None and options.scanned():
        codes.steps_and_input(options.scanned()[0][1]).throw()
    if options.recompute and isinstance(options.steps, Tensor):
        codes.recompute_steps(span).throw()
    if options.recompute and session.graphs.step is not None:
        codes.recompute_in_step(span).throw()
    if isinstance(options.steps, int):
        length, first = session.graphs.lengths.setdefault(options.along, (options.steps, span))
        if length != options.steps:
            codes.other_steps(span, options.along, length, options.steps, first).throw()
    if options.along in axes:
        _check_axis(options)
    if options.lengths:
        _check(options.lengths, "lengths", TensorType("i32", axes))
    if options.mask:
        steps = tuple(a for a in session.graphs.axes if a in axes or a == options.along)
        _check(options.mask, "mask", TensorType("bool", steps))


def _check_axis(options: Options) -> None:
    """Diagnoses what has the scan's own axis at each step, an initial or a given value."""
    for name, (tensor, span) in options.given.items():
        if options.along in tensor.type.axes:
            codes.given_with_axis(span, options.along, name, tensor.type).throw()
    for fed in options.loop.fed if options.loop else ():
        if options.along in fed.first[0].type.axes:
            codes.first_with_axis(fed.first[1], options.along, fed.first[0].type).throw()
    for name, tensor in options.initial.items():
        if options.along in tensor.type.axes:
            codes.initial_with_axis(options.initial_spans[name], options.along, name, tensor.type).throw()


def _check(given: tuple[Tensor, Span], option: str, wanted: TensorType) -> None:
    tensor, span = given
    if tensor.type != wanted:
        codes.option_type(span, option, wanted, tensor.type).throw()
