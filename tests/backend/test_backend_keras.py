"""Cells side by side with Keras' own layers, with masks that have gaps, in both directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plan_builder import Builder
from plan_models import lstm_cell
from run_plan import run

from rnndsl.backends.tensorflow.tensorflow_module import keras

pytestmark = pytest.mark.tf

R = np.random.default_rng(3)
X = R.normal(size=(3, 6, 2)).astype("f4")
M = np.array([[1, 1, 0, 1, 1, 0], [1, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]], bool)


def gru_cell(n: int, u: int) -> tuple[Builder, str, str, str]:
    """Cho et al. 2014 as Keras has it with `reset_after = False`: h = z h[t-1] + (1 - z) g."""
    b = Builder()
    x, h = b.input(f"f32[batch, {n}]"), b.input(f"f32[batch, {u}]")

    def affine(name: str, state: str) -> str:
        products = b.op("add", b.op("matmul", x, b.read(f"{name}/wx", n, u)), b.op("matmul", state, b.read(f"{name}/wt", u, u)))
        return b.op("add", products, b.read(f"{name}/bi", u))

    z, r = b.op("sigmoid", affine("z", h)), b.op("sigmoid", affine("r", h))
    candidate = b.op("tanh", affine("h", b.op("mul", r, h)))
    kept = b.op("mul", b.op("sub", b.literal(1.0), z), candidate)
    return b, x, h, b.op("add", b.op("mul", z, h), kept)


def rnn_cell(n: int, u: int) -> tuple[Builder, str, str, str]:
    b = Builder()
    x, h = b.input(f"f32[batch, {n}]"), b.input(f"f32[batch, {u}]")
    products = b.op("add", b.op("matmul", x, b.read("h/wx", n, u)), b.op("matmul", h, b.read("h/wt", u, u)))
    return b, x, h, b.op("tanh", b.op("add", products, b.read("h/bi", u)))


def weights(gates: list[str], n: int, u: int) -> dict[str, np.ndarray]:
    shapes = {"wx": (n, u), "wt": (u, u), "bi": (u,)}
    return {f"{gate}/{name}": R.normal(size=shape).astype("f4") for gate in gates for name, shape in shapes.items()}


def packed(w: dict[str, np.ndarray], gates: list[str]) -> list[np.ndarray]:
    return [np.concatenate([w[f"{gate}/{name}"] for gate in gates], -1) for name in ("wx", "wt", "bi")]


def compare(cell: tuple[Builder, str, list[tuple[str, str, str]], str], layer: Any, gates: list[str], masked: bool) -> None:
    b, xi, states, out = cell
    w = weights(gates, 2, 4)
    g = Builder()
    x, mask = g.input("f32[batch, time, 2]", "x"), g.input("bool[batch, time]", "m")
    zero = g.literal(0.0)
    s = g.scan(
        b, scanned={xi: x}, states=[(n, zero, old, new) for n, old, new in states], outputs=(out,),
        mask=mask if masked else None, reverse=layer.go_backwards,
    )  # fmt: skip
    ids = [g.result(s, "output", out, "f32[batch, time, 4]")]
    ids += [g.result(s, "final", n, "f32[batch, 4]") for n, _, _ in states]
    layer.build(X.shape)
    layer.set_weights(packed(w, gates))
    expected = [np.asarray(v) for v in layer(X, mask=M if masked else None)]
    if layer.go_backwards:
        expected[0] = expected[0][:, ::-1]
    for found, value in zip(run(g, ids, {"x": X, "m": M}, reads=w, mode="graph"), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_like_keras(kind: str, backwards: bool, masked: bool) -> None:
    options: dict[str, Any] = {"return_sequences": True, "return_state": True, "zero_output_for_mask": True}
    options["go_backwards"] = backwards
    layers = keras().layers
    if kind == "LSTM":
        gates = [f"lstm/{k}" for k in ("input_gate", "forget_gate", "memory_cell", "output_gate")]
        b, xi, h, c, new_h, new_c = lstm_cell(2, 4)
        states, out = [("h", h, new_h), ("c", c, new_c)], new_h
        layer = layers.LSTM(4, **options)
    elif kind == "GRU":
        gates = ["z", "r", "h"]
        b, xi, h, out = gru_cell(2, 4)
        states, layer = [("h", h, out)], layers.GRU(4, reset_after=False, **options)
    else:
        gates = ["h"]
        b, xi, h, out = rnn_cell(2, 4)
        states, layer = [("h", h, out)], layers.SimpleRNN(4, **options)
    compare((b, xi, states, out), layer, gates, masked)
