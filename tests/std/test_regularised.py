"""Normalisation in training against NumPy written from the papers: what comes out, what moving moments become, the gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of
from tests.plan.interpreting import interpret
from tests.std.cells.oracle_regularised import normalised

Array = np.ndarray
RNG = np.random.default_rng(4)
VALID = np.array([[True, True, False, True], [True, False, False, False], [False, False, False, False]])
DATA = {
    "x": RNG.normal(size=(3, 4, 3)) + 0.5,
    "image": RNG.normal(size=(3, 4, 2, 5, 3)) - 1.0,
    "valid": VALID,
    "n": np.array([5, 2, 0, 4], np.int32),
    "z": RNG.normal(size=(4, 5, 3)),
}
SPEC = """
import std.regularised (BatchNormLSTM, BatchRenorm, MaskedBatchNorm)
fn wide_limit(updates) = 1.5 + 0 * updates
fn narrow_limit(updates) = 0.1 + 0 * updates
model m with (dtype = f64) {
  input x: f64[batch, time, 3]
  input image: f64[batch, time, 2, 5, 3]
  input valid: bool[batch, time]
  param w: [3, 3]
  layer masked = MaskedBatchNorm(momentum = 0.8)
  layer spatial = MaskedBatchNorm(momentum = 0.8)
  layer renorm = BatchRenorm(momentum = 0.8, r_max = wide_limit, d_max = narrow_limit)
  layer renorm_masked = BatchRenorm(momentum = 0.8, r_max = wide_limit, d_max = narrow_limit, masked = true)
  layer scheduled = BatchRenorm()
  output out_masked = masked(x @ w, valid)
  output out_spatial = spatial(image @ w, valid)
  output out_renorm = renorm(image @ w)
  output out_renorm_masked = renorm_masked(x @ w, valid)
  output out_scheduled = scheduled(x @ w)
  loss size = sum(square(out_masked - 1.0), mask = valid) + sum(square(out_spatial - 1.0), mask = valid)
    + sum(square(out_renorm - 1.0)) + sum(square(out_renorm_masked - 1.0), mask = valid)
  train fit = sgd(rate = 1.0)
}
"""
ALL = np.ones((3, 4), bool)
READS = {
    "masked": ("x", VALID), "spatial": ("image", VALID), "renorm": ("image", ALL), "renorm_masked": ("x", VALID),
    "scheduled": ("x", ALL),
}  # fmt: skip
"""What each layer normalises, and which examples count."""
LIMITS = {"renorm": (1.5, 0.1), "renorm_masked": (1.5, 0.1), "scheduled": (1.0, 0.0)}


def values_of(plan: object) -> dict[str, Array]:
    made = {v.path: RNG.normal(size=v.shape) for v in plan.variables if v.kind in ("param", "var")}
    made |= {path: 0.7 + abs(v) for path, v in made.items() if "moving_variance" in path or "moving_deviation" in path}
    return made | {path: np.zeros(()) for path in made if path.endswith("/updates")}


PLAN = plan_of(SPEC)
VALUES = values_of(PLAN)


def moments(name: str, w: Array) -> tuple[Array, Array]:
    """The mean and the variance of the examples that count, over all axes and dims but the last."""
    source, valid = READS[name]
    rows = (DATA[source] @ w)[valid].reshape(-1, 3)
    return rows.mean(0), rows.var(0)


def corrections(name: str, w: Array, values: dict[str, Array]) -> tuple[Array, Array]:
    """r and d of Ioffe 2017, algorithm 1."""
    mean, variance = moments(name, w)
    r_max, d_max = LIMITS[name]
    old, sigma = values[f"{name}/moving_deviation"], np.sqrt(variance + 1e-3)
    r = np.clip(sigma / old, 1 / r_max, r_max)
    return r, np.clip((mean - values[f"{name}/moving_mean"]) / old, -d_max, d_max)


def forward(name: str, w: Array, r: Array | float = 1.0, d: Array | float = 0.0) -> Array:
    """Ioffe & Szegedy 2015, algorithm 1, with r and d of renormalisation."""
    mean, variance = moments(name, w)
    x_hat = (DATA[READS[name][0]] @ w - mean) / np.sqrt(variance + 1e-3) * r + d
    return x_hat * VALUES[f"{name}/gamma"] + VALUES[f"{name}/beta"]


@pytest.mark.parametrize("name", READS)
def test_what_comes_out_in_training(name: str) -> None:
    found = interpret(PLAN, DATA, VALUES, training=True)
    r, d = corrections(name, VALUES["w"], VALUES) if name in LIMITS else (1.0, 0.0)
    if name == "renorm":
        assert np.any(np.abs(d) == 0.1) and np.any((r > 1 / 1.5) & (r < 1.5)), "nothing is limited, or everything"
    value = found[("outputs", list(READS).index(name), f"out_{name}")]
    np.testing.assert_allclose(value, forward(name, VALUES["w"], r, d), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", READS)
def test_what_comes_out_in_inference(name: str) -> None:
    found = interpret(PLAN, DATA, VALUES)[("outputs", list(READS).index(name), f"out_{name}")]
    stored = {key: VALUES[f"{name}/{key}"] for key in ("moving_mean", "gamma", "beta")}
    spread = VALUES[f"{name}/moving_deviation"] if name in LIMITS else np.sqrt(VALUES[f"{name}/moving_variance"] + 1e-3)
    expected = (DATA[READS[name][0]] @ VALUES["w"] - stored["moving_mean"]) / spread * stored["gamma"] + stored["beta"]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def stepped(data: dict[str, Array]) -> dict[str, Array]:
    """The variables after one step."""
    model = Model(PLAN)
    model.variables.update(VALUES)
    model.call("fit", data)
    return model.variables


def test_moving_moments() -> None:
    after = stepped(DATA)
    for name in READS:
        mean, variance = moments(name, VALUES["w"])
        new = {"moving_mean": mean}
        new |= {"moving_deviation": np.sqrt(variance + 1e-3)} if name in LIMITS else {"moving_variance": variance}
        share = 0.01 if name == "scheduled" else 0.2
        for key, value in new.items():
            expected = (1 - share) * VALUES[f"{name}/{key}"] + share * value
            np.testing.assert_allclose(after[f"{name}/{key}"], expected, rtol=1e-12, err_msg=f"{name}/{key}")
    assert {after[f"{name}/updates"][()] for name in LIMITS} == {1.0}


def test_nothing_that_counts_changes_nothing() -> None:
    after = stepped({**DATA, "valid": np.zeros_like(VALID)})
    for path in ("masked/moving_mean", "spatial/moving_variance", "renorm_masked/moving_deviation", "renorm_masked/updates"):
        np.testing.assert_array_equal(after[path], VALUES[path], err_msg=path)
    assert all(np.all(np.isfinite(v)) for v in after.values())


def slopes(f: Callable[[Array], float], w: Array, step: float = 1e-5) -> Array:
    """Central differences."""
    ways = np.eye(w.size).reshape(-1, *w.shape) * step
    return np.array([(f(w + way) - f(w - way)) / (2 * step) for way in ways]).reshape(w.shape)


def test_gradients_take_r_and_d_as_constants() -> None:
    fixed = {name: corrections(name, VALUES["w"], VALUES) for name in ("renorm", "renorm_masked")}

    def loss(w: Array) -> float:
        """Of all four layers, r and d as they are at the weights of the model."""
        names = ("masked", "spatial", "renorm", "renorm_masked")
        return sum(np.square(forward(name, w, *fixed.get(name, (1.0, 0.0))) - 1)[READS[name][1]].sum() for name in names)

    gradient = VALUES["w"] - stepped(DATA)["w"]
    np.testing.assert_allclose(gradient, slopes(loss, VALUES["w"]), rtol=1e-7, atol=1e-6)


def test_what_does_not_count_is_never_seen() -> None:
    spoilt = {name: DATA[name].copy() for name in ("x", "image")}
    for value in spoilt.values():
        value[~VALID] = np.inf
    plain, after = stepped(DATA), stepped({**DATA, "x": spoilt["x"]})
    for path in ("masked/moving_mean", "masked/moving_variance", "masked/gamma", "renorm_masked/moving_mean", "renorm_masked/beta"):
        np.testing.assert_array_equal(after[path], plain[path], err_msg=path)


def test_the_papers_limits() -> None:
    """Ioffe 2017, section 4.1: batch normalisation up to 5,000 updates, the widest limits from 40,000 and 25,000."""
    limits = plan_of(
        """import std.regularised (paper_r_max, paper_d_max)
        model m with (dtype = f64) {
          input updates: f64[batch]
          output r = paper_r_max(updates)
          output d = paper_d_max(updates)
        }"""
    )
    found = Model(limits).call("predict", {"updates": np.array([0, 5000, 15000, 25000, 40000, 1e6])})
    np.testing.assert_allclose(found["r"], [1, 1, 1 + 2 * 10 / 35, 1 + 2 * 20 / 35, 3, 3])
    np.testing.assert_allclose(found["d"], [0, 0, 2.5, 5, 5, 5])


RECURRENT = """
import std.regularised (BatchNormLSTM)
model m with (dtype = f64) {
  input z: f64[batch, time, 3]
  input n: i32[batch]
  layer net = BatchNormLSTM(2, longest = 3, momentum = 0.9)
  run = scan(net, z, lengths = n)
  output y = run
  loss size = mean(square(run))
  train fit = sgd(rate = 0.0)
}
"""


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def test_recurrent_statistics_of_each_step() -> None:
    """Cooijmans et al. 2017: moments over the rows that have a step, kept for it; the fourth and fifth step count to the third."""
    plan = plan_of(RECURRENT)
    values = values_of(plan)
    model = Model(plan)
    model.variables.update(values)
    model.call("fit", DATA)
    kept = {path: v.copy() for path, v in values.items() if "moving" in path}
    w = {path.removeprefix("net/"): v for path, v in values.items()}
    h, c, out = np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 5, 2))
    for t in range(5):
        rows = t < DATA["n"]

        def norm(name: str, x: Array, t: int = t) -> Array:
            mean, variance = x.mean(0), x.var(0)
            for key, value in {"moving_mean": mean, "moving_variance": variance}.items():
                store = kept[f"net/norm_{name}/{key}"]
                store[min(t, 2)] = 0.9 * store[min(t, 2)] + 0.1 * value
            return normalised(x, mean, variance, w[f"norm_{name}/gamma"], w.get(f"norm_{name}/beta", 0.0))

        gates = norm("h", h[rows] @ w["wt"]) + norm("x", DATA["z"][rows, t] @ w["wx"]) + w["bi"]
        f, i, o, g = np.split(gates, 4, -1)
        c[rows] = sigmoid(f + 1) * c[rows] + sigmoid(i) * np.tanh(g)
        h[rows] = sigmoid(o) * np.tanh(norm("c", c[rows]))
        out[rows, t] = h[rows]
    found = interpret(plan, DATA, values, training=True)
    np.testing.assert_allclose(found[("outputs", 0, "y")], out, rtol=1e-10, atol=1e-10)
    for path, value in kept.items():
        np.testing.assert_allclose(model.variables[path], value, rtol=1e-11, atol=1e-12, err_msg=path)
