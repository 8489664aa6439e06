"""State-space models and linear recurrences where plain arithmetic fails: short steps in f32, exponents that exp cannot hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.derive.least_squares.jacobians import Derived
from tests.plan.interpreting import interpret
from tests.std.cells.cell_oracle import Array, Weights
from tests.std.cells.oracle_linear_rnn import log_min_gru, rwkv_at_once

SHORT = """
import std.linear_rnn (RGLRU)
import std.ssm (S4D, S5, SelectiveSSM)
model short {
  input x: f32[batch, time, 3]
  layer s4d = S4D(4)
  layer s5 = S5(4)
  layer selective = SelectiveSSM(4)
  layer rg_lru = RGLRU()
  output out_s4d = scan(s4d, x)
  output out_s5 = scan(s5, x)
  output out_selective = scan(selective, x)
  output out_rg_lru = scan(rg_lru, x)
}
"""
BRIEF = {"s4d/step_log": -9, "s5/step_log": -9, "selective/step_bias": -9, "rg_lru/decay": 11}
"""Steps of time of about 1e-4, and a decay of about 1 - 1e-5."""


@pytest.mark.parametrize("layer", ["s4d", "s5", "selective", "rg_lru"])
def test_what_a_short_step_writes_is_exact_in_f32(layer: str) -> None:
    """Without the share of the input that skips the state. exp(z) - 1 as it stands would have three digits."""
    single, double = plan_of(SHORT), plan_of(SHORT.replace("model short", "model short with (dtype = f64)").replace("f32", "f64"))
    rng = np.random.default_rng(1)
    values = {v.path: rng.normal(size=v.shape).astype(np.float32) for v in single.variables}
    values |= {path: np.full_like(values[path], value) for path, value in BRIEF.items()}
    values |= {path: np.zeros_like(value) for path, value in values.items() if path.endswith("skip")}
    x = rng.normal(size=(1, 2, 3)).astype(np.float32)
    found = interpret(single, {"x": x}, values)
    exact = interpret(double, {"x": x.astype(np.float64)}, {path: value.astype(np.float64) for path, value in values.items()})
    key = next(key for key in exact if key[2] == f"out_{layer}")
    assert found[key].dtype == np.float32
    size = np.abs(exact[key]).max()
    np.testing.assert_allclose(found[key], exact[key], rtol=0, atol=3e-6 * size)


LARGE = """
import std.linear_rnn (LogMinGRU, RWKVTimeMix)
model large with (dtype = f64) {
  input x: f64[batch, time, 3]
  layer rwkv = RWKVTimeMix()
  layer gru = LogMinGRU(4)
  output out_rwkv = scan(rwkv, x)
  output out_gru = scan(gru, x)
}
"""


@pytest.mark.parametrize(("layer", "oracle"), [("rwkv", rwkv_at_once), ("gru", lambda w, data: log_min_gru(w, data)[0])])
def test_exponents_that_exp_cannot_hold(layer: str, oracle: Callable[..., Array]) -> None:
    """Keys of RWKV, and gates of minGRU, of thousands on either side of 0."""
    plan = plan_of(LARGE)
    rng = np.random.default_rng(2)
    values = {v.path: rng.normal(size=v.shape) for v in plan.variables}
    for path in ("rwkv/wk", "gru/update_gate/wx"):
        values[path] = 1000 * values[path]
    data: dict[str, Array] = {"x": rng.normal(size=(2, 6, 3))}
    own = Weights({path.removeprefix(f"{layer}/"): v for path, v in values.items() if path.startswith(f"{layer}/")})
    with np.errstate(all="ignore"):
        expected = oracle(own, data)
    found = next(value for key, value in interpret(plan, data, values).items() if key[2] == f"out_{layer}")
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    value = next(x.value for x in plan.outputs if x.name == f"out_{layer}")
    j, _ = Derived(plan, value, [f"{layer}/{path}" for path in own], forward=False).matrix(data, values)
    assert np.isfinite(j).all()
