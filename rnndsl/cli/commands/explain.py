"""`rnndsl explain SPEC`: what a signature computes, as equations in the words of the text. Never imports TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from rnndsl.cli.commands.inspect import WIDTH, steps_table
from rnndsl.cli.parser import Parser, UsageError, add_settings
from rnndsl.cli.saying import say
from rnndsl.cli.specs import chosen_plans, counted, exit_status, job_for, print_findings
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.faults import calls

if TYPE_CHECKING:
    from rnndsl.artefact.summary import SignatureSummary
    from rnndsl.plan.model import Function, Node, Optimizer, Plan, Rule, Scan, Train

_PAD = "  "
_FEW = 3
"""So many variables are listed by their paths."""


def run(argv: Sequence[str]) -> int:
    """Print the equations of one signature of one model."""
    parser = Parser(
        "rnndsl explain", "Print what a signature computes, a training step too, as equations in the words of the spec."
    )
    parser.add_argument("source", metavar="SPEC")
    add_settings(parser)
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--train", metavar="NAME", help="a training step (the first, if nothing is chosen)")
    chosen.add_argument("--signature", metavar="NAME", help="any signature")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--opt-level", type=int, choices=(0, 1), default=1, help="0: before anything is moved or packed")
    shown.add_argument("--passes", action="store_true", help="what was moved and packed, and what was not, and why")
    arguments = parser.read(argv)
    job = job_for(arguments.source)
    try:
        level = 0 if arguments.passes else arguments.opt_level
        plans = [job.optimise(plan, level) for plan in chosen_plans(job, arguments)]
    except DiagnosticsError:
        print_findings([job.findings], "text", sys.stderr)
        return exit_status([job.findings])
    for plan in plans:
        function = _chosen(plan, arguments.train, arguments.signature)
        say("\n".join(_passes(plan, function) if arguments.passes else _explained(plan, function)))
    return 0


def _passes(plan: Plan, function: Function) -> Iterator[str]:
    """What each pass does to `function`, which none has seen."""
    from rnndsl.cli.passes import told

    yield f"passes over {function.name} of {plan.name}"
    yield from told(plan, function)


def _chosen(plan: Plan, train: str | None, signature: str | None) -> Function:
    """The function that is asked for; of a model that does not train, the first."""
    trains = [x.name for x in plan.trains]
    known = [f.name for f in plan.functions] if train is None else trains
    name = train or signature or next(iter((*trains, *known)))
    if name not in known:
        raise UsageError(calls.no_signature(name, known))
    return plan.function(name)


def _explained(plan: Plan, function: Function) -> Iterator[str]:
    from rnndsl.plan.equations import Equations

    train = next((t for t in plan.trains if t.name == function.name), None)
    parts = dict(_parts(function, train))
    ends = {*function.ends(), *_read_behind(function, [x for nodes in parts.values() for x in nodes])}
    equations = Equations(function.graph, plan.names, ends)
    yield f"{function.name} of {plan.name}({', '.join(f'{x.name}: {x.type}' for x in function.inputs)})"
    for title, nodes in parts.items():
        yield from _section(title, list(equations.lines(nodes)))
    if train is not None:
        yield from _section(f"optimizer {train.optimizer.name}", _optimizer(plan, train))
    results = (f"{x.group}/{x.name}" if x.group else x.name for x in function.outputs)
    ids = [equations.name(x.value) for x in function.outputs]
    yield from _section("results", [f"{name} = {value}" for name, value in zip(results, ids, strict=True)])
    if function.steps:
        yield ""
        yield steps_table(_summary(plan, function), WIDTH).rstrip("\n")


def _summary(plan: Plan, function: Function) -> SignatureSummary:
    from rnndsl.artefact.summary import summarise

    return next(x for x in summarise(plan).signatures if x.name == function.name)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (_PAD + line for line in lines)


def _parts(function: Function, train: Train | None) -> Iterator[tuple[str, Sequence[Node | Scan]]]:
    """The graph in stretches: what the text says, what is derived from that, without what the optimizer does, which is told by its
    rules."""
    from rnndsl.plan.rewriting import is_derived

    nodes = list(function.graph.nodes)
    if train is not None and not train.optimizer.rules:  # least squares: residuals, tangents and attempts
        yield "step", nodes
        return
    forward = list(takewhile(lambda node: not is_derived(node.id), nodes))
    rest = nodes[len(forward) :]
    back = rest if train is None else list(takewhile(lambda node: not _of_optimizer(node, train), rest))
    yield "forward", forward
    yield "backward", back


def _read_behind(function: Function, shown: Sequence[Node | Scan]) -> Iterator[str]:
    """The ids that the nodes behind those `shown` read: the gradients."""
    from rnndsl.plan.rewriting import used_ids

    for node in function.graph.nodes[len(shown) :]:
        yield from used_ids(node)


def _of_optimizer(node: Node | Scan, train: Train) -> bool:
    from rnndsl.plan.attributes import Read
    from rnndsl.plan.model import Node

    return isinstance(node, Node) and isinstance(node.attrs, Read) and node.attrs.variable == f"train/{train.name}/step"


def _optimizer(plan: Plan, train: Train) -> list[str]:
    from rnndsl.cli import least_squares

    method = train.optimizer.least_squares
    if method is not None:
        return list(least_squares.told(plan, train, method))
    rules: dict[tuple[str, ...], list[str]] = {}
    for rule in train.optimizer.rules:
        rules.setdefault(tuple(_rule(plan, rule)), []).extend(rule.variables)
    lines = list(_clipping(train.optimizer))
    for text, paths in rules.items():
        lines += [f"for each of {', '.join(paths) if len(paths) <= _FEW else counted(len(paths), 'variable')}"]
        lines += [_PAD + line for line in text]
    return lines


def _clipping(optimizer: Optimizer) -> Iterator[str]:
    if optimizer.clip_norm is not None:
        yield f"all gradients times {optimizer.clip_norm} / maximum(norm of all, {optimizer.clip_norm})"
    if optimizer.clip_value is not None:
        yield f"all gradients = clip(gradient, -{optimizer.clip_value}, {optimizer.clip_value})"


def _rule(plan: Plan, rule: Rule) -> Iterator[str]:
    from rnndsl.plan.equations import Equations

    ends = [rule.value, *(slot.value for slot in rule.slots)]
    equations = Equations(rule.graph, plan.names, ends, types=False)
    yield from equations.lines(rule.graph.nodes)
    yield from (f"{slot.name} <- {equations.name(slot.value)}" for slot in rule.slots)
    yield f"value <- {equations.name(rule.value)}"
