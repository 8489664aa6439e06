"""Gradients that were derived against central differences, both in NumPy and f64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.derive.mode import Modes
from rnndsl.derive.preparing.prepare import prepared
from rnndsl.language.ops.meaning.align import Array
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.meaning.running import Model, _Call
from rnndsl.passes.remove_dead import remove_dead
from rnndsl.passes.share_common import share_common
from rnndsl.plan.attributes import Constant, Read
from rnndsl.plan.function import Function, Output
from rnndsl.plan.model import Graph, Node, Plan, TensorType
from rnndsl.plan.stretches import lengths_told
from rnndsl.records import replace

STEP = 1e-5
REACH = (1, -1, 2, -2)
"""How many steps away `slope` wants its values."""


def moved(variables: Mapping[str, Array], ways: Mapping[str, Array], by: float) -> dict[str, Array]:
    """The variables, those that have a way so far along it."""
    return {path: x + by * ways[path] if path in ways else x for path, x in variables.items()}


def slope(sides: Sequence[Array], step: float) -> Array:
    """Central differences of values at REACH, extrapolated once to a step of zero: their error is of the fourth order."""
    ahead, behind, far_ahead, far_behind = sides
    return (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)


def compute(
    plan: Plan, graph: Graph, ends: Sequence[str], inputs: Mapping[str, Array], variables: Mapping[str, Array]
) -> list[Array]:
    """The values of `ends`, floats in f64."""
    model = Model(plan)
    model.variables.update(variables)
    call = _Call(model, Function("f", "custom", plan.axes, (), graph), dict(model.variables), {}, 0)
    frame = Frame(Context(plan.axes, call, run_scan, True, True), graph, inputs, dict(lengths_told(graph)), 0)
    with np.errstate(all="ignore"):
        frame.run(ends)
    return [frame.values[x].array for x in ends]


def of_loss(plan: Plan, name: str) -> tuple[Plan, Graph, str]:
    """The graph in training of nothing but %name, ready to be differentiated, the id of its value, and the plan with its axes."""
    mode = Modes(plan).of(training=True, carry=False)
    whole = Function("f", "train", plan.axes, plan.inputs, mode.graph, (Output("loss", mode.of(name)),))
    function = share_common(remove_dead(prepared(whole)))  # a variable is then read once, as in a training step
    return replace(plan, axes=function.axes), function.graph, function.outputs[0].value


def gradients(plan: Plan, graph: Graph, loss: str) -> tuple[Graph, dict[str, str]]:
    """The graph with the gradients of %loss by the variables that it reads, and their ids by path."""
    reads = {n.attrs.variable: n.id for n in graph.nodes if isinstance(n, Node) and isinstance(n.attrs, Read)}
    one = Node("seed_of_loss", "literal", (), Constant(1.0), TensorType(plan.dtype))
    derived, found = vjp(replace(graph, nodes=(*graph.nodes, one)), {loss: one.id}, list(reads.values()), plan.axes)
    return derived, {path: found[name] for path, name in reads.items()}


def numbers_for(plan: Plan, scale: float = 0.5, seed: int = 0) -> dict[str, Array]:
    """Values of the variables."""
    random = np.random.default_rng(seed)
    return {v.path: random.normal(0, scale, v.shape) if v.dtype[0] == "f" else np.zeros(v.shape, "i8") for v in plan.variables}


def assert_gradients(plan: Plan, inputs: Mapping[str, Array], variables: Mapping[str, Array], *, rtol: float = 1e-7) -> int:
    """The gradients of the first loss are its central differences. Returns how many numbers were compared."""
    plan, graph, loss = of_loss(plan, plan.losses[0].value)
    derived, found = gradients(plan, graph, loss)
    values = dict(zip(found, compute(plan, derived, list(found.values()), inputs, variables), strict=True))
    compared = 0
    for path, value in values.items():
        if not plan.variable(path).trainable:
            continue
        expected = np.zeros_like(variables[path])
        for at in np.ndindex(*expected.shape):
            sides = [_moved(plan, graph, loss, inputs, variables, path, at, by) for by in (STEP, -STEP)]
            expected[at] = (sides[0] - sides[1]) / (2 * STEP)
        np.testing.assert_allclose(
            value, expected, rtol=rtol, atol=rtol * max(1.0, float(np.abs(expected).max(initial=0))), err_msg=path
        )
        compared += value.size
    return compared


def _moved(plan, graph, loss, inputs, variables, path, at, by) -> float:
    value = variables[path].copy()
    value[at] += by
    return float(compute(plan, graph, [loss], inputs, {**variables, path: value})[0])
