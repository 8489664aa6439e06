"""Tangents: against central differences, against the derived gradients (the dot-product test), and many directions at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from rnndsl.derive.derivatives.jvp import jvp
from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.language.ops.meaning.align import Array
from rnndsl.plan.attributes import Read
from rnndsl.plan.model import Graph, GraphInput, Node, Plan, TensorType
from rnndsl.records import replace
from tests.compiling import plan_of
from tests.derive.derivatives.checking import REACH, compute, gradients, moved, numbers_for, of_loss, slope
from tests.derive.derivatives.test_cases import CASES, INPUTS, RAGGED

Values = Mapping[str, Array]
STEP = 1e-4


def reads(plan: Plan, graph: Graph) -> dict[str, str]:
    """The ids of the trainable variables that a graph reads."""
    found = {n.attrs.variable: n.id for n in graph.nodes if isinstance(n, Node) and isinstance(n.attrs, Read)}
    return {path: name for path, name in found.items() if plan.variable(path).trainable}


def forward(plan: Plan, graph: Graph, loss: str, inputs: Values, variables: Values, ways: Values) -> Array:
    """The tangent of %loss as the variables go their ways, which may have a leading axis `direction`."""
    paths = reads(plan, graph)
    more = ("direction",) if any(w.ndim > variables[path].ndim for path, w in ways.items()) else ()
    order = (*more, *plan.axes)
    types = {n.id: n.type for n in graph.nodes if isinstance(n, Node)}
    given = tuple(GraphInput(f"way_of_{name}", types[name].with_axes(more, order)) for name in paths.values())
    widened = replace(graph, inputs=(*graph.inputs, *given))
    seeds = {name: f"way_of_{name}" for name in paths.values()}
    made, found = jvp(widened, seeds, [loss], order)
    feeds = {**inputs, **{seeds[name]: ways[path] for path, name in paths.items()}}
    return compute(replace(plan, axes=order), made, [found[loss]], feeds, variables)[0]


def differences(plan: Plan, graph: Graph, loss: str, inputs: Values, variables: Values, ways: Values) -> float:
    """How %loss changes as the variables go their ways."""

    def at(steps: int) -> Array:
        return compute(plan, graph, [loss], inputs, moved(variables, ways, steps * STEP))[0]

    return float(slope([at(k) for k in REACH], STEP))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
@pytest.mark.parametrize("inputs", [INPUTS, RAGGED], ids=["some", "an_empty_row"])
def test_tangents(path: Path, inputs: dict[str, Array]) -> None:
    plan = plan_of(path)
    feeds, variables = {x.name: inputs[x.name] for x in plan.inputs}, numbers_for(plan)
    plan, graph, loss = of_loss(plan, plan.losses[0].value)
    random = np.random.default_rng(3)
    ways = {p: random.normal(size=variables[p].shape) for p in reads(plan, graph)}
    tangent = forward(plan, graph, loss, feeds, variables, ways)
    derived, found = gradients(plan, graph, loss)
    backward = dict(zip(ways, compute(plan, derived, [found[p] for p in ways], feeds, variables), strict=True))
    size = sum(float(np.abs(backward[p] * ways[p]).sum()) for p in ways)
    assert size > 0
    np.testing.assert_allclose(tangent, sum(np.sum(backward[p] * ways[p]) for p in ways), rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(tangent, differences(plan, graph, loss, feeds, variables, ways), rtol=0, atol=1e-8 * size)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_many_cotangents_at_once(path: Path) -> None:
    """The gradients are linear in the cotangent of the loss, which has an axis `row`."""
    plan = plan_of(path)
    feeds, variables = {x.name: RAGGED[x.name] for x in plan.inputs}, numbers_for(plan)
    plan, graph, loss = of_loss(plan, plan.losses[0].value)
    paths = reads(plan, graph)
    derived, found = gradients(plan, graph, loss)
    alone = compute(plan, derived, [found[p] for p in paths], feeds, variables)
    order = ("row", *plan.axes)
    widened = replace(graph, inputs=(*graph.inputs, GraphInput("rows", TensorType("f64", ("row",)))))
    made, rows = vjp(widened, {loss: "rows"}, list(paths.values()), order)
    given = {**feeds, "rows": np.array([1.0, -2.0, 0.0])}
    every = compute(replace(plan, axes=order), made, [rows[name] for name in paths.values()], given, variables)
    for name, one, more in zip(paths, alone, every, strict=True):
        assert more.shape == (3, *one.shape)
        size = float(np.abs(one).max(initial=0))
        np.testing.assert_allclose(more, np.stack([one, -2 * one, 0 * one]), rtol=0, atol=1e-12 * size, err_msg=name)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_many_directions_at_once(path: Path) -> None:
    """Each direction of two has the tangent that it has alone."""
    plan = plan_of(path)
    feeds, variables = {x.name: RAGGED[x.name] for x in plan.inputs}, numbers_for(plan)
    plan, graph, loss = of_loss(plan, plan.losses[0].value)
    random = np.random.default_rng(4)
    ways = {p: random.normal(size=(2, *variables[p].shape)) for p in reads(plan, graph)}
    both = forward(plan, graph, loss, feeds, variables, ways)
    alone = [forward(plan, graph, loss, feeds, variables, {p: w[k] for p, w in ways.items()}) for k in range(2)]
    assert both.shape == (2,)
    np.testing.assert_allclose(both, alone, rtol=1e-11, atol=1e-12)
