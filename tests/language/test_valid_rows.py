"""Reductions over leading axes in a cell count the rows that are valid at a step, and a step without one updates nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import artefact

pytestmark = pytest.mark.tf

SPEC = """rnn 1
cell C {{
  input x: [n]
  state h: [n] = zeros
  layer norm = BatchNorm(momentum = 0.0, scale = false, center = false)
  param w: [n] ~ ones
  var steps: []
  var total: [n]
  update steps <- steps + 1
  update total <- total + sum(x, over = leading)
  average = mean(x, over = batch)
  h = norm(x) * w + average + 0 * h[t-1]
  output average + 0 * h
}}
model m {{
  input x: f32[batch, time, 1]
  input n: i32[batch]
  input valid: bool[batch, time]
{scans}
  loss l = {losses}
  train fit = sgd(rate = 0.0)
}}
"""
X = np.array([[10, 10, 99, 1], [14, 14, 99, 1], [np.nan, 0, 5, 1], [0, 0, 7, 1]], "f4")[..., None]
LENGTHS = np.array([2, 2, 0, 0], "i4")
GAPS = np.array([[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]], bool)
OPTIONS = {
    "within": "lengths = n",
    "gaps": "mask = valid",
    "both": "lengths = n, mask = valid",
    "backward": "lengths = n, reverse = true",
}


@pytest.fixture(scope="module", params=[0, 1])
def run(request, tmp_path_factory):
    """What is predicted, and the variables after a step, at each level."""
    scans = "".join(f"  layer {k} = C()\n  {k}_run = scan({k}, x, {by})\n  output {k}_y = {k}_run\n" for k, by in OPTIONS.items())
    losses = " + ".join(f"mean(square({k}_run))" for k in OPTIONS)
    loaded = artefact(tmp_path_factory.mktemp("rows"), SPEC.format(scans=scans, losses=losses), opt_level=request.param)
    inputs = {"x": X, "n": LENGTHS, "valid": GAPS}
    predicted = loaded.predict(inputs)
    loaded.train("fit", inputs)
    return predicted, loaded.variables


@pytest.mark.parametrize("name", OPTIONS)
def test_rows_that_count(name, run):
    predicted, variables = run
    counted = np.ones((4, 4), bool)
    if "lengths" in OPTIONS[name]:
        counted &= np.arange(4)[None] < LENGTHS[:, None]
    if "mask" in OPTIONS[name]:
        counted &= GAPS
    x, found = X[..., 0].copy(), predicted[f"{name}_y"][..., 0].copy()
    if name == "backward":  # both sequences of length 2 turned round within their two steps
        x[:2, :2], found[:2, :2] = x[:2, 1::-1], found[:2, 1::-1].copy()
    averages = [x[counted[:, t], t].mean() if counted[:, t].any() else 0 for t in range(4)]
    np.testing.assert_allclose(found, np.where(counted, averages, 0), rtol=1e-6)
    last = max(t for t in range(4) if counted[:, t].any())
    assert variables[f"{name}/steps"] == sum(counted.any(0))
    np.testing.assert_allclose(variables[f"{name}/total"], [x[counted].sum()], rtol=1e-6)
    np.testing.assert_allclose(variables[f"{name}/norm/moving_mean"], [x[counted[:, last], last].mean()], rtol=1e-6)
    np.testing.assert_allclose(variables[f"{name}/norm/moving_variance"], [x[counted[:, last], last].var()], rtol=1e-5)
