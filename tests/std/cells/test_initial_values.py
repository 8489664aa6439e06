"""How the variables of state-space models and linear recurrences start, beside what their papers say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from rnndsl.language.initializers import initial_value
from tests.compiling import plan_of
from tests.std.cells.cell_oracle import Array, sigmoid

WIDE = 3000
"""So many inputs that a distribution can be told from another."""
TEXT = f"""
import std.linear_rnn (RGLRU)
import std.ssm (S4D)
model starts with (dtype = f64) {{
  input x: f64[batch, time, 3]
  input wide: f64[batch, time, {WIDE}]
  layer s4d_lin = S4D(6)
  layer s4d_inv = S4D(6, start = "inv")
  layer s4d_real = S4D(6, start = "real")
  layer s4d_wide = S4D(2)
  layer rg_lru = RGLRU()
  output a = scan(s4d_lin, x)
  output b = scan(s4d_inv, x)
  output c = scan(s4d_real, x)
  output d = scan(s4d_wide, wide)
  output e = scan(rg_lru, wide)
}}
"""


@cache
def start() -> dict[str, Array]:
    plan = plan_of(TEXT)
    return {v.path: np.asarray(initial_value(v, plan.seed)) for v in plan.variables}


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Kolmogorov and Smirnov's distance from the uniform distribution, of which 0.001 of all samples have a larger one."""
    assert values.size == WIDE
    assert low <= values.min()
    assert values.max() <= high
    reached = (np.sort(values.ravel()) - low) / (high - low)
    assert np.abs(reached - (np.arange(WIDE) + 0.5) / WIDE).max() < 1.95 / np.sqrt(WIDE)


# ---------------------------------------------------------------- state-space models


def poles(layer: str) -> Array:
    real = -np.exp(start()[f"{layer}/a_log"])
    return real + 1j * start()[f"{layer}/a_imag"] if f"{layer}/a_imag" in start() else real


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


def test_steps_of_time_are_log_uniform() -> None:
    assert_uniform(start()["s4d_wide/step_log"], np.log(0.001), np.log(0.1))


# ---------------------------------------------------------------- linear recurrences


def test_decay_of_rg_lru() -> None:
    """De et al. 2024, section 2.4: a ** 8 is uniform between 0.9 and 0.999."""
    assert_uniform(sigmoid(start()["rg_lru/decay"]) ** 8, 0.9, 0.999)
