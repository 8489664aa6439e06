"""Cells of continuous time, from their papers. Times of steps are the sums of `elapsed`, which is 0 at the first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, over_time, sigmoid, zeros

UNITS = 4
Data = Mapping[str, Array]


def intervals(observed: Array, times: Array) -> Array:
    """Che et al. 2018, equation 2: how long ago each variable was observed, from time stamps and masks."""
    delta = np.zeros(observed.shape)
    for t in range(1, times.shape[1]):
        gap = (times[:, t] - times[:, t - 1])[:, None]
        delta[:, t] = np.where(observed[:, t - 1], gap, gap + delta[:, t - 1])
    return delta


def gru_d(w: Weights, data: Data) -> tuple[Array, States]:
    """Che et al. 2018: both decays, and gates that read the mask."""
    x, seen = data["x"], data["seen"]
    delta = intervals(seen, np.cumsum(data["elapsed"], -1))
    mean, last = w["mean"], np.broadcast_to(w["mean"], x[:, 0].shape)
    h, out = zeros(x, UNITS), []
    for t in range(x.shape[1]):
        m = seen[:, t].astype(x.dtype)
        gamma_x = np.exp(-np.maximum(0, w["input_rate"] * delta[:, t] + w["input_bias"]))
        gamma_h = np.exp(-np.maximum(0, delta[:, t] @ w["hidden_rate/kernel"] + w["hidden_rate/bias"]))
        x_hat = m * x[:, t] + (1 - m) * (gamma_x * last + (1 - gamma_x) * mean)
        last = np.where(seen[:, t], x[:, t], last)
        h = gamma_h * h
        z, r = (sigmoid(w.affine(f"{gate}_gate", x_hat, h) + m @ w[f"{gate}_gate/wm"]) for gate in ("update", "reset"))
        proposed = np.tanh(w.affine("candidate", x_hat, r * h) + m @ w["candidate/wm"])
        h = (1 - z) * h + z * proposed
        out.append(h)
    unseen = np.where(seen[:, -1], 0, delta[:, -1])
    return np.stack(out, 1), {"h": h, "held": last, "unseen": unseen}


def cfc(layers: int, timed: bool = True) -> Oracle:
    """Hasani et al. 2022: x(t) = sigmoid(-f t) g + [1 - sigmoid(-f t)] h, with LeCun's tanh in the shared layers."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        def dense(name: str, x: Array) -> Array:
            return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]

        def step(x: Array, dt: Array, h: Array) -> tuple[Array, States]:
            y = np.concatenate([x, h], -1)
            for k in range(layers):
                y = 1.7159 * np.tanh(2 / 3 * dense(f"backbone_layer_{k}", y))
            near = sigmoid(-dense("time_rate", y) * (dt[:, None] if timed else 1))
            h = near * np.tanh(dense("near", y)) + (1 - near) * np.tanh(dense("far", y))
            return h, {"h": h}

        return over_time(step, (data["x"], data["elapsed"]), h=zeros(data["x"], UNITS))

    return oracle


def ltc(unfolds: int, timed: bool = True) -> Oracle:
    """Hasani et al. 2021, algorithm 1 with equation 3."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        tau, a = np.exp(w["log_tau"]), w["a"]

        def fused_step(v: Array, x: Array, dt: Array) -> Array:
            f = sigmoid(v @ w["wt"] + x @ w["wx"] + w["bi"])
            return (v + dt * f * a) / (1 + dt * (1 / tau + f))

        def step(x: Array, dt: Array, h: Array) -> tuple[Array, States]:
            for _ in range(unfolds):
                h = fused_step(h, x, dt[:, None] / unfolds if timed else np.array(1 / unfolds))
            return h, {"h": h}

        return over_time(step, (data["x"], data["elapsed"]), h=zeros(data["x"], UNITS))

    return oracle


def exact_ltc(w: Weights, data: Data, steps: int) -> Array:
    """The differential equation itself (equation 1) by Runge & Kutta's method of fourth order, in many small steps."""
    tau, a = np.exp(w["log_tau"]), w["a"]

    def slope(h: Array, x: Array) -> Array:
        f = sigmoid(h @ w["wt"] + x @ w["wx"] + w["bi"])
        return -(1 / tau + f) * h + f * a

    h, out = zeros(data["x"], UNITS), []
    for t in range(data["x"].shape[1]):
        x, dt = data["x"][:, t], data["elapsed"][:, t, None] / steps
        for _ in range(steps):
            k1 = slope(h, x)
            k2 = slope(h + dt / 2 * k1, x)
            k3 = slope(h + dt / 2 * k2, x)
            k4 = slope(h + dt * k3, x)
            h = h + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        out.append(h)
    return np.stack(out, 1)


_TIMED = "x, elapsed = elapsed"
CASES = (
    Case("gru_d", "GRUD(4)", gru_d, "h held unseen", "x, observed = seen, elapsed = elapsed", "std.continuous"),
    Case("cfc", "CfC(4, backbone = [5])", cfc(1), scan=_TIMED, module="std.continuous"),
    Case("cfc_deep", "CfC(4, backbone = [5, 3], timed = false)", cfc(2, False), module="std.continuous"),
    Case("ltc", "LTC(4)", ltc(6), scan=_TIMED, module="std.continuous"),
    Case("ltc_untimed", "LTC(4, unfolds = 2, timed = false)", ltc(2, False), module="std.continuous"),
    Case("ltc_fine", "LTC(4, unfolds = 40)", ltc(40), scan=_TIMED, module="std.continuous"),
)
