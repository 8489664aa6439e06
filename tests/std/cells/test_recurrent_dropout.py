"""Recurrent dropout by its papers: at a rate of almost 1 all that a paper drops is gone, and all else is there."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of

SPEC = """rnn 1
import std.cells (MemoryDropLSTM, UpdateDropLSTM)
import std.regularised (WeightDropLSTM)
model m with (dtype = f64) {{
  input x: f64[batch, time, 3]
  input h: f64[batch, 2]
  input c: f64[batch, 2]
  layer cell = {cell}
  run = scan(cell, x, initial = ({inner}h = h, {inner}c = c))
  output y = run
  for step in 0..3 {{
    for k in 0..2 {{
      metric at[2 * step + k] = sum(run[time = step][k])
    }}
  }}
  loss size = mean(square(run))
  train fit = sgd(rate = 0.0)
  init **/wx ~ normal(stddev = 0.4)
}}
"""
ALL = 1 - 1e-15
"""The rate: nothing is left of what is dropped."""
RANDOM = np.random.default_rng(0)
GIVEN = {"x": RANDOM.normal(size=(1, 3, 3)), "h": RANDOM.normal(size=(1, 2)), "c": RANDOM.normal(size=(1, 2))}


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def _lstm(model: Model, memory: float, update: float, recurrent: float) -> np.ndarray:
    """Hochreiter & Schmidhuber 1997 with a forget gate, of which so much is kept: of the new memory (Moon et al. 2015), of what is
    written to it (Semeniuta et al. 2016, equation 10), of h[t-1] in products (Gal & Ghahramani 2016, equation 7)."""
    values = {path.removeprefix("cell/").removeprefix("inner/"): value for path, value in model.variables.items()}
    h, c, found = GIVEN["h"], GIVEN["c"], []
    for t in range(3):

        def gate(name: str, t: int = t, h: np.ndarray = h) -> np.ndarray:
            return GIVEN["x"][:, t] @ values[f"{name}/wx"] + recurrent * h @ values[f"{name}/wt"] + values[f"{name}/bi"]

        written = sigmoid(gate("input_gate")) * np.tanh(gate("memory_cell"))
        c = memory * (sigmoid(gate("forget_gate") + 1) * c + update * written)
        h = sigmoid(gate("output_gate")) * np.tanh(c)
        found.append(h)
    return np.stack(found, 1)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("DropoutCell(LSTM(2), state = {rate}, variational = true)", (1, 1, 0)),
        ("MemoryDropLSTM(2, rate = {rate})", (0, 1, 1)),
        ("UpdateDropLSTM(2, rate = {rate})", (1, 0, 1)),
        ("UpdateDropLSTM(2, rate = {rate}, each_step = false)", (1, 0, 1)),
        ("WeightDropLSTM(2, rate = {rate})", (1, 1, 0)),
    ],
)
def test_what_is_dropped(cell: str, kept: tuple[float, float, float]) -> None:
    model = Model(plan_of(SPEC.format(cell=cell.format(rate=ALL), inner="inner." if "DropoutCell" in cell else "")))
    trained, dropped = model.call("fit", GIVEN), _lstm(model, *kept)[0].ravel()
    np.testing.assert_allclose([trained[f"at_{k}"] for k in range(6)], dropped, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.call("predict", GIVEN)["y"], _lstm(model, 1, 1, 1), rtol=1e-9)


def test_one_mask_for_all_steps_of_a_sequence() -> None:
    """Moon et al. 2015: the units that are dropped, whose output is zero, are the same at each step."""
    text = SPEC.partition("  for step")[0].format(cell="MemoryDropLSTM(2, rate = 0.5)", inner="")
    text += "  metric dropped = count(run == 0.0)\n  metric changed = count((run[time = 0] == 0.0) != (run[time = -1] == 0.0))\n"
    model = Model(plan_of(text + "  loss size = mean(square(run))\n  train fit = sgd(rate = 0.0)\n}\n"))
    many = {name: np.repeat(value, 50, 0) for name, value in GIVEN.items()}
    found = model.call("fit", many)
    assert 100 < found["dropped"] < 200  # of 50 rows of 3 steps of 2 units, half
    assert found["changed"] == 0


def test_one_mask_of_the_recurrent_weights_for_all_steps_and_rows() -> None:
    """Merity et al. 2018: of the 16 ways to drop from four matrices of one weight each, one explains all rows and steps of a call;
    another call has another."""
    text = """rnn 1
    import std.regularised (WeightDropLSTM)
    model m with (dtype = f64) {
      input x: f64[batch, time, 3]
      layer cell = WeightDropLSTM(1, rate = 0.5)
      run = scan(cell, x)
      for step in 0..4 { for row in 0..3 { metric at[[step, row]] = sum(run[time = step], mask = x[time = 0][2] == row) } }
      loss size = mean(square(run))
      train fit = sgd(rate = 0.0)
      init **/wt ~ ones
    }
    """
    model = Model(plan_of(text))
    x = np.random.default_rng(1).normal(size=(3, 4, 3))
    x[:, 0, 2] = [0, 1, 2]
    gates = ("input_gate", "forget_gate", "output_gate", "memory_cell")

    def lstm(kept: tuple[int, ...]) -> np.ndarray:
        h, c, found = np.zeros((3, 1)), np.zeros((3, 1)), []
        for t in range(4):
            i, f, o, g = (x[:, t] @ model.variables[f"cell/{k}/wx"] + 2 * keep * h for k, keep in zip(gates, kept, strict=True))
            c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            found.append(h[:, 0])
        return np.stack(found)

    drawn = set()
    for _ in range(6):
        results = model.call("fit", {"x": x})
        found = np.array([[results[f"at_{step}_{row}"] for row in range(3)] for step in range(4)])
        explained = [kept for kept in itertools.product((0, 1), repeat=4) if np.allclose(lstm(kept), found, rtol=0, atol=1e-12)]
        assert len(explained) == 1
        drawn.update(explained)
    assert len(drawn) > 1
