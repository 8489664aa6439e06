"""A zero cotangent contributes zero, even to a derivative that is infinite or no number."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.derive.derivatives.checking import compute, gradients, of_loss

MODEL = """
model m with (dtype = f64) {
  input x: f64[batch, 2]
  param w: [2]
  z = x * w
  loss l = %s
}"""
X = np.array([[0.0, 1.0], [2.0, -1.0]])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mean(where(z > 0.0, log(z), 0.0))", [0.25, 0.25]),  # d log(x w) / dw = 1 / w at two of four places
        ("sum(where(z > 0.0, sqrt(z), 0.0), over = [batch, last])", [np.sqrt(2) / 2, 0.5]),
        ("sum(where(z > 0.0, 1.0 / z, 0.0), over = [batch, last])", [-0.5, -1.0]),
        ("sum(where(z > 0.0, z ** 0.5, 0.0), over = [batch, last])", [np.sqrt(2) / 2, 0.5]),
        ("sum(0.0 * sqrt(z - x * w), over = [batch, last])", [0.0, 0.0]),
        ("sum(norm(where(z > 0.0, z, 0.0) * [0.0, 1.0], over = last), over = batch)", [0.0, 1.0]),
        ("mean(log(z), mask = z > 0.0)", [0.5, 0.5]),
        ("sum(z, mask = z > 0.0)", [2.0, 1.0]),
    ],
)
def test_what_is_left_out_is_not_seen(loss: str, expected: list[float]) -> None:
    plan, graph, value = of_loss(*_first(plan_of(MODEL % loss)))
    derived, found = gradients(plan, graph, value)
    (gradient,) = compute(plan, derived, [found["w"]], {"x": X}, {"w": np.ones(2)})
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


def _first(plan):
    return plan, plan.losses[0].value


def test_no_number_where_it_counts_stays() -> None:
    plan, graph, value = of_loss(*_first(plan_of(MODEL % "sum(log(z), over = [batch, last])")))
    derived, found = gradients(plan, graph, value)
    (gradient,) = compute(plan, derived, [found["w"]], {"x": np.array([[np.nan, 1.0]])}, {"w": np.ones(2)})
    assert np.isnan(gradient[0]) and gradient[1] == 1.0
