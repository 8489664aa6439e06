"""A call of `levenberg_marquardt` in its model: which variables, draws, updates, rates; ill-conditioned problems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from rnndsl.plan.model import Plan
from tests.compiling import plan_of

RANDOM = np.random.default_rng(3)
X, Y = RANDOM.normal(size=(10, 3)), RANDOM.normal(size=(10, 2))
FEEDS = {"x": X, "y": Y}


def linear(statements: str, train: str, head: str = "") -> Plan:
    text = f"""model m with (dtype = f64) {{
  input x: f64[batch, 3]
  target y: f64[batch, 2]
  {head}
  {statements}
  train fit = {train}
}}
"""
    return plan_of(text, level=1)


def bits(model: Model) -> dict[str, bytes]:
    return {path: value.tobytes() for path, value in model.variables.items()}


DEEP = "layer body = Dense(4, activation = tanh)\n  layer head = Dense(2)\n  residual r = head(body(x)) - y"


@pytest.mark.parametrize(
    ("train", "moved"),
    [
        ("levenberg_marquardt() over head/**", {"head/kernel", "head/bias"}),
        ("levenberg_marquardt()\n  freeze body/kernel", {"body/bias", "head/kernel", "head/bias"}),
    ],
)
def test_only_what_is_trained_moves(train: str, moved: set[str]) -> None:
    model = Model(linear(DEEP, train))
    before = bits(model)
    assert model.call("fit", FEEDS)["accepted"]
    assert {path for path, value in bits(model).items() if value != before[path] and not path.startswith("train/")} == moved


def test_the_head_of_a_network_is_solved_in_a_step() -> None:
    """Linear in what is trained: the step is that of least squares."""
    model = Model(linear(DEEP, "levenberg_marquardt(damping = 1e-12) over head/**"))
    hidden = np.tanh(X @ model.variables["body/kernel"] + model.variables["body/bias"])
    model.call("fit", FEEDS)
    best = np.linalg.lstsq(np.concatenate([hidden, np.ones([10, 1])], 1), Y, rcond=None)[0]
    np.testing.assert_allclose(model.variables["head/kernel"], best[:-1], rtol=1e-6)
    np.testing.assert_allclose(model.variables["head/bias"], best[-1], rtol=1e-6)


@pytest.mark.parametrize("solver", ["cholesky", "qr"])
def test_a_rate_scales_the_step_of_a_variable(solver: str) -> None:
    def step(selector: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        model = Model(linear(DEEP, f"levenberg_marquardt(solver = {solver}) over head/**\n  {selector}"))
        before = dict(model.variables)
        told = model.call("fit", FEEDS)
        return {path: model.variables[path] - before[path] for path in ("head/kernel", "head/bias")}, told

    (whole, _), (half, told) = step(""), step("rate head/kernel by 0.5")
    np.testing.assert_allclose(half["head/kernel"], whole["head/kernel"] / 2, rtol=1e-9)
    np.testing.assert_allclose(half["head/bias"], whole["head/bias"], rtol=1e-9)
    # What is predicted of a linear model is what is gained: by Nielsen's rule the damping falls by a third.
    np.testing.assert_allclose(told["damping"], 1e-3 / 3, rtol=1e-9)


ORDERED = """layer norm = BatchNorm(momentum = 0.5)
  layer head = Dense(2)
  var total: [] ~ zeros
  residual r = head(norm(x)) - y
  update total <- total + sum(head.bias, over = last)"""


def test_updates_read_what_was_before_the_step_or_after_it() -> None:
    models = {order: Model(linear(ORDERED, f"levenberg_marquardt() {order}")) for order in ("", "before update_ops")}
    for model in models.values():
        assert model.call("fit", FEEDS)["accepted"]
        np.testing.assert_allclose(model.variables["norm/moving_mean"], X.mean(0) / 2, rtol=1e-12)
    after, before = models.values()
    np.testing.assert_array_equal(after.variables["head/bias"], before.variables["head/bias"])
    assert after.variables["total"] == 0
    np.testing.assert_allclose(before.variables["total"], before.variables["head/bias"].sum(), rtol=1e-12)


def test_update_ops_run_once_however_many_attempts_there_are() -> None:
    text = "param w: [3] ~ constant(3.0)\n  var calls: [] ~ zeros\n  residual r = atan(w)\n  update calls <- calls + 1.0"
    model = Model(linear(text, "levenberg_marquardt(damping = 1e-9, attempts = 40)"))
    told = model.call("fit", {})
    assert told["accepted"] and told["damping"] > 0.1
    assert model.variables["calls"] == 1


DRAWN = "layer head = Dense(2)\n  kept = dropout(x, 0.4)\n  residual r = head(kept + 0.1 * random_normal(kept)) - y"


def test_a_call_draws_once() -> None:
    """Linear in the weights: if the attempts see the numbers that the Jacobian saw, what is gained is what was predicted."""
    model = Model(linear(DRAWN, "levenberg_marquardt(damping = 1e-6)"))
    losses: list[float] = []
    for calls in range(1, 4):
        told = model.call("fit", FEEDS)
        losses.append(float(told["loss"]))
        assert told["accepted"]
        np.testing.assert_allclose(told["damping"], 1e-6 / 3**calls, rtol=1e-4)
        assert model.variables["call_counter"] == calls
    assert len(set(losses)) == 3


RECURRENT = """model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input n: i32[batch]
  target y: f64[batch, 2]
  layer cell = DropoutCell(GRU(3), input = 0.2, output = 0.1, state = 0.1)
  layer norm = BatchNorm()
  layer head = Dense(2)
  run = scan(cell, x, lengths = n)
  residual r = head(norm(run.last)) - y
  metric mae = mean(abs(r))
  train fit = levenberg_marquardt(OPTIONS)
}
"""
SEQUENCES = {
    "x": RANDOM.normal(size=(6, 5, 2)), "n": np.array([5, 0, 3, 4, 1, 5], np.int32), "y": RANDOM.normal(size=(6, 2)),
}  # fmt: skip


def test_draws_within_a_scan_are_the_same_at_each_attempt() -> None:
    """The step is short, so what is gained is what was predicted, as it is for the model without draws."""
    model = Model(plan_of(RECURRENT.replace("OPTIONS", "damping = 1e6, increase = 1.5, max_damping = 1e9"), level=1))
    before = float(model.variables["train/fit/damping"])
    for _ in range(4):
        told = model.call("fit", SEQUENCES)
        assert told["accepted"]
        np.testing.assert_allclose(told["damping"], before * max(1 / 3, 1 - 0.5 * 1.0), rtol=1e-3)
        before = told["damping"]


@pytest.mark.tf
@pytest.mark.xla
@pytest.mark.parametrize(
    ("options", "jit"),
    [
        ("jacobian = forward", "never"),
        ("jacobian = reverse, solver = qr", "auto"),
        pytest.param("jacobian = forward", "auto", marks=pytest.mark.slow),
        pytest.param("jacobian = reverse, solver = qr", "never", marks=pytest.mark.slow),
    ],
)
def test_backends_agree(options: str, jit: str) -> None:
    from rnndsl.backends.tensorflow.module import build

    plan = plan_of(RECURRENT.replace("OPTIONS", f"{options}, damping = 0.1"), level=1)
    model, module = Model(plan), build(plan, jit=jit)
    for _ in range(3):
        told, found = model.call("fit", SEQUENCES), module.fit(**SEQUENCES)
        assert set(told) == {"loss", "mae", "damping", "accepted", "converged"}
        for name, value in told.items():
            np.testing.assert_allclose(found[name].numpy(), value, rtol=1e-6, err_msg=name)
        for path, value in model.variables.items():
            np.testing.assert_allclose(module.variables_by_path[path].numpy(), value, rtol=1e-6, atol=1e-8, err_msg=path)


@pytest.mark.tf
def test_one_trace_serves_all_minibatches() -> None:
    from rnndsl.backends.tensorflow.module import build

    module = build(plan_of(RECURRENT.replace("OPTIONS", ""), level=1))
    for rows, steps in ((6, 5), (3, 5), (4, 2), (1, 4)):
        feeds = {"x": SEQUENCES["x"][:rows, :steps], "n": SEQUENCES["n"][:rows].clip(0, steps), "y": SEQUENCES["y"][:rows]}
        assert module.fit(**feeds)["loss"] > 0
    assert module.fit.experimental_get_tracing_count() == 1


HILBERT = """model hilbert with (dtype = f64) {
  input x: f64[batch]
  target y: f64[batch]
  param w: [12] ~ zeros
  powers = stack([x ** 0, x, x ** 2, x ** 3, x ** 4, x ** 5, x ** 6, x ** 7, x ** 8, x ** 9, x ** 10, x ** 11])
  residual r = dot(powers, w) - y
  train fit = levenberg_marquardt(solver = SOLVER, damping = 1e-30, min_damping = 1e-40, tolerance = 1e-15)
}
"""


def test_what_cholesky_cannot_solve_qr_does() -> None:
    """Powers on [0, 1], of a condition of 1e8: squared, in the normal equations, that leaves no digit in f64."""
    x = np.linspace(0.0, 1.0, 40)
    true = np.cos(np.arange(12.0))
    feeds = {"x": x, "y": x[:, None] ** np.arange(12) @ true}
    off: dict[str, float] = {}
    for solver in ("cholesky", "qr"):
        model = Model(plan_of(HILBERT.replace("SOLVER", solver), level=1))
        model.call("fit", feeds)
        off[solver] = float(np.abs(model.variables["w"] - true).max())
    assert off["qr"] < 1e-6
    assert off["cholesky"] > 0.1
