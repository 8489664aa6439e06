"""A plan as text: everything in it, one thing a line, the same text for the same plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rnndsl.plan.indices import All, At, Part
from rnndsl.plan.layouts import Foreign
from rnndsl.plan.model import (
    Assign,
    Clear,
    Function,
    Graph,
    Load,
    Named,
    Node,
    Optimizer,
    Output,
    Plan,
    PlanInput,
    Scan,
    Slot,
    Step,
    Train,
    Update,
    Variable,
)

_PAD = "  "


def print_plan(plan: Plan) -> str:
    """`plan` as text, its functions last.

    Equations are in static single assignment, `%3 = matmul %1, %2 : f32[batch, 4]`; the body of a scan is
    indented below it."""
    lines = [f"plan {plan.name}: {plan.dtype}, seed {plan.seed}, axes {', '.join(plan.axes)}"]
    lines += _section("parameters", (f"{name} = {_json(value)}" for name, value in plan.parameters.items()))
    lines += _section("inputs", map(_input, plan.inputs))
    lines += _section("variables", map(_variable, plan.variables))
    lines += _section("graph", graph_lines(plan.graph))
    lines += _section("outputs", map(_named, plan.outputs))
    lines += _section("losses", map(_named, plan.losses))
    lines += _section("metrics", map(_named, plan.metrics))
    lines += _section("residuals", map(_named, plan.residuals))
    lines += _section("updates", map(_update, plan.updates))
    lines += _section("trains", (line for train in plan.trains for line in _train(train)))
    lines += _section("collections", (f"{name}: {', '.join(x)}" for name, x in plan.collections.items() if x))
    lines += _section("loads", (line for load in plan.loads for line in _load(load)))
    lines += _section("signatures", (f"{x.name} = {', '.join(x.outputs)}" for x in plan.signatures))
    return "\n".join(lines) + "\n" + print_functions(plan)


def print_functions(plan: Plan) -> str:
    """The functions of `plan`, and why it lacks those that it lacks; empty before they are derived."""
    lines = [line for function in (*plan.functions, *plan.pullbacks) for line in _function(function)]
    lines += [f"no function {name}: {why}" for name, why in plan.absent.items()]
    return "".join(f"{line}\n" for line in lines)


def _function(function: Function) -> Iterator[str]:
    draws = f", draws by {function.draws}" if function.draws else ""
    name = f"pullback of {', '.join(function.forward)}" if function.forward else f"function {function.name}: {function.kind}"
    yield name + draws
    parts = [
        *_section("inputs", map(_input, function.inputs)),
        *_section("graph", graph_lines(function.graph)),
        *_section("outputs", map(_output, function.outputs)),
        *_section("steps", map(_step, function.steps)),
    ]
    yield from (_PAD + line for line in parts)


def _input(x: PlanInput) -> str:
    start = "" if x.state is None else f" of {x.state} from {'elsewhere' if x.initial is None else _json(x.initial)}"
    return f"{x.kind} {x.name}: {x.type}{start}"


def _output(x: Output) -> str:
    return f"{x.name} = %{x.value}" + (f" in {x.group}" if x.group else "")


def _step(step: Step) -> str:
    match step:
        case Assign():
            rows = "" if step.rows is None else f"[%{step.rows}]"
            text = f"{step.name}: {step.variable}{rows} <- %{step.value}"
        case Clear():
            text = f"{step.name}: {step.variable} is cleared"
    return text + (f" after {', '.join(step.after)}" if step.after else "")


def graph_lines(graph: Graph) -> Iterator[str]:
    """The equations of `graph`, without its inputs."""
    for node in graph.nodes:
        if isinstance(node, Node):
            yield _equation(node)
            continue
        yield _scan_head(node)
        for line in _scan_body(node):
            yield _PAD + line


def _section(title: str, lines: Iterable[str]) -> list[str]:
    body = [_PAD + line for line in lines]
    return [title, *body] if body else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _load(load: Load) -> Iterator[str]:
    at = "" if load.at is None else f" at {_json(load.at)}"
    yield f"{'optional ' if load.optional else ''}{_json(load.source)}{at}"
    yield from (f"{_PAD}{path} = {_json(key)}" for path, key in load.keys)
    if load.layout is not None:
        yield f"{_PAD}using {load.layout.name}"
        yield from (f"{_PAD * 2}{line}" for line in graph_lines(load.layout.graph))
        yield from (f"{_PAD * 2}{' + '.join(map(_foreign, x.foreign))} = %{x.value}" for x in load.layout.equations)


def _foreign(x: Foreign) -> str:
    whole = all(
        isinstance(item, Part) and item.start == 0 and size is not None for item, size in zip(x.items, x.sizes, strict=True)
    )
    items = (str(item.index) if isinstance(item, At) else f"{item.start}..{item.stop}" for item in x.items)
    return _json(x.key) + ("" if whole else f"[{', '.join(items)}]")


def _plain(value: Any) -> Any:
    """A value of an attribute as JSON has it."""
    match value:
        case All():
            return ["all"]
        case At(at):
            return ["at", at]
        case Part(start, stop):
            return ["range", start, stop]
        case tuple():
            return [_plain(x) for x in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_json(value)}" for name, value in arguments.items())


def _set(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


def _variable(v: Variable) -> str:
    dims = ", ".join((*v.axes, *map(str, v.shape)))
    trained = "trainable" if v.trainable else f"not trainable ({v.not_trainable})" if v.not_trainable else "not trainable"
    device = f", on {v.device}" if v.device else ""
    rate = f", rate by {v.rate}" if v.rate != 1.0 else ""
    bounds = f", bounds {v.bounds[0]} to {v.bounds[1]}" if v.bounds else ""
    recipe = f"{v.initializer.name}({_arguments(v.initializer.arguments)})"
    rest = f"({v.initializer_origin}), {trained}, in {_set(v.collections)}{rate}{bounds}{device}"
    return f"{v.kind} {v.path}: {v.dtype}[{dims}] ~ {recipe} {rest}"


def _equation(node: Node) -> str:
    args = ", ".join(f"%{x}" for x in node.args)
    attrs = " ".join(f"{name}={_json(_plain(value))}" for name, value in node.attrs.said().items())
    return " ".join(x for x in (f"%{node.id} =", node.op, args, attrs, f": {node.type}") if x)


def _scan_head(scan: Scan) -> str:
    read = (("lengths", scan.lengths), ("mask", scan.mask), ("first", scan.first))
    options = [f"{name} %{value}" for name, value in read if value is not None]
    if scan.steps is not None:
        options.append(f"steps {f'%{scan.steps}' if isinstance(scan.steps, str) else scan.steps}")
    if scan.until is not None:
        options.append(f"until {scan.until}")
    options += [name for name in ("reverse", "hold", "carry", "same_draws", "recompute", "again") if getattr(scan, name)]
    return " ".join((f"%{scan.id} = scan {scan.path} over {scan.axis}", *options))


def _scan_body(scan: Scan) -> Iterator[str]:
    types = {x.id: x.type for x in scan.body.inputs}
    yield from (f"each %{x.inner} of %{x.outer} : {types[x.inner]}" for x in scan.scanned)
    yield from (f"given %{x.inner} = %{x.outer} : {types[x.inner]}" for x in scan.given)
    yield from (f"state {x.name}: %{x.old} from %{x.initial} then %{x.new} : {types[x.old]}" for x in scan.states)
    yield from (f"variable {x.path}: %{x.old} from %{x.initial} then %{x.new} : {types[x.old]}" for x in scan.variables)
    yield from graph_lines(scan.body)
    if scan.outputs:
        yield "output " + ", ".join(f"%{x}" for x in scan.outputs)


def _named(x: Named) -> str:
    return f"{x.name} = %{x.value}" + (f" in {x.collection}" if x.collection else "")


def _update(update: Update) -> str:
    return f"{update.name}: {update.variable} <- %{update.value} in {_set(update.collections)}"


def _optimizer(optimizer: Optimizer) -> str:
    parts = [_arguments(optimizer.arguments)]
    parts += [f"{n} = {getattr(optimizer, n)}" for n in ("clip_norm", "clip_value", "average") if getattr(optimizer, n) is not None]
    return f"{optimizer.name}({', '.join(x for x in parts if x)})"


def _train(train: Train) -> Iterator[str]:
    aims = ", ".join((*train.losses, *train.residuals))
    updates = f" {train.order} {_set(train.updates)}" if train.updates else ""
    yield f"{train.name} = {_optimizer(train.optimizer)} on {aims} over {_set(train.variables)}{updates}"
    for rule in train.optimizer.rules:
        yield f"{_PAD}rule of {_set(rule.variables)}"
        lines = [*map(_slot, rule.slots), *graph_lines(rule.graph), f"value <- %{rule.value}"]
        yield from (_PAD * 2 + line for line in lines)


def _slot(slot: Slot) -> str:
    recipe = "value" if slot.initializer is None else f"{slot.initializer.name}({_arguments(slot.initializer.arguments)})"
    return f"{slot.name}: {slot.type} ~ {recipe} <- %{slot.value}"
