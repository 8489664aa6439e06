"""States kept between calls that start from a variable: it is differentiated where nothing is kept, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import module_of, plan_of

SPEC = """
cell C(units: int) {
  input x: [n]
  param w: [n, units]
  param u: [units, units]
  param start: [units] ~ ones
  state h: [units] = start
  h = tanh(x @ w + h[t-1] @ u)
  output h
}
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  target y: f64[batch, 3]
  layer c = C(3)
  run = scan(c, x, carry = true)
  residual r = run.last - y
  loss l = sum(square(r))
  train fit = sgd(rate = 0.1)
  train solve = levenberg_marquardt(attempts = 20)
}
"""
RANDOM = np.random.default_rng(0)
FEEDS = {"x": RANDOM.normal(size=(2, 3, 2)), "y": RANDOM.normal(size=(2, 3))}


def test_the_first_call_alone_sees_the_start() -> None:
    model = Model(plan_of(SPEC))

    def loss(way: np.ndarray) -> float:
        other = Model(model.plan)
        other.variables["c/start"] = other.variables["c/start"] + way
        return float(other.call("evaluate", FEEDS)["l"])

    before = model.variables["c/start"]
    model.call("fit", FEEDS)
    moved = model.variables["c/start"] - before
    expected = [-0.1 * (loss(way) - loss(-way)) / 2e-5 for way in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(moved, expected, rtol=1e-6)
    after = model.variables["c/start"]
    model.call("fit", FEEDS)
    np.testing.assert_array_equal(model.variables["c/start"], after)


def test_what_is_kept_is_used_whatever_it_is() -> None:
    """0, 1 and what is no number are kept as any other."""
    for kept in (0.0, 1.0, np.nan):
        model = Model(plan_of(SPEC))
        model.variables["run/h"] = np.full((2, 3), kept)
        told = model.call("fit", FEEDS)
        other = Model(plan_of(SPEC))
        other.variables["run/h"] = np.full((2, 3), kept)
        np.testing.assert_array_equal(told["l"], other.call("evaluate", FEEDS)["l"])


@pytest.mark.tf
def test_residuals_are_fitted_on_the_states_of_the_call_before() -> None:
    """Attempts read what was kept before the call; what is kept after it is of the variables before."""
    model, module = Model(plan_of(SPEC)), module_of(SPEC)
    for _ in range(3):
        told = model.call("solve", FEEDS)
        found = module.solve(**FEEDS)
        assert told["accepted"]
        for name, value in told.items():
            np.testing.assert_allclose(found[name].numpy(), value, rtol=1e-7, err_msg=name)
        for path, value in model.variables.items():
            np.testing.assert_allclose(module.variables_by_path[path].numpy(), value, rtol=1e-7, atol=1e-9, err_msg=path)
