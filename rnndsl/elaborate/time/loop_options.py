"""The options of a closed loop, read and checked: `feed`, `first`, `teacher`, `teach`, `end`."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.evaluate.attributes import layer_of
from rnndsl.elaborate.evaluate.lookup import is_tensor
from rnndsl.elaborate.layers import stepping
from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance, MappedCell, RecordValue, Tensor, Value
from rnndsl.elaborate.time import closed
from rnndsl.elaborate.time.scan_options import Chance, Fed, Loop, Options
from rnndsl.language.ops.table import OPS
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import DType, Node
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import arguments as argument_codes
from rnndsl.text.codes import loops as codes
from rnndsl.text.source import Span

Given = tuple[Value, tree.Expr]


def looped(session: Session, cell: Instance | MappedCell, options: Options, env: Env) -> Options:
    """`options` with the loop that they ask for, its teacher among what is scanned. Raises SpecError where they do not fit."""
    written = options.of_loop
    if not written:
        return options
    _check_together(options)
    functions = _given(session, written["feed"], env)
    firsts = _given(session, written["first"], env, functions)
    teachers = _given(session, written["teacher"], env, functions) if "teacher" in written else {}
    fed: list[Fed] = []
    for key, (function, expr) in functions.items():
        name = key or _first_input(cell, options, expr.span)
        closed.check_function(function, "feed", expr.span)
        taught = _teacher(session, *teachers[key]) if teachers else None
        first = _first(session, *firsts[key], taught, _input(cell, name, expr.span), cell, env)
        fed.append(Fed(name, bool(key), (function, expr.span), first, taught))
        if taught is not None:
            options = _with_teacher(options, fed[-1], taught)
    chance = written.get("teach")
    teach = (0.0, 0.0) if chance is None else _teach(session, chance, env)
    return replace(options, loop=Loop(tuple(fed), teach, chance and chance.span, _end(session, written.get("end"), env), env))


def _check_together(options: Options) -> None:
    written = options.of_loop
    for name, needed in (("first", "feed"), ("feed", "first"), ("teacher", "teach"), ("teach", "teacher")):
        if name in written and needed not in written:
            codes.without(written[name].span, name, needed).throw()
    for name in ("teacher", "end"):
        if name in written and "feed" not in written:
            codes.without(written[name].span, name, "feed").throw()
    if options.positional:
        codes.input_by_position(options.positional[0][1]).throw()
    if "teacher" in written and options.steps is not None:
        codes.teacher_and_steps(written["teacher"].span).throw()
    if "end" in written and options.until is not None:
        codes.end_and_until(written["end"].span).throw()
    if "end" in written and options.carry:
        codes.end_and_carry(written["end"].span).throw()


def _given(session: Session, expr: tree.Expr, env: Env, like: Mapping[str, Given] | None = None) -> dict[str, Given]:
    """What an option gives for each input that is fed: `(x = f, y = g)` by their names, `f` under the name "".

    `like`: what `feed` gives."""
    value = session.evaluate(expr, env)
    found: dict[str, Given] = {"": (value, expr)}
    if isinstance(value, RecordValue):
        written = {each.name: each.value for each in expr.fields} if isinstance(expr, tree.Record) else {}
        found = {name: (each, written.get(name, expr)) for name, each in value.fields.items()}
    if like is not None and found.keys() != like.keys():
        codes.other_inputs(expr.span, list(like), list(found)).throw()
    return found


# ---------------------------------------------------------------- inputs


def _layer(cell: Instance | MappedCell) -> Instance:
    layer = layer_of(cell)
    assert layer is not None
    return layer


def _inputs(cell: Instance | MappedCell) -> list[tree.Input]:
    return [s for s in walk(_layer(cell).constructor.definition.body) if isinstance(s, tree.Input) and s.kind == "input"]


def _first_input(cell: Instance | MappedCell, options: Options, span: Span) -> str:
    """The name of the first input that the spec gives nothing else."""
    names = [each.name.name for each in _inputs(cell) if each.name.name not in options.named]
    if not names:
        codes.nothing_to_feed(span).throw()
    return names[0]


def _input(cell: Instance | MappedCell, name: str, span: Span) -> tree.Input:
    known = {each.name.name: each for each in _inputs(cell)}
    found = known.get(name, known.get(name.rpartition("_")[0]))
    if found is None:
        argument_codes.unknown_input(span, _layer(cell).path, name, known).throw()
    return found


def _first(
    session: Session,
    value: Value,
    expr: tree.Expr,
    teacher: tuple[Tensor, Span] | None,
    statement: tree.Input,
    cell: Instance | MappedCell,
    env: Env,
) -> tuple[Tensor, Span]:
    """The input of the first step. A plain number has the dtype of the teacher, or that which the cell declares."""
    dtype: DType = env.defaults.dtype
    if teacher is not None:
        dtype = teacher[0].type.dtype
    elif statement.type is not None and statement.type.dtype is not None:
        made = _layer(cell).constructor
        dtype = types.dtype(session, statement.type.dtype, made.env.child(made.body))
    value = stepping.plain(session, value, expr, statement.name.name, dtype, env)
    return session.tensor(value, expr.span, dtype), expr.span


def _teacher(session: Session, value: Value, expr: tree.Expr) -> tuple[Tensor, Span]:
    if not is_tensor(value):
        codes.teacher(expr.span, describe(value)).throw()
    return session.tensor(value, expr.span), expr.span


def _with_teacher(options: Options, fed: Fed, teacher: tuple[Tensor, Span]) -> Options:
    if fed.by_name:
        return replace(options, named={**options.named, fed.name: teacher})
    return replace(options, positional=[teacher])


# ---------------------------------------------------------------- the chance and the end


def _teach(session: Session, expr: tree.Expr, env: Env) -> tuple[Chance, Chance]:
    """The chance in training, and outside."""
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not (isinstance(value, int | float) or is_tensor(value)):
        codes.teach(expr.span, describe(value)).throw()
    if isinstance(value, int | float):
        return _chance(value, expr.span), _chance(value, expr.span)
    tensor = session.tensor(value, expr.span)
    if tensor.type.dtype not in FLOATS or tensor.type.dims:
        codes.teach(expr.span, describe(tensor)).throw()
    by_mode = (_in_mode(session.graphs.builder, tensor, training) for training in (True, False))
    training, otherwise = (_chance(each, expr.span) if isinstance(each, int | float) else each for each in by_mode)
    return training, otherwise


def _chance(value: float, span: Span) -> float:
    if not 0 <= value <= 1:
        codes.chance(span, value).throw()
    return float(value)


def _in_mode(builder: GraphBuilder, tensor: Tensor, training: bool) -> Chance:
    """What `tensor` is in a mode, of `if training then a else b` a or b: the number, if it is one."""
    nodes = {node.id: node for node in builder.nodes if isinstance(node, Node)}
    while (chosen := nodes.get(_stands(nodes.get(tensor.id), training))) is not None:
        tensor = Tensor(chosen.id, chosen.type)
    number = builder.number(tensor)
    return tensor if number is None else float(number)


def _stands(node: Node | None, training: bool) -> str:
    """The id that stands for `node` in a mode; none if it is computed."""
    if node is None:
        return ""
    row = OPS[node.op]
    at = row.in_training if training else row.outside_training
    return "" if at is None else node.args[at]


def _end(session: Session, expr: tree.Expr | None, env: Env) -> tuple[Value, Span] | None:
    if expr is None:
        return None
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int):
        closed.check_function(value, "end", expr.span)
    return value, expr.span
