"""Recurrences that are linear in their past from their papers, and their parallel forms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, States, Weights, over_time, sigmoid, zeros

Data = Mapping[str, Array]


def summed(log_decay: Array, written: Array) -> Array:
    """h[t] = exp(log_decay[t]) h[t-1] + written[t] from 0, as a sum over the past: both [batch, time, n]."""
    total = np.cumsum(log_decay, 1)
    past = np.tril(np.ones((total.shape[1],) * 2, bool))[..., None]
    weights = np.where(past, np.exp(np.where(past, total[:, :, None] - total[:, None], 0)), 0)
    return np.einsum("btsn,bsn->btn", weights, written)


# ---------------------------------------------------------------- gated


def rg_lru(w: Weights, data: Data) -> tuple[Array, States]:
    """De et al. 2024, equations 1 to 4."""

    def step(x: Array, h: Array) -> tuple[Array, States]:
        r, i = sigmoid(w.of_input("recurrence_gate", x)), sigmoid(w.of_input("input_gate", x))
        a = sigmoid(w["decay"]) ** (8 * r)
        h = a * h + np.sqrt(1 - a**2) * (i * x)
        return h, {"h": h}

    return over_time(step, data["x"], h=zeros(data["x"], 3))


def rg_lru_at_once(w: Weights, data: Data) -> Array:
    x = data["x"]
    r, i = sigmoid(w.of_input("recurrence_gate", x)), sigmoid(w.of_input("input_gate", x))
    log_a = 8 * r * np.log(sigmoid(w["decay"]))
    return summed(log_a, np.sqrt(1 - np.exp(2 * log_a)) * i * x)


CASES = (Case("rg_lru", "RGLRU()", rg_lru, module="std.linear_rnn", parallel=rg_lru_at_once),)
