"""Second derivatives: tangents of derived gradients, against central differences of these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.derive.derivatives.jvp import jvp
from rnndsl.language.ops.meaning.align import Array
from rnndsl.plan.model import GraphInput, Node
from rnndsl.records import replace
from tests.compiling import plan_of
from tests.derive.derivatives.checking import REACH, compute, gradients, moved, numbers_for, of_loss, slope
from tests.derive.derivatives.test_cases import CASES, RAGGED
from tests.derive.derivatives.test_jvp import reads

STEP = 1e-4


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_hessian_times_vector(path: Path) -> None:
    plan = plan_of(path)
    feeds, variables = {x.name: RAGGED[x.name] for x in plan.inputs}, numbers_for(plan)
    plan, graph, loss = of_loss(plan, plan.losses[0].value)
    paths = reads(plan, graph)
    random = np.random.default_rng(5)
    ways = {p: random.normal(size=variables[p].shape) for p in paths}
    derived, found = gradients(plan, graph, loss)
    types = {n.id: n.type for n in graph.nodes if isinstance(n, Node)}
    given = tuple(GraphInput(f"way_of_{name}", types[name]) for name in paths.values())
    widened = replace(derived, inputs=(*derived.inputs, *given))
    made, tangents = jvp(widened, {x: f"way_of_{x}" for x in paths.values()}, [found[p] for p in paths], plan.axes)
    given_ways = {f"way_of_{name}": ways[path] for path, name in paths.items()}
    products = compute(plan, made, [tangents[found[p]] for p in paths], {**feeds, **given_ways}, variables)

    def at(steps: int) -> list[Array]:
        return compute(plan, derived, [found[p] for p in paths], feeds, moved(variables, ways, steps * STEP))

    expected = [slope(sides, STEP) for sides in zip(*map(at, REACH), strict=True)]
    size = max(float(np.abs(x).max(initial=0)) for x in expected)
    for path_of, one, other in zip(paths, products, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-8 * max(1.0, size), err_msg=path_of)
