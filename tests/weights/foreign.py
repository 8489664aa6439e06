"""Cells as other tools' documentation has them, in NumPy, on weights under those tools' names and in their shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Weights = Mapping[str, Array]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def over_time(step: Callable[..., tuple[Array, ...]], x: Array, *states: int) -> Array:
    """The first state after the last step of [batch, time, n]."""
    now = tuple(np.zeros((len(x), units)) for units in states)
    for t in range(x.shape[1]):
        now = step(x[:, t], *now)
    return now[0]


def memory(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


# ---- PyTorch: torch.nn.RNN, LSTM (proj_size too), GRU


def torch_shapes(kind: str, n: int, u: int, end: str, p: int = 0) -> dict[str, tuple[int, ...]]:
    k = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind] * u
    shapes = {f"weight_ih{end}": (k, n), f"weight_hh{end}": (k, p or u), f"bias_ih{end}": (k,), f"bias_hh{end}": (k,)}
    return shapes | ({f"weight_hr{end}": (p, u)} if p else {})


def torch(kind: str, w: Weights, x: Array, end: str) -> Array:
    u, p = len(w[f"bias_ih{end}"]) // {"RNN": 1, "LSTM": 4, "GRU": 3}[kind], w[f"weight_hh{end}"].shape[1]

    def step(x: Array, h: Array, c: Array) -> tuple[Array, ...]:
        a, b = x @ w[f"weight_ih{end}"].T + w[f"bias_ih{end}"], h @ w[f"weight_hh{end}"].T + w[f"bias_hh{end}"]
        if kind == "RNN":
            return np.tanh(a + b), c
        if kind == "GRU":
            (ar, az, an), (br, bz, bn) = np.split(a, 3, 1), np.split(b, 3, 1)
            z = sigmoid(az + bz)
            return (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h, c
        i, f, g, o = np.split(a + b, 4, 1)
        h, c = memory(i, f, g, o, c)
        return (h @ w[f"weight_hr{end}"].T if f"weight_hr{end}" in w else h), c

    return over_time(step, x, p, u)


# ---- ONNX: RNN, LSTM (with peepholes), GRU of either linear_before_reset, by the formulas of the operators


def onnx_shapes(kind: str, n: int, u: int, directions: int = 1, peepholes: bool = False) -> dict[str, tuple[int, ...]]:
    k = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind] * u
    shapes = {"W": (directions, k, n), "R": (directions, k, u), "B": (directions, 2 * k)}
    return shapes | ({"P": (directions, 3 * u)} if peepholes else {})


def onnx(kind: str, w: Weights, x: Array, direction: int = 0, *, linear_before_reset: bool = False) -> Array:
    k = w["W"].shape[1]
    u = w["R"].shape[2]
    wx, wh, (bx, bh) = w["W"][direction].T, w["R"][direction].T, np.split(w["B"][direction], 2)
    pi, po, pf = np.split(w["P"][direction], 3) if "P" in w else np.zeros((3, u))
    assert len(bx) == k

    def step(x: Array, h: Array, c: Array) -> tuple[Array, ...]:
        a, b = x @ wx + bx, h @ wh + bh
        if kind == "RNN":
            return np.tanh(a + b), c
        if kind == "GRU":
            (az, ar, ah), (bz, br, bn) = np.split(a, 3, 1), np.split(b, 3, 1)
            z, r = sigmoid(az + bz), sigmoid(ar + br)
            inner = r * bn if linear_before_reset else (r * h) @ wh[:, 2 * u :] + bh[2 * u :]
            return (1 - z) * np.tanh(ah + inner) + z * h, c
        i, o, f, g = np.split(a + b, 4, 1)
        new = sigmoid(f + pf * c) * c + sigmoid(i + pi * c) * np.tanh(g)
        return sigmoid(o + po * new) * np.tanh(new), new

    return over_time(step, x, u, u)


# ---- TensorFlow 1: rnn_cell's cells, and the cells that cuDNN's are saved as


def tf1_shapes(kind: str, n: int, u: int) -> dict[str, tuple[int, ...]]:
    return {
        "RNN": {"kernel": (n + u, u), "bias": (u,)},
        "LSTM": {"kernel": (n + u, 4 * u), "bias": (4 * u,)},
        "GRU": {
            "gates/kernel": (n + u, 2 * u),
            "gates/bias": (2 * u,),
            "candidate/kernel": (n + u, u),
            "candidate/bias": (u,),
        },
        "cuDNN's GRU": {
            "gates/kernel": (n + u, 2 * u),
            "gates/bias": (2 * u,),
            "candidate/input_projection/kernel": (n, u),
            "candidate/input_projection/bias": (u,),
            "candidate/hidden_projection/kernel": (u, u),
            "candidate/hidden_projection/bias": (u,),
        },
    }[kind]


def tf1(kind: str, w: Weights, x: Array, u: int, forget_bias: float = 0.0) -> Array:
    def both(x: Array, h: Array, name: str) -> Array:
        return np.concatenate([x, h], 1) @ w[f"{name}kernel"] + w[f"{name}bias"]

    def step(x: Array, h: Array, c: Array) -> tuple[Array, ...]:
        if kind == "RNN":
            return np.tanh(both(x, h, "")), c
        if kind == "LSTM":
            i, j, f, o = np.split(both(x, h, ""), 4, 1)
            return memory(i, f + forget_bias, j, o, c)
        r, z = np.split(sigmoid(both(x, h, "gates/")), 2, 1)
        if kind == "GRU":
            g = np.tanh(both(x, r * h, "candidate/"))
        else:
            inside, outside = (f"candidate/{name}_projection/" for name in ("hidden", "input"))
            hidden = h @ w[f"{inside}kernel"] + w[f"{inside}bias"]
            g = np.tanh(x @ w[f"{outside}kernel"] + w[f"{outside}bias"] + r * hidden)
        return z * h + (1 - z) * g, c

    return over_time(step, x, u, u)


# ---- Flax: linen's SimpleCell, LSTMCell, GRUCell


def flax_shapes(kind: str, n: int, u: int) -> dict[str, tuple[int, ...]]:
    gates = {"RNN": [""], "LSTM": list("ifgo"), "GRU": list("rzn")}[kind]
    shapes = {f"i{g}/kernel": (n, u) for g in gates} | {f"h{g}/kernel": (u, u) for g in gates}
    biased = {"RNN": ["i"], "LSTM": ["hi", "hf", "hg", "ho"], "GRU": ["ir", "iz", "in", "hn"]}[kind]
    return shapes | {f"{name}/bias": (u,) for name in biased}


def flax(kind: str, w: Weights, x: Array, u: int) -> Array:
    def dense(x: Array, name: str) -> Array:
        return x @ w[f"{name}/kernel"] + w.get(f"{name}/bias", 0.0)

    def step(x: Array, h: Array, c: Array) -> tuple[Array, ...]:
        if kind == "RNN":
            return np.tanh(dense(x, "i") + dense(h, "h")), c
        if kind == "LSTM":
            i, f, g, o = (dense(x, f"i{k}") + dense(h, f"h{k}") for k in "ifgo")
            return memory(i, f, g, o, c)
        r, z = (sigmoid(dense(x, f"i{k}") + dense(h, f"h{k}")) for k in "rz")
        return (1 - z) * np.tanh(dense(x, "in") + r * dense(h, "hn")) + z * h, c

    return over_time(step, x, u, u)
