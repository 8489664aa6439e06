"""`bounds (low, high)` behind a `param`: optimizers keep it there, and `levenberg_marquardt` finds the least squares within."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of

X = np.linspace(0.0, 2.0, 12)
Y = 3.0 * np.exp(-1.5 * X) + 0.05 * np.cos(9 * X) + 0.4
FEEDS = {"x": X, "y": Y}
FREE, BOUND = np.array([3.01280914, -1.54393035, 0.4191787]), np.array([2.5, -1.0, 0.2978843436])
"""By scipy 1.17.1's `least_squares`: without bounds, and with those below (tolerances of 1e-15)."""


def curve(options: str, bounds: str = "bounds (0.5, 2.5)", others: str = "bounds (-1.0, none)") -> Model:
    text = f"""model curve with (dtype = f64) {{
  input x: f64[batch]
  target y: f64[batch]
  param a: [] ~ constant(1.0) {bounds}
  param b: [2] ~ values([-0.3, 0.1]) {others}
  residual r = a * exp(b[0] * x) + b[1] - y
  loss off = sum(square(r))
  train fit = {options}
}}
"""
    return Model(plan_of(text, level=1))


def fitted(model: Model, calls: int = 60) -> np.ndarray:
    for _ in range(calls):
        told = model.call("fit", FEEDS)
        assert 0.5 <= model.variables["a"] <= 2.5
        assert model.variables["b"].min() >= -1.0
        if told["converged"]:
            break
    return np.array([model.variables["a"], *model.variables["b"]])


def slopes(v: np.ndarray) -> np.ndarray:
    """Of half the sum of squares, by hand."""
    grown = np.exp(v[1] * X)
    return np.stack([grown, v[0] * X * grown, np.ones_like(X)]) @ (v[0] * grown + v[2] - Y)


@pytest.mark.parametrize("options", ["", "solver = qr", "scaled = false", "rule = plain", "chunk = 5", "jacobian = forward"])
def test_least_squares_within_bounds(options: str) -> None:
    """At a bound the squares would fall beyond it alone; away from bounds no slope is left (Karush, Kuhn and Tucker)."""
    found = fitted(curve(f"levenberg_marquardt({options + ', ' if options else ''}tolerance = 1e-12)"))
    np.testing.assert_allclose(found, BOUND, rtol=1e-7)
    assert found[0] == 2.5 and found[1] == -1.0  # to the bit
    slope = slopes(found)
    assert slope[0] < -0.01 and slope[1] > 0.01
    assert abs(slope[2]) < 1e-7


def test_bounds_that_do_not_matter_change_nothing() -> None:
    open_, wide = curve("levenberg_marquardt()", "", ""), curve("levenberg_marquardt()", "bounds (-9, 9)", "bounds (-9, 9)")
    for _ in range(12):
        expected, found = open_.call("fit", FEEDS), wide.call("fit", FEEDS)
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-9)
    np.testing.assert_allclose(wide.variables["b"], open_.variables["b"], rtol=1e-6)


def test_a_start_at_a_bound_leaves_it() -> None:
    """What holds it there is the slope, not the bound."""
    model = curve("levenberg_marquardt()", "bounds (1.0, none)", "")
    for _ in range(60):
        model.call("fit", FEEDS)
    np.testing.assert_allclose([model.variables["a"], *model.variables["b"]], FREE, rtol=1e-7)


def test_a_step_that_cannot_go_anywhere_is_told() -> None:
    """All that is free is at a corner: the slope that counts is zero."""
    model = curve("levenberg_marquardt()", "bounds (0.5, 1.0)", "bounds (-0.3, 0.1)")
    for _ in range(6):
        told = model.call("fit", {"x": X, "y": np.full_like(X, 50.0)})
    assert told["converged"] == 1
    np.testing.assert_array_equal([model.variables["a"], *model.variables["b"]], [1.0, 0.1, 0.1])


def test_gradient_steps_stay_within() -> None:
    """Each is the step without bounds, brought back to the nearest number within."""
    model = curve("sgd(rate = 0.05)")
    v = np.array([1.0, -0.3, 0.1])
    for _ in range(20):
        model.call("fit", FEEDS)
        v = np.clip(v - 0.05 * 2 * slopes(v), [0.5, -1.0, -1.0], [2.5, np.inf, np.inf])
        np.testing.assert_allclose([model.variables["a"], *model.variables["b"]], v, rtol=1e-10)
    assert v[0] == 2.5 or v[1] == -1.0
