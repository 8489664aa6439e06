"""Initializers put together of others, of numbers and of arrays: three papers' own, beside NumPy written from the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnndsl.artefact.summary import initializer_text
from rnndsl.language.initializers import initial_value
from tests.compiling import plan_of


def initial(text: str, **settings: object) -> dict[str, np.ndarray]:
    """The initial values of the model `text`, by path."""
    plan = plan_of(text, **settings)
    return {v.path: initial_value(v, plan.seed) for v in plan.variables}


def shares(values: np.ndarray) -> float:
    """How far the shares of sorted `values`, uniform in [0, 1], lie from their places: Kolmogorov and Smirnov, times sqrt(n)."""
    ranks = (np.arange(values.size) + 0.5) / values.size
    return float(np.abs(np.sort(values.ravel()) - ranks).max() * math.sqrt(values.size))


MAMBA = """
fn softplus_inverse(x) = log(exp(x) - 1)
fn place(i, j) = j + 1

## Gu & Dao 2023, section 3.6 and appendix: S4D-real, and steps that the softplus makes log-uniform in [0.001, 0.1].
block SelectiveSSM(inner: int, order: int) {
  input x: [n]
  param a_log: [inner, order] ~ log(values(tabulate(inner, order, place)))
  param step_bias: [inner] ~ softplus_inverse(log_uniform(1e-3, 0.1))
  param step_kernel: [4, inner] ~ uniform(-(4 ** -0.5), 4 ** -0.5)
  param skip: [inner] ~ ones
  output sum(exp(-exp(a_log))) + softplus(step_bias * skip + sum(sum(step_kernel)) * sum(x))
}
model m() with (dtype = f64) {
  input x: [batch, 3]
  layer ssm = SelectiveSSM(2000, 16)
  output y = ssm(x)
}
"""


def test_mamba_starts_as_its_paper_says() -> None:
    found = initial(MAMBA)
    np.testing.assert_allclose(found["ssm/a_log"], np.broadcast_to(np.log(np.arange(1, 17)), (2000, 16)), rtol=1e-15)
    step = np.log1p(np.exp(found["ssm/step_bias"]))  # what the softplus makes of it
    assert shares(np.log(step / 1e-3) / math.log(100)) < 1.95
    assert np.abs(found["ssm/step_kernel"]).max() <= 0.5


S4D = """
const pi = 3.141592653589793
fn linear_part(n) = pi * n
fn inverse_part(n) = 64 / pi * (64 / (2 * n + 1) - 1)

## Gu et al. 2022, equations 8 (S4D-Inv) and 9 (S4D-Lin), A = -exp(real) + i imag, N / 2 = 32 of the conjugate pairs.
block Diagonal(channels: int) {
  input x: [n]
  param step_log: [channels] ~ log(log_uniform(1e-3, 0.1))
  param real: [32] ~ log(0.5 * ones)
  param imag: [32] ~ values(tabulate(32, linear_part))
  param imag_inverse: [32] ~ tabulate(32, inverse_part)
  param c: [channels, 2] ~ sqrt(0.5) * normal(stddev = 1.0)
  output sum(x) * (sum(real + imag * imag_inverse) + sum(c) @ exp(step_log))
}
model m() with (dtype = f64) {
  input x: [batch, 3]
  layer diagonal = Diagonal(3000)
  output y = diagonal(x)
}
"""


def test_s4d_starts_as_its_paper_says() -> None:
    found = initial(S4D)
    n = np.arange(32)
    np.testing.assert_allclose(found["diagonal/real"], np.log(np.full(32, 0.5)))
    np.testing.assert_allclose(found["diagonal/imag"], np.pi * n)
    np.testing.assert_allclose(found["diagonal/imag_inverse"], 64 / np.pi * (64 / (2 * n + 1) - 1))
    assert shares((found["diagonal/step_log"] - math.log(1e-3)) / math.log(100)) < 1.95
    assert abs(found["diagonal/c"].var() - 0.5) < 0.03


LMU = """
## Voelker, Kajic & Eliasmith 2019, equations 2 and 3, by Euler's method (equation 4), with trainable matrices.
cell Memory(units: int, order: int, theta: float) {
  input x: [n]
  fn kept(i, j) = if i == j then 1 else 0
  fn sign_of(i, j) = if i < j then -1 else (-1) ** (i - j + 1)
  fn of_memory(i, j) = (2 * i + 1) * sign_of(i, j)
  fn of_input(i) = (2 * i + 1) * (-1) ** i
  const rates = tabulate(order, order, of_memory)
  param a: [order, order] ~ tabulate(order, order, kept) + rates / theta
  param b: [order] ~ tabulate(order, of_input) / theta
  param ex: [n] ~ lecun_uniform
  param em: [order] ~ zeros
  param wx: [n, units] ~ xavier_normal
  state m: [order] = zeros
  m = a @ m[t-1] + b * (dot(x, ex) + dot(m[t-1], em))
  output tanh(x @ wx + sum(m))
}
model m() with (dtype = f64) {
  input x: [batch, time, 3]
  layer memory = Memory(4, 6, 20.0)
  output run = scan(memory, x)
}
"""


def test_the_lmu_starts_as_its_paper_says() -> None:
    found = initial(LMU)
    a, b = np.zeros((6, 6)), np.zeros(6)
    for i in range(6):
        b[i] = (2 * i + 1) * (-1) ** i
        for j in range(6):
            a[i, j] = (2 * i + 1) * (-1 if i < j else (-1) ** (i - j + 1))
    np.testing.assert_allclose(found["memory/a"], np.eye(6) + a / 20)
    np.testing.assert_allclose(found["memory/b"], b / 20)
    np.testing.assert_array_equal(found["memory/em"], np.zeros(6))
    assert np.abs(found["memory/ex"]).max() <= math.sqrt(3 / 3)


def of(initializer: str, type: str = "[3, 200]", before: str = "") -> np.ndarray:
    return initial(f"{before}\nmodel m() with (dtype = f64) {{\n  param w: {type} ~ {initializer}\n  output y = w\n}}")["w"]


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        ("2 * ones + 1", np.full((3, 200), 3.0)),
        ("-ones", np.full((3, 200), -1.0)),
        ("clip(ones, 0, 0.5)", np.full((3, 200), 0.5)),
        ("elu(-ones, alpha = 2)", np.full((3, 200), 2 * math.expm1(-1))),
        ("where(uniform(0, 1) < 2, 7, 8)", np.full((3, 200), 7.0)),
        ("if 1 < 2 then exp(zeros) else 3", np.ones((3, 200))),
        ("ones / sqrt(fan_in)", np.full((3, 200), 3**-0.5)),
        ("half(ones)", np.full((3, 200), 0.5)),
        ("small(4)", np.full((3, 200), 0.75)),
    ],
)
def test_what_is_put_together(initializer: str, expected: np.ndarray) -> None:
    before = "fn half(x) = x / 2\ninitializer small(k) = half(ones) + 1 / k"
    np.testing.assert_allclose(of(initializer, before=before), expected)


def test_each_part_draws_numbers_of_its_own() -> None:
    found = of("normal(stddev = 1.0) - normal(stddev = 1.0)", "[100, 100]")
    assert abs(found.var() - 2) < 0.15
    np.testing.assert_array_equal(of("exp(uniform)"), np.exp(of("uniform")))


def test_a_default_of_a_clause_and_a_parameter_may_be_put_together() -> None:
    text = """
block D(init: initializer) {
  input x: [n]
  param w: [n, 4] ~ init
  param v: [n, 4]
  output x @ (w + v)
}
model m() with (dtype = f64) {
  input x: [batch, 3]
  layer d = D(2 * ones) with (init = ones / 4)
  output y = d(x)
}"""
    found = initial(text)
    np.testing.assert_array_equal(found["d/w"], np.full((3, 4), 2.0))
    np.testing.assert_array_equal(found["d/v"], np.full((3, 4), 0.25))


def test_it_is_shown_as_it_is_written() -> None:
    plan = plan_of("model m() {\n  param w: [3, 3] ~ 0.5 * (identity + log(ones)) - -normal\n  output y = w\n}")
    said = "(0.5 * (identity(gain = 1) + log(ones))) - (- normal(mean = 0, stddev = 0.05))"
    assert initializer_text(plan.variables[0].initializer) == said


STARTS = """
import std.cells (PhasedLSTM)
import std.tf1 (PhasedLSTMCell)
block B() {
  input x: [n]
  param period: [n] ~ log_uniform(low = 1.0, high = 50.0)
  param scale: [] ~ constant(3.0)
  param phase: [4, n] ~ period * uniform(low = 0.0, high = 1.0)
  param same: [n] ~ scale * period + same_again
  param same_again: [n] ~ 2 * period
  output x + period + sum(sum(phase)) + same + same_again + scale
}
model m() with (dtype = f64) {
  input x: [batch, time, 600]
  layer chosen = B()
  layer own = B()
  layer phased = PhasedLSTM(600)
  layer phased_cell = PhasedLSTMCell(600)
  output y = own(x) + chosen(x)
  output z = scan(phased, x, now = x[0])
  output w = scan(phased_cell, x[0..1], x)
  init chosen/period ~ constant(7.0)
  init chosen/scale ~ constant(2.0)
}
"""


def test_a_value_may_start_from_another_variables() -> None:
    """By the path's own numbers, whatever a selector makes of the other, through several of them."""
    found = initial(STARTS)
    np.testing.assert_array_equal(found["own/same_again"], 2 * found["own/period"])
    np.testing.assert_allclose(found["own/same"], 5 * found["own/period"], rtol=1e-15)
    np.testing.assert_array_equal(found["chosen/same"], np.full(600, 28.0))
    assert shares(found["own/phase"] / found["own/period"]) < 1.95
    assert np.unique(found["own/phase"]).size == 2400
    assert shares(found["chosen/phase"] / 7) < 1.95


@pytest.mark.parametrize(("layer", "phase"), [("phased", "shift"), ("phased_cell", "phase")])
def test_a_phase_starts_within_the_period_of_its_unit(layer: str, phase: str) -> None:
    """Neil et al. 2016; TensorFlow draws `phase` uniformly below the initial period of each unit."""
    found = initial(STARTS)
    assert shares(found[f"{layer}/{phase}"] / found[f"{layer}/period"]) < 1.95
    assert shares(np.log(found[f"{layer}/period"]) / math.log(1000)) < 1.95


def test_what_it_starts_from_is_shown_by_its_path() -> None:
    shown = {v.path: initializer_text(v.initializer) for v in plan_of(STARTS).variables}
    assert shown["own/same"] == "(own/scale * own/period) + own/same_again"
    assert shown["phased/shift"] == "phased/period * uniform(low = 0, high = 1)"
