"""How the variables of state-space models and linear recurrences start, beside what their papers say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from rnndsl.language.initializers import initial_value
from rnndsl.plan.model import Variable
from tests.compiling import plan_of
from tests.std.cells.cell_oracle import Array, sigmoid

WIDE = 3000
"""So many inputs that a distribution can be told from another."""
TEXT = f"""
import std.linear_rnn (RGLRU, RWKVTimeMix)
import std.ssm (S4D, S5, SelectiveSSM)
model starts with (dtype = f64) {{
  input x: f64[batch, time, 3]
  input wide: f64[batch, time, {WIDE}]
  layer s4d_lin = S4D(6)
  layer s4d_inv = S4D(6, start = "inv")
  layer s4d_real = S4D(6, start = "real")
  layer s4d_wide = S4D(2)
  layer s5 = S5(16)
  layer s5_blocks = S5(48, blocks = 2)
  layer mamba = SelectiveSSM(order = 3)
  layer rg_lru = RGLRU()
  layer rwkv = RWKVTimeMix(index = 1, layers = 3)
  layer rwkv_alone = RWKVTimeMix()
  output a = scan(s4d_lin, x)
  output b = scan(s4d_inv, x)
  output c = scan(s4d_real, x)
  output d = scan(s4d_wide, wide)
  output e = scan(s5, x)
  output f = scan(s5_blocks, x)
  output g = scan(mamba, wide)
  output h = scan(rg_lru, wide)
  output i = scan(rwkv, x)
  output j = scan(rwkv_alone, x)
}}
"""


@cache
def variables() -> dict[str, Variable]:
    return {v.path: v for v in plan_of(TEXT).variables}


def start(path: str) -> Array:
    return np.asarray(initial_value(variables()[path], seed=0))


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Kolmogorov and Smirnov's distance from the uniform distribution, of which 0.001 of all samples have a larger one."""
    assert values.size == WIDE
    assert low <= values.min()
    assert values.max() <= high
    reached = (np.sort(values.ravel()) - low) / (high - low)
    assert np.abs(reached - (np.arange(WIDE) + 0.5) / WIDE).max() < 1.95 / np.sqrt(WIDE)


# ---------------------------------------------------------------- state-space models


def poles(layer: str) -> Array:
    real = -np.exp(start(f"{layer}/a_log"))
    return real + 1j * start(f"{layer}/a_imag") if f"{layer}/a_imag" in variables() else real


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("s4d_lin", [-0.5, -0.5 + 1j * np.pi, -0.5 + 2j * np.pi]),
        ("s4d_inv", [-0.5 + 30j / np.pi, -0.5 + 6j / np.pi, -0.5 + 1.2j / np.pi]),
        ("s4d_real", [-1, -2, -3, -4, -5, -6]),
    ],
)
def test_poles_of_s4d(layer: str, expected: list[complex]) -> None:
    """Gu et al. 2022, section 4: S4D-Inv has 6 / pi (6 / (2 k + 1) - 1)."""
    np.testing.assert_allclose(poles(layer), np.tile(expected, (3, 1)), rtol=1e-14)


def turns_of_hippo(rows: int) -> Array:
    """Smith et al. 2023, section 2.3: of the eigenvalues of the normal part of HiPPO-LegS, the largest first."""
    q = np.sqrt(np.arange(rows) + 0.5)
    lower = np.tril(-np.outer(q, q), -1)
    values = np.linalg.eigvals(lower - lower.T - 0.5 * np.eye(rows))
    np.testing.assert_allclose(values.real, -0.5, atol=1e-10)
    return np.sort(values.imag)[: rows // 2 - 1 : -1]


def test_poles_of_s5() -> None:
    """Those of a matrix of 16 rows, and of two of 24."""
    for layer, expected in (("s5", turns_of_hippo(16)), ("s5_blocks", np.tile(turns_of_hippo(24), 2))):
        np.testing.assert_array_equal(start(f"{layer}/a_real"), -0.5)
        np.testing.assert_allclose(start(f"{layer}/a_imag"), expected, rtol=1e-10)


def test_steps_of_time_are_log_uniform() -> None:
    """Gu & Dao 2023, section 3.6, of Mamba: the bias is what softplus takes to them."""
    assert_uniform(start("s4d_wide/step_log"), np.log(0.001), np.log(0.1))
    assert_uniform(np.log(np.log1p(np.exp(start("mamba/step_bias")))), np.log(0.001), np.log(0.1))


def test_poles_of_mamba() -> None:
    np.testing.assert_allclose(-np.exp(start("mamba/a_log")), np.tile([-1, -2, -3], (WIDE, 1)), rtol=1e-14)


# ---------------------------------------------------------------- linear recurrences


def test_decay_of_rg_lru() -> None:
    """De et al. 2024, section 2.4: a ** 8 is uniform between 0.9 and 0.999."""
    assert_uniform(sigmoid(start("rg_lru/decay")) ** 8, 0.9, 0.999)


def test_decays_and_bonuses_of_rwkv() -> None:
    """Peng et al. 2023, appendix E, of the layer l = 1 of L = 3, and of one alone; s = d = 3 units."""
    for layer, ratio, rest in (("rwkv", 1 / 2, 2 / 3), ("rwkv_alone", 0, 1)):
        i = np.arange(3)
        expected = {
            "mix_k": (i / 3) ** rest,
            "mix_v": (i / 3) ** rest + 0.3 * ratio,
            "mix_r": np.sqrt((i / 3) ** rest),
            "decay": -5 + 8 * (i / 2) ** (0.7 + 1.3 * ratio),
            "bonus": np.log(0.3) + np.array([0, 0.5, -0.5]),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(start(f"{layer}/{name}"), value, rtol=1e-14, err_msg=name)
