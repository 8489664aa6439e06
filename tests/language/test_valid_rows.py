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
  layer c = C()
  run = scan(c, x, {by})
  output y = run
  loss l = mean(square(run))
  train fit = sgd(rate = 0.0)
}}
"""
X = np.array([[10, 10, 99, 1], [14, 14, 99, 1], [np.nan, 0, 5, 1], [0, 0, 7, 1]], "f4")[..., None]
LENGTHS = np.array([2, 2, 0, 0], "i4")
GAPS = np.array([[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]], bool)


@pytest.mark.parametrize("by", ["lengths = n", "mask = valid", "lengths = n, mask = valid", "lengths = n, reverse = true"])
@pytest.mark.parametrize("level", [0, 1])
def test_rows_that_count(by, level, tmp_path):
    counted = np.ones((4, 4), bool)
    if "n" in by.replace("mask = valid", ""):
        counted &= np.arange(4)[None] < LENGTHS[:, None]
    if "valid" in by:
        counted &= GAPS
    x = X[..., 0].copy()
    if "reverse" in by:  # both sequences of length 2 turned round within their two steps
        x[:2, :2] = x[:2, 1::-1]
    loaded = artefact(tmp_path, SPEC.format(by=by), opt_level=level)
    inputs = {"x": X}
    inputs |= {"n": LENGTHS} if "lengths" in by else {}
    inputs |= {"valid": GAPS} if "mask" in by else {}
    averages = [x[counted[:, t], t].mean() if counted[:, t].any() else 0 for t in range(4)]
    found = loaded.predict(inputs)["y"][..., 0]
    back = found.copy()
    if "reverse" in by:
        back[:2, :2] = found[:2, 1::-1]
    np.testing.assert_allclose(back, np.where(counted, averages, 0), rtol=1e-6)
    loaded.train("fit", inputs)
    last = max(t for t in range(4) if counted[:, t].any())
    variables = loaded.variables
    assert variables["c/steps"] == sum(counted.any(0))
    np.testing.assert_allclose(variables["c/total"], [x[counted].sum()], rtol=1e-6)
    np.testing.assert_allclose(variables["c/norm/moving_mean"], [x[counted[:, last], last].mean()], rtol=1e-6)
    np.testing.assert_allclose(variables["c/norm/moving_variance"], [x[counted[:, last], last].var()], rtol=1e-5)
