"""Whole models, with scans that have everything a scan can have: the derived gradients are their central differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.derive.derivatives.checking import assert_gradients, numbers_for

CASES = sorted((Path(__file__).parent / "cases").glob("*.rnn"))
RANDOM = np.random.default_rng(1)
INPUTS = {
    "x": RANDOM.normal(size=(2, 4, 3)),
    "y": RANDOM.normal(size=(2, 2)),
    "n": np.array([4, 2], np.int32),
    "mk": np.array([[True, False, True, True], [False, True, False, False]]),
    "mem": RANDOM.normal(size=(2, 5, 3)),
}
RAGGED = {**INPUTS, "n": np.array([0, 3], np.int32), "mk": np.array([[False] * 4, [True, True, False, True]])}


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
@pytest.mark.parametrize("inputs", [INPUTS, RAGGED], ids=["some", "an_empty_row"])
def test_gradients(path: Path, inputs: dict[str, np.ndarray]) -> None:
    plan = plan_of(path)
    assert assert_gradients(plan, {x.name: inputs[x.name] for x in plan.inputs}, numbers_for(plan)) > 0


LONG = 1200


def test_a_chain_of_any_length_is_differentiated() -> None:
    """What is computed again may be a long chain: nothing recurs along it."""
    chain = "\n".join(f"  a{k} = a{k - 1} + x" for k in range(1, LONG))
    cell = f"cell C() {{\n  input x: [n]\n  state h: [n] = zeros\n  param w: [n]\n  a0 = h[t-1] * x\n{chain}\n"
    cell += f"  h = square(a{LONG - 1} * w) * 1e-7\n  output h\n}}\n"
    model = "model m with (dtype = f64) {\n  input x: [batch, time, 3]\n  layer c = C()\n  loss l = mean(scan(c, x).last)\n}\n"
    plan = plan_of(cell + model)
    assert assert_gradients(plan, {"x": INPUTS["x"]}, numbers_for(plan)) == 3
