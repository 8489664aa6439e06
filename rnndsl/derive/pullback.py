"""Pullbacks of functions outside training: what a caller's own tape goes through, where a backend's functions have no way back.

The pullback of a function takes what that takes, and a cotangent for each of its real results. It gives the cotangents of the real
inputs, and of the real variables that are read. It computes forward again, so that a call which nobody differentiates saves nothing
on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.derive.making import Making
from rnndsl.derive.mode import Specialised
from rnndsl.derive.parts import Draft
from rnndsl.language.rules.types import FLOATS
from rnndsl.passes.remove_dead import pruned
from rnndsl.plan.attributes import NOTHING
from rnndsl.plan.function import OUTSIDE_TRAINING, Function, Output, cotangent_of
from rnndsl.plan.model import Graph, GraphInput, Node, Plan, PlanInput
from rnndsl.plan.rewriting import reads, types_of
from rnndsl.records import replace


def with_pullbacks(plan: Plan, wanted: Callable[[Function], bool]) -> Plan:
    """`plan`, whose functions are derived, with the pullbacks of the `wanted` ones outside training. What computes the same shares
    one."""
    functions = (x for x in plan.functions if x.kind in OUTSIDE_TRAINING and wanted(x))
    found = (_pullback(plan, function, names) for function, names in _alike(functions))
    return replace(plan, pullbacks=tuple(x for x in found if x is not None))


def _alike(functions: Iterable[Function]) -> Iterator[tuple[Function, tuple[str, ...]]]:
    """One of those of `functions` that compute the same results, and the names of all of them."""
    groups: list[tuple[Function, Graph, list[str]]] = []
    for function in functions:
        graph = pruned(function.graph, (x.value for x in function.outputs))
        names = next((names for one, known, names in groups if one.outputs == function.outputs and known == graph), None)
        if names is None:
            groups.append((function, graph, [function.name]))
        else:
            names.append(function.name)
    yield from ((function, tuple(names)) for function, _, names in groups)


def _pullback(plan: Plan, function: Function, names: tuple[str, ...]) -> Function | None:
    """The pullback of the functions called `names`; None where nothing is real, or something has no derivative."""
    making = Making.of(plan, Specialised(function.graph, {}, {}))
    making.prepare([x.value for x in function.outputs])
    by = {x.name: x.name for x in function.inputs if x.type.dtype in FLOATS}
    paths = [path for path, t in reads(making.graph).items() if t.dtype in FLOATS]
    read = {path: making.read(path, "") for path in paths}
    given = _cotangents(making, function)
    making.graph = replace(making.graph, inputs=(*making.graph.inputs, *(GraphInput(x.name, x.type) for x in given.values())))
    seeds = _seeds(making, function, given)
    if not seeds or not (by or read):
        return None
    try:
        making.graph, found = vjp(making.graph, seeds, [*by.values(), *read.values()], making.axes)
    except NotImplementedError:
        return None
    outputs = [Output(name, found[x], group="inputs") for name, x in by.items()]
    outputs += [Output(path, found[x], group="variables") for path, x in read.items()]
    draft = Draft(names[0], "pullback", making.graph, outputs, axes=making.axes)
    return replace(draft.function(replace(plan, inputs=(*plan.inputs, *given.values()))), forward=names)


def _cotangents(making: Making, function: Function) -> Mapping[str, PlanInput]:
    """By the name of a real result, what gives its cotangent."""
    types = types_of(making.graph)
    real = {x.name: types[x.value] for x in function.outputs if types[x.value].dtype in FLOATS}
    return {name: PlanInput(cotangent_of(name), "cotangent", t) for name, t in real.items()}


def _seeds(making: Making, function: Function, given: Mapping[str, PlanInput]) -> dict[str, str]:
    """From values of the graph to their cotangents. Results of one value add up."""
    seeds: dict[str, str] = {}
    for x in function.outputs:
        if x.name not in given:
            continue
        name, t = given[x.name].name, given[x.name].type
        before = seeds.get(x.value)
        seeds[x.value] = name if before is None else making.add(Node(making.fresh.like("d"), "add", (before, name), NOTHING, t))
    return seeds
