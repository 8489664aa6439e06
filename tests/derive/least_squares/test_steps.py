"""One call of `levenberg_marquardt`: its step beside NumPy's own, what it takes and what it refuses, in the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of

X = np.linspace(0.0, 2.0, 12)
Y = 3.0 * np.exp(-1.5 * X) + 0.05 * np.cos(9 * X)
START = np.array([1.0, -0.3])


def curve(options: str, rest: str = "", dtype: str = "f64") -> Model:
    text = f"""model curve with (dtype = {dtype}) {{
  input x: {dtype}[batch]
  target y: {dtype}[batch]
  param a: [] ~ constant(1.0)
  param b: [] ~ constant(-0.3)
  residual r = a * exp(b * x) - y
  train fit = levenberg_marquardt({options})
  {rest}
}}
"""
    return Model(plan_of(text, level=1))


def by_hand(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The residuals and their Jacobian."""
    a, b = value
    grown = np.exp(b * X)
    return a * grown - Y, np.stack([grown, a * X * grown], 1)


def variables(model: Model) -> np.ndarray:
    return np.array([model.variables["a"], model.variables["b"]])


def call(model: Model, **feeds: np.ndarray) -> dict[str, Any]:
    return model.call("fit", {"x": X, "y": Y, **feeds})


@pytest.mark.parametrize("solver", ["cholesky", "qr"])
@pytest.mark.parametrize("jacobian", ["forward", "reverse"])
@pytest.mark.parametrize("scaled", [True, False])
def test_steps_are_those_of_the_method(solver: str, jacobian: str, scaled: bool) -> None:
    """Marquardt 1963 with Nielsen's damping, written in NumPy by lstsq of the damped equations."""
    model = curve(f"damping = 0.1, solver = {solver}, jacobian = {jacobian}, scaled = {str(scaled).lower()}")
    value, damping, growth, diagonal = START, 0.1, 2.0, np.zeros(2)
    accepted = 0
    for _ in range(8):
        told = call(model)
        r, j = by_hand(value)
        np.testing.assert_allclose(told["loss"], r @ r, rtol=1e-12)
        diagonal = np.maximum((j**2).sum(0), diagonal / 2) if scaled else np.ones(2)
        for _ in range(10):
            damped = np.concatenate([j, np.diag(np.sqrt(damping * diagonal))])
            step = np.linalg.lstsq(damped, np.concatenate([-r, np.zeros(2)]), rcond=None)[0]
            new = by_hand(value + step)[0]
            gained, predicted = r @ r - new @ new, -2 * step @ j.T @ r - (j @ step) @ (j @ step)
            if gained > 0:
                value, accepted = value + step, accepted + 1
                damping, growth = damping * max(1 / 3, 1 - (2 * gained / predicted - 1) ** 3), 2.0
                break
            damping, growth = damping * growth, growth * 2
        assert told["accepted"]
        np.testing.assert_allclose(variables(model), value, rtol=1e-9)
        np.testing.assert_allclose(told["damping"], damping, rtol=1e-6)
        np.testing.assert_allclose(model.variables["train/fit/growth"], growth)
    assert accepted == 8


def test_the_plain_rule() -> None:
    """Three quarters of what was predicted: the damping falls; under a quarter: it grows."""
    model = curve("damping = 0.1, increase = 5, decrease = 4, rule = plain")
    value, damping = START, 0.1
    for _ in range(6):
        told = call(model)
        r, j = by_hand(value)
        new = by_hand(variables(model))[0]
        step = variables(model) - value
        predicted = -2 * step @ j.T @ r - (j @ step) @ (j @ step)
        ratio = (r @ r - new @ new) / predicted
        damping = damping / 4 if ratio > 0.75 else damping * 5 if ratio < 0.25 else damping
        np.testing.assert_allclose(told["damping"], damping, rtol=1e-12)
        value = variables(model)
    assert "train/fit/growth" not in model.variables


@pytest.mark.parametrize("dtype", ["f64", "f32", "bf16"])
def test_a_refused_step_leaves_every_variable_to_the_bit(dtype: str) -> None:
    """Hardly damped, the first step from here is far too long; there is one attempt."""
    model = bent("damping = 1e-9, attempts = 1", dtype)
    before = {path: value.tobytes() for path, value in model.variables.items()}
    told = model.call("fit", {})
    assert not told["accepted"]
    changed = {path for path, value in model.variables.items() if value.tobytes() != before[path]}
    assert changed == {"train/fit/damping", "train/fit/growth", "train/fit/scale"}
    np.testing.assert_allclose(told["damping"], 2e-9)
    again = model.call("fit", {})
    assert again["loss"] == told["loss"]
    np.testing.assert_allclose(again["damping"], 8e-9, rtol=1e-6)


def test_attempts_go_on_until_a_step_is_taken() -> None:
    model = bent("damping = 1e-9, attempts = 30")
    first = model.call("fit", {})
    assert first["accepted"]
    assert first["damping"] > 0.1
    assert model.call("fit", {})["loss"] < first["loss"]


def test_a_step_has_a_reach() -> None:
    """12.5 away from 3 is more than twice as far, and less than five times; the damping grows until it is near enough."""
    near, far = (bent(f"damping = 1e-9, attempts = 60, reach = {reach}") for reach in (0.25, 5))
    for model, most in ((near, 0.25 * 3), (far, 5 * 3)):
        assert model.call("fit", {})["accepted"]
        assert np.abs(model.variables["w"] - 3.0).max() <= most


def bent(options: str, dtype: str = "f64") -> Model:
    """Undamped, a step from here goes to the other side and further up: atan(3 - 10 atan(3)) is -1.47, atan(3) 1.25."""
    text = f"""model bent with (dtype = {dtype}) {{
  param w: [3] ~ constant(3.0)
  residual r = atan(w)
  train fit = levenberg_marquardt({options})
}}
"""
    return Model(plan_of(text, level=1))


def test_a_loss_that_is_no_number_is_refused() -> None:
    model = curve("")
    before = {path: value.tobytes() for path, value in model.variables.items()}
    told = call(model, y=np.where(X > 1, np.nan, Y))
    assert not told["accepted"]
    assert told["converged"] == 0
    assert np.isnan(told["loss"])
    assert {path for path, value in model.variables.items() if value.tobytes() != before[path]} <= {"train/fit/scale"}


def test_what_has_converged_is_told() -> None:
    """1: no slope is left; 3: nothing is gained any more; 2: the step is too short to matter."""
    exact = 3.0 * np.exp(-1.5 * X)
    model = curve("")
    codes = [int(call(model, y=exact)["converged"]) for _ in range(30)]
    assert codes[0] == 0
    assert codes[-1] == 1
    model = curve("tolerance = 1e-12")
    codes = [int(call(model)["converged"]) for _ in range(30)]
    assert 3 in codes
    near = """model near with (dtype = f64) {
  param a: [] ~ constant(1e6)
  residual r = a - 1000001.0
  train fit = levenberg_marquardt(tolerance = 1e-3)
}
"""
    assert Model(plan_of(near, level=1)).call("fit", {})["converged"] == 2


def test_several_residuals_are_one() -> None:
    """A penalty beside the fit, and each alone in one long vector."""
    text = """model m with (dtype = f64) {{
  input x: f64[batch]
  target y: f64[batch]
  param w: [3] ~ constant(0.2)
  param c: [2, 2] ~ constant(0.1)
  p = w[0] * exp(w[1] * x) + w[2] + c[0, 1] * x
  residual r = p - y
  residual s = 0.3 * w
  residual q = 0.1 * c
  {rest}
}}
"""
    apart = Model(plan_of(text.format(rest="train fit = levenberg_marquardt() on r, s, q"), level=1))

    def every(v: np.ndarray) -> np.ndarray:
        w, c = v[:3], v[3:].reshape(2, 2)
        return np.concatenate([w[0] * np.exp(w[1] * X) + w[2] + c[0, 1] * X - Y, 0.3 * w, 0.1 * c.reshape(-1)])

    for _ in range(40):
        told = apart.call("fit", {"x": X, "y": Y})
    found = np.concatenate([apart.variables["w"], apart.variables["c"].reshape(-1)])
    np.testing.assert_allclose(told["loss"], np.sum(every(found) ** 2), rtol=1e-9)
    slopes = [np.sum(every(found + way) ** 2) - np.sum(every(found - way) ** 2) for way in 1e-5 * np.eye(7)]
    assert np.abs(slopes).max() < 1e-11


def test_a_weight_is_a_factor_of_its_residual() -> None:
    """A line through points that count more or less: NumPy's weighted fit."""
    text = """model line with (dtype = f64) {
  input x: f64[batch]
  input weight: f64[batch]
  target y: f64[batch]
  param a: [] ~ zeros
  param b: [] ~ zeros
  residual r = sqrt(weight) * (a * x + b - y)
  train fit = levenberg_marquardt(damping = 1e-12)
}
"""
    model, weight = Model(plan_of(text, level=1)), np.linspace(0.0, 3.0, len(X)) ** 2
    model.call("fit", {"x": X, "y": Y, "weight": weight})
    np.testing.assert_allclose(variables(model), np.polyfit(X, Y, 1, w=np.sqrt(weight)), rtol=1e-9)


def test_what_a_mask_leaves_out_is_not_seen() -> None:
    text = """model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input n: i32[batch]
  input seen: bool[batch, time]
  target y: f64[batch, time]
  layer cell = RNN(2)
  layer head = Dense(1)
  run = scan(cell, x, lengths = n)
  residual r = where(seen, head(run)[0] - y, 0.0)
  train fit = levenberg_marquardt(jacobian = JACOBIAN)
}
"""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(3, 4, 2)), random.normal(size=(3, 4))
    n = np.array([4, 2, 0], np.int32)
    seen = np.arange(4) < n[:, None]
    for jacobian in ("forward", "reverse"):
        plain, holed = (Model(plan_of(text.replace("JACOBIAN", jacobian), level=1)) for _ in range(2))
        gone = {"x": np.where(seen[..., None], x, np.nan), "y": np.where(seen, y, np.nan)}
        for _ in range(3):
            expected = plain.call("fit", {"x": x, "y": y, "n": n, "seen": seen})
            found = holed.call("fit", {**gone, "n": n, "seen": seen})
            assert found["accepted"]
            np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-12)
        for path, value in plain.variables.items():
            np.testing.assert_allclose(holed.variables[path], value, rtol=1e-9, err_msg=path)


@pytest.mark.parametrize("solver", ["cholesky", "qr"])
@pytest.mark.parametrize("robust", ["huber", "cauchy"])
def test_a_robust_cost_is_minimised(robust: str, solver: str) -> None:
    """A line with three outliers: the cost is the formula's, its slopes vanish, and the line is that of the other points."""
    delta, off = 0.3, np.where(np.arange(12) % 5 == 2, 20.0, 0.0)
    text = f"""model line with (dtype = f64) {{
  input x: f64[batch]
  target y: f64[batch]
  param a: [] ~ zeros
  param b: [] ~ zeros
  residual r = a * x + b - y
  train fit = levenberg_marquardt(robust = {robust}, delta = {delta}, solver = {solver}, tolerance = 1e-13)
}}
"""
    y = 2.0 * X - 1.0 + 0.05 * np.cos(9 * X) + off
    model = Model(plan_of(text, level=1))

    def cost(a: float, b: float) -> float:
        r = a * X + b - y
        huber = np.where(np.abs(r) <= delta, r**2, 2 * delta * np.abs(r) - delta**2)
        return float(np.sum(huber if robust == "huber" else delta**2 * np.log(1 + (r / delta) ** 2)))

    np.testing.assert_allclose(model.call("fit", {"x": X, "y": y}, steps=False)["loss"], cost(0, 0), rtol=1e-12)
    for _ in range(200):
        told = model.call("fit", {"x": X, "y": y})
    a, b = variables(model)
    np.testing.assert_allclose(told["loss"], cost(a, b), rtol=1e-9)
    assert abs(cost(a + 1e-5, b) - cost(a - 1e-5, b)) < 1e-9
    assert abs(cost(a, b + 1e-5) - cost(a, b - 1e-5)) < 1e-9
    np.testing.assert_allclose([a, b], [2.0, -1.0], atol=0.3)
