"""`scan`, `step`, `bidirectional`, `map_state`, `map_recurrent`: cells run over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.evaluate.attributes import layer_of, new_value
from rnndsl.elaborate.evaluate.binding import bind
from rnndsl.elaborate.layers import stepping
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env, join
from rnndsl.elaborate.state.records import StepContext
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import (
    BidirectionalResult,
    Builtin,
    Constructor,
    Instance,
    MappedCell,
    ScanResult,
    StateRecord,
    Tensor,
    UserFunction,
    Value,
)
from rnndsl.elaborate.time import scan_options, scanning
from rnndsl.elaborate.time.axes import leading_axes
from rnndsl.elaborate.time.beam import Search
from rnndsl.elaborate.time.closed import Feedback
from rnndsl.elaborate.time.loop_options import looped
from rnndsl.elaborate.time.wrapped import own_inputs, shared_out
from rnndsl.language.builtins import OPTION_WORDS
from rnndsl.language.ops.op import Required
from rnndsl.plan.attributes import Dim
from rnndsl.syntax import tree
from rnndsl.text.codes import arguments, kinds, loops, places
from rnndsl.text.codes import scans as codes
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.source import Span

_MERGES = OPTION_WORDS["merge"]


def _cell(session: Session, call: tree.Call, position: int, env: Env, function: str) -> Instance | MappedCell:
    """The cell argument of `scan` and its like."""
    if len(call.arguments) <= position or call.arguments[position].name is not None:
        arguments.no_cell(call.span, function).throw()
    expr = call.arguments[position].value
    value = session.evaluate(expr, env)
    if isinstance(value, Constructor) and value.kind == "cell":
        places.unnamed_cell(expr.span, value.definition.name.name, function).throw()
    if not isinstance(value, Instance | MappedCell) or value.kind != "cell":
        codes.not_a_cell(expr.span, function, describe(value)).throw()
    return value


def _path(session: Session, env: Env) -> str:
    """The path of a scan: that of the equation it stands in, with an ordinal from the second on."""
    name = session.equation or "scan"
    path = join(env.frame().path, name)
    ordinal = session.registry.ordinal(f"scan\0{path}")
    return path if ordinal == 0 else f"{path}_{ordinal}"


def _scan(session: Session, call: tree.Call, env: Env) -> Value:
    cell = _cell(session, call, 0, env, "scan")
    options = scan_options.read(session, call, call.arguments[1:], env, "scan", own_inputs(cell))
    options = looped(session, cell, options, env)
    path = _path(session, env)
    loop = Feedback(session, options.loop, path) if options.loop else None
    return scanning.scan(session, cell, options, call.span, path, loop)


def _beam(session: Session, call: tree.Call, env: Env) -> Value:
    cell = _cell(session, call, 0, env, "beam")
    given = {a.name: a for a in call.arguments}
    missing = [name for name in ("feed", "first", "width") if name not in given]
    if missing:
        arguments.missing(call.span, "beam", missing).throw()
    width = _width(session, given["width"].value, env)
    options = scan_options.read(
        session, call, tuple(a for a in call.arguments[1:] if a.name != "width"), env, "beam", own_inputs(cell)
    )
    options = looped(session, cell, options, env)
    assert options.loop is not None
    search = Search(session, options.loop, width, call.span, _path(session, env))
    found = scanning.scan(session, cell, options, call.span, search.path, search)
    return search.sequences(found, options.along)


def _width(session: Session, expr: tree.Expr, env: Env) -> int:
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        loops.width(expr.span, describe(value)).throw()
    return value


def _step(session: Session, call: tree.Call, env: Env) -> Value:
    """One step outside of a scan, in the graph in the making."""
    cell = _cell(session, call, 0, env, "step")
    options = scan_options.read(session, call, call.arguments[1:], env, "step", own_inputs(cell))
    axes = leading_axes(session, cell, options, None)
    step = StepContext(session.graphs.builder, session.graphs.builder, axes, options.initial, options.initial_spans, call.span)
    around = session.graphs.step
    if around is not None and around.body is step.body:
        step.valid = around.valid
    session.graphs.steps.append(step)
    try:
        output = scanning.step_of(session, step, cell, options, call.span)
        records = stepping.finish(session, step)
        stepping.check_initials(step)
    finally:
        session.graphs.steps.pop()
    finals = {r.name: r.new for r in records if r.new is not None}
    return ScanResult(output, None, StateRecord(finals), output.named)


def _bidirectional(session: Session, call: tree.Call, env: Env) -> Value:
    forward = _cell(session, call, 0, env, "bidirectional")
    backward = _cell(session, call, 1, env, "bidirectional")
    if forward is backward:
        codes.same_cell_twice(call.arguments[1].span).throw()
    arguments = [a for a in call.arguments[2:] if a.name != "merge"]
    merge = _merge_mode(session, call, env)
    options = scan_options.read(session, call, tuple(arguments), env, "bidirectional", own_inputs(forward) | own_inputs(backward))
    if options.reverse or options.steps is not None:
        wrong = next(a for a in arguments if a.name in ("reverse", "steps"))
        codes.not_both_ways(wrong.span, str(wrong.name)).throw()
    if options.carry:
        wrong = next(a for a in arguments if a.name == "carry")
        codes.carry_both_ways(wrong.span).throw()
    path = _path(session, env)
    for_fw, for_bw = options.of_direction("fw"), options.of_direction("bw", reverse=True)
    for_fw.given, for_bw.given = shared_out(options.given, (forward, backward))
    fw = scanning.scan(session, forward, for_fw, call.span, f"{path}/fw")
    bw = scanning.scan(session, backward, for_bw, call.span, f"{path}/bw")
    assert fw.last is not None and bw.last is not None
    output = _merge(session, merge, fw.output, bw.output, call.span)
    return BidirectionalResult(output, _merge(session, merge, fw.last, bw.last, call.span), fw, bw)


def _merge_mode(session: Session, call: tree.Call, env: Env) -> str:
    expr = next((a.value for a in call.arguments if a.name == "merge"), None)
    if expr is None:
        return "concat"
    found = lookup.binding(session, expr, env) if isinstance(expr, tree.Name) else None
    if found is not None and isinstance(value := lookup.bound(session, found), str):
        expr = tree.String(expr.span, value)
    word = lookup.is_word(expr, *_MERGES)
    if word is None:
        codes.merge(expr.span, _MERGES).throw()
    return word


def _merge(session: Session, mode: str, a: Tensor, b: Tensor, span: Span) -> Tensor | None:
    add = session.graphs.builder.add
    match mode:
        case "concat":
            return add("concat", [a, b], span, Dim(-1))
        case "sum":
            return add("add", [a, b], span)
        case "mul":
            return add("mul", [a, b], span)
        case "average":
            half = session.literal(0.5, a.type.dtype, span)
            return add("mul", [add("add", [a, b], span), half], span)
        case _:
            return None


def _map_state(session: Session, call: tree.Call, env: Env) -> Value:
    return _mapped(session, call, env, "map_state", kinds.state_function)


def _map_recurrent(session: Session, call: tree.Call, env: Env) -> Value:
    return _mapped(session, call, env, "map_recurrent", kinds.past_function)


def _mapped(session: Session, call: tree.Call, env: Env, name: str, wrong_function: Callable[[Span, str], Diagnostic]) -> Value:
    bound = bind(name, {"cell": Required, "f": Required, "skip": None}, call)
    assert bound["cell"].expr is not None and bound["f"].expr is not None
    cell = session.evaluate(bound["cell"].expr, env)
    if not isinstance(cell, Constructor | Instance | MappedCell) or cell.kind != "cell":
        codes.not_a_cell(bound["cell"].expr.span, name, describe(cell)).throw()
    function = session.evaluate(bound["f"].expr, env)
    if not isinstance(function, UserFunction | Builtin):
        wrong_function(bound["f"].expr.span, describe(function)).throw()
    return MappedCell(
        cell, function, call.span, _skipped(session, bound["skip"].expr, env, name), recurrent=name == "map_recurrent"
    )


def _skipped(session: Session, expr: tree.Expr | None, env: Env, function: str) -> tuple[str, ...]:
    if expr is None:
        return ()
    names = session.evaluate(expr, env)
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        kinds.state_names(expr.span, describe(names), function).throw()
    return tuple(str(each) for each in names)


def _states(session: Session, call: tree.Call, env: Env) -> Value:
    """`states(layer)`: the new states of a cell that was applied in this step, in the order of their declaration."""
    bound = bind("states", {"layer": Required}, call)
    assert bound["layer"].expr is not None
    value = session.evaluate(bound["layer"].expr, env)
    layer = layer_of(value)
    known = session.graphs.step.states if session.graphs.step else {}
    if layer is None or layer.kind != "cell" or not layer.registered or any(name not in known for name in layer.registered):
        codes.not_stepped(bound["layer"].expr.span, describe(value)).throw()
    return [new_value(session, name) for name in layer.registered if "[t-" not in name]


SPECIALS: Mapping[str, Callable[[Session, tree.Call, Env], Value]] = MappingProxyType(
    {
        "scan": _scan,
        "beam": _beam,
        "step": _step,
        "bidirectional": _bidirectional,
        "map_state": _map_state,
        "map_recurrent": _map_recurrent,
        "states": _states,
    }
)
