"""Builds one scan: the body's graph from one step of the cell, and the node that runs it."""

from __future__ import annotations

import functools
from collections.abc import Collection

from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.layers import instances, stepping
from rnndsl.elaborate.layers.feeds import Feed
from rnndsl.elaborate.state.builder import GraphBuilder, PendingUpdate
from rnndsl.elaborate.state.records import StateRecordInProgress, StepContext
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance, MappedCell, ScanResult, StateRecord, Tensor, Value
from rnndsl.elaborate.time.axes import check_options, leading_axes
from rnndsl.elaborate.time.closed import ENDED, Feedback
from rnndsl.elaborate.time.counting import Counting, valid_steps
from rnndsl.elaborate.time.scan_options import Options
from rnndsl.elaborate.time.states import Series, local_variables
from rnndsl.elaborate.time.wrapped import check_taken, hand_on
from rnndsl.plan.attributes import Asked, Result, Shape
from rnndsl.plan.model import GraphInput, Node, Scan, ScanInput, ScanState, ScanVariable, TensorType
from rnndsl.records import replace
from rnndsl.text.codes import scans as codes
from rnndsl.text.source import Span


def scan(
    session: Session, cell: Instance | MappedCell, options: Options, span: Span, path: str, loop: Feedback | None = None
) -> ScanResult:
    """A scan of `cell` in the graph in the making. Raises SpecError or Poisoned."""
    outer, body = session.graphs.builder, session.graphs.new_builder()
    axes = leading_axes(session, cell, options, options.along)
    check_options(session, options, axes, span)
    step = StepContext(body, outer, loop.axes(axes) if loop else axes, options.initial, options.initial_spans, span)
    options = _guarded(options, outer)
    inner = _inner_inputs(options, body)
    given, scanned = functools.partial(_given, inner, body), functools.partial(_scanned, inner, body, options.along)
    counting = Counting(session, options, step, loop, session.graphs.step, scanned, given)
    step.valid = functools.cache(counting.rows)
    with session.graphs.building(body):
        session.graphs.steps.append(step)
        try:
            if loop is not None:
                loop.open(step, inner.options, given)
            output = step_of(session, step, cell, inner.options, span)
            output = _of_rows(session, output, counting.axes(), span)
            output = loop.close(step, output) if loop else output
            records = stepping.finish(session, step)
            stepping.check_initials(step)
            if loop is not None:
                loop.finish(records)
        finally:
            session.graphs.steps.pop()
    for each in _every(output):
        if options.along in each.type.axes:
            codes.output_with_axis(span, options.along, each.type).throw()
    carried = _carried_variables(session, outer, body, span)
    until = _until(options, step)
    if options.carry:
        local_variables(session, records, path, span)
    node = Scan(
        id=session.graphs.fresh(),
        path=path,
        axis=options.along,
        scanned=tuple(inner.scanned),
        given=tuple(inner.given),
        states=tuple(ScanState(r.name, r.initial.id, r.old.id, _id(r.new)) for r in records),
        variables=tuple(carried),
        outputs=tuple(each.id for each in _every(output)),
        body=body.graph(),
        lengths=options.lengths[0].id if options.lengths else None,
        mask=options.mask[0].id if options.mask else None,
        reverse=options.reverse,
        steps=options.steps.id if isinstance(options.steps, Tensor) else options.steps,
        until=until,
        hold=options.hold,
        carry=options.carry,
        recompute=options.recompute,
        place=str(span),
    )
    outer.nodes.append(node)
    _hand_on_updates(outer, body, node, span)
    return _results(session, outer, node, output, records, options.lengths[0] if options.lengths else None, span)


def _given(inner: _Inner, body: GraphBuilder, value: Tensor) -> Tensor:
    """A value of the enclosing graph, the same at every step, as the body has it."""
    tensor = body.input(value.type)
    inner.given.append(ScanInput(value.id, tensor.id))
    return tensor


def _scanned(inner: _Inner, body: GraphBuilder, along: str, value: Tensor) -> Tensor:
    """A value of the enclosing graph, one step of it after another, as the body has it."""
    tensor = body.input(value.type.without(along))
    inner.scanned.append(ScanInput(value.id, tensor.id))
    return tensor


def _guarded(options: Options, outer: GraphBuilder) -> Options:
    """`options` with zeros in what is scanned where a step is not valid: whatever stands there, NaN or an id that no table has,
    reaches neither a result nor, by way of a product with zero, a gradient."""
    by = options.valid_by()
    if not by:
        return options
    attrs = valid_steps(options)

    def guard(pair: tuple[Tensor, Span]) -> tuple[Tensor, Span]:
        x, span = pair
        if x.type.dtype == "bool" or any(axis not in x.type.axes for tensor in by for axis in tensor.type.axes):
            return pair
        return (x if _zero_where_masked(x, options, outer) else outer.add("valid_steps", [x, *by], span, attrs)), span

    named = {name: guard(pair) for name, pair in options.named.items()}
    return replace(options, positional=[guard(pair) for pair in options.positional], named=named)


def _zero_where_masked(x: Tensor, options: Options, outer: GraphBuilder) -> bool:
    """Whether `x` is the output of a scan with the same lengths and mask."""
    nodes = {node.id: node for node in outer.nodes}
    result = nodes.get(x.id)
    if not isinstance(result, Node) or not isinstance(result.attrs, Result) or result.attrs.of != "output":
        return False
    scan = nodes.get(result.args[0])
    if not isinstance(scan, Scan) or scan.hold or scan.axis != options.along:
        return False
    return (scan.lengths, scan.mask) == tuple(pair[0].id if pair else None for pair in (options.lengths, options.mask))


def _id(tensor: Tensor | None) -> str:
    assert tensor is not None
    return tensor.id


class _Inner:
    """The inputs of the body: the options with the body's tensors in place of the outer ones."""

    def __init__(self, function: str) -> None:
        self.options = Options(function)
        self.scanned: list[ScanInput] = []
        self.given: list[ScanInput] = []


def _inner_inputs(options: Options, body: GraphBuilder) -> _Inner:
    inner = _Inner(options.function)

    def scanned(x: Tensor) -> Tensor:
        return _scanned(inner, body, options.along, x)

    inner.options.positional = [(scanned(x), span) for x, span in options.positional]
    inner.options.named = {name: (scanned(x), span) for name, (x, span) in options.named.items()}
    for name, (outer, span) in options.given.items():
        inner.options.given[name] = (_given(inner, body, outer), span)
    return inner


def step_of(session: Session, step: StepContext, cell: Instance | MappedCell, options: Options, span: Span) -> Tensor:
    """The output of one step of `cell`, of the inputs in `options`."""
    layer = layer_of(cell)
    assert layer is not None
    own = hand_on(step, cell, layer.path, options.given)
    feed = Feed(layer.path, span, list(options.positional), {**options.named, **own})
    output = of_step(session, instances.step(session, cell, feed, span, ""), span)
    check_taken(step, layer.path, own)
    return output


def _until(options: Options, step: StepContext) -> str | None:
    if options.until is None:
        return ENDED if ENDED in step.states else None
    name, span = options.until
    record = step.states.get(name)
    if record is None or record.old.type.dtype != "bool" or record.old.type.dims:
        codes.until(span).throw()
    return name


# ---------------------------------------------------------------- variables and results


def _carried_variables(session: Session, outer: GraphBuilder, body: GraphBuilder, span: Span) -> list[ScanVariable]:
    """Variables that the body updates: carried from step to step. Their reads in the body become its inputs."""
    carried: list[ScanVariable] = []
    for path in dict.fromkeys(u.path for u in body.updates):
        record = session.registry.variables[path]
        type = TensorType(record.dtype, (), record.shape)
        old = body.reads.get(path)
        if old is None:
            old = body.input(type)
        else:
            body.nodes = [n for n in body.nodes if n.id != old.id]
            body.inputs.append(GraphInput(old.id, type))
        initial = outer.latest(path) or outer.read(path, type, span)
        new = body.latest(path)
        assert new is not None
        carried.append(ScanVariable(path, initial.id, old.id, new.id))
    return carried


def _hand_on_updates(outer: GraphBuilder, body: GraphBuilder, node: Scan, span: Span) -> None:
    """What the scan leaves in its variables is an update of the enclosing graph."""
    for at, variable in enumerate(node.variables):
        last = next(u for u in reversed(body.updates) if u.path == variable.path)
        value = outer.result(node.id, "variable", at, last.value.type, span)
        outer.updates.append(PendingUpdate(last.name, last.path, value, last.collections, last.place))


def _results(
    session: Session,
    outer: GraphBuilder,
    node: Scan,
    output: Tensor,
    records: list[StateRecordInProgress],
    lengths: Tensor | None,
    span: Span,
) -> ScanResult:
    finals = {r.name: outer.result(node.id, "final", at, r.old.type, span) for at, r in enumerate(records)}
    of_loop = {r.name: finals.pop(r.name) for r in records if r.of_loop}

    def result(asked: Asked, tensor: Tensor, type: TensorType) -> Tensor:
        return outer.result(node.id, asked, node.outputs.index(tensor.id), type, span)

    lasts = {each.id: result("last", each, each.type) for each in _every(output)}
    wholes = {each.id: result("output", each, each.type.with_axes((node.axis,), session.graphs.axes)) for each in _every(output)}

    def of(tensor: Tensor) -> ScanResult:
        named = {name: of(each) for name, each in tensor.named.items() if isinstance(each, Tensor)}
        return ScanResult(wholes[tensor.id], lasts[tensor.id], None, named)

    states = Series(session, outer, node.id, records, finals, lengths, span)
    return replace(of(output), final=StateRecord(finals), states=StateRecord(states), of_loop=of_loop)


def of_step(session: Session, value: Value, span: Span) -> Tensor:
    """The output of a step, and its named ones, as tensors of the step."""
    tensor = session.tensor(value, span)
    return replace(tensor, named={name: of_step(session, each, span) for name, each in tensor.named.items()})


def _of_rows(session: Session, output: Tensor, axes: set[str], span: Span) -> Tensor:
    """`output`, and its named ones, with a value for each row: what is the same in all rows is so in the valid ones alone."""
    named = {name: _of_rows(session, each, axes, span) for name, each in output.named.items() if isinstance(each, Tensor)}
    if axes <= {*output.type.axes}:
        return replace(output, named=named)
    whole = output.type.with_axes((*output.type.axes, *axes), session.graphs.axes)
    return replace(session.graphs.builder.add("broadcast", [output], span, Shape(whole.dims, whole.axes)), named=named)


def _every(output: Tensor) -> Collection[Tensor]:
    """An output, then its named ones, and those that these have, each once."""
    found: dict[str, Tensor] = {}
    waiting: list[Value] = [output]
    while waiting:
        each = waiting.pop(0)
        assert isinstance(each, Tensor)
        found.setdefault(each.id, each)
        waiting += each.named.values()
    return found.values()
