"""Cells of `std.regularised` in inference, from their papers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, States, Weights, over_time, sigmoid, zeros

UNITS = 4
Data = Mapping[str, Array]


def weight_drop(w: Weights, data: Data) -> tuple[Array, States]:
    """Merity et al. 2018, section 2: nothing is dropped in inference, and what is left is an LSTM."""

    def step(x: Array, h: Array, c: Array) -> tuple[Array, States]:
        i, f, o = (sigmoid(w.affine(f"{g}_gate", x, h) + (g == "forget")) for g in ("input", "forget", "output"))
        c = f * c + i * np.tanh(w.affine("memory_cell", x, h))
        h = o * np.tanh(c)
        return h, {"h": h, "c": c}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))


def normalised(x: Array, mean: Array, variance: Array, gamma: Array, beta: Array | float = 0.0) -> Array:
    """Cooijmans et al. 2017, equation 3."""
    return beta + gamma * (x - mean) / np.sqrt(variance + 1e-5)


def batch_norm_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """Cooijmans et al. 2017, equations 6 to 8, by the statistics of each of three steps, then by those of the third."""
    h, c, out = zeros(data["x"], UNITS), zeros(data["x"], UNITS), []
    for t in range(data["x"].shape[1]):
        at = min(t, 2)
        h_side, x_side = (
            normalised(v, w[f"norm_{k}/moving_mean"][at], w[f"norm_{k}/moving_variance"][at], w[f"norm_{k}/gamma"])
            for k, v in {"h": h @ w["wt"], "x": data["x"][:, t] @ w["wx"]}.items()
        )
        f, i, o, g = np.split(h_side + x_side + w["bi"], 4, -1)
        c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
        mean, variance = w["norm_c/moving_mean"][at], w["norm_c/moving_variance"][at]
        h = sigmoid(o) * np.tanh(normalised(c, mean, variance, w["norm_c/gamma"], w["norm_c/beta"]))
        out.append(h)
    return np.stack(out, 1), {"h": h, "c": c, "count": np.full(len(h), len(out))}


CASES = (
    Case("weight_drop", "WeightDropLSTM(4)", weight_drop, "h c", module="std.regularised"),
    Case("batch_norm_lstm", "BatchNormLSTM(4, longest = 3)", batch_norm_lstm, "h c count", module="std.regularised"),
)
