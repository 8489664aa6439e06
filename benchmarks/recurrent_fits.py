"""Recurrent networks to be fitted, for `least_squares.py`: each once as a spec, and once as one step for JAX and for Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
Step = Callable[[Any, Mapping[str, Any], Any, Any], tuple[Any, Any]]
"""From what an array library offers (`tanh`, `sigmoid`, `concatenate`), the parameters by path, a carry [batch, n] and an input
[batch, 1] to the next carry and the output [batch, 1]."""


@dataclass(frozen=True)
class Problem:
    """`target`: the mean of squares at which it counts as solved. `last`: what is fitted is the last output alone. `pyrenn`: the
    network in that library's terms, if it has one. `held_out`: other data."""

    name: str
    spec: str
    step: Step
    carry: int
    data: Arrays
    target: float
    last: bool = False
    pyrenn: Mapping[str, Any] | None = None
    held_out: Arrays | None = None


HEAD = """rnn 1

import std.cells (Elman)

model fitted with (dtype = f64) {{
  input x: f64[batch, time, 1]
  target y: f64[{shape}]
  {body}
  output z
  residual r = z - y
  loss mse = mean(square(r))
  train fit = levenberg_marquardt(damping = 1e-2)
  train descend = adam(rate = 1e-2)
}}
"""


# ---- a NARX network of 34 weights on the fourth plant of Narendra & Parthasarathy (1990)

NARX = """
cell Simulated(units: int) {
  input u: [1] = zeros
  state y: [1] = zeros
  layer first = Dense(units, activation = tanh)
  layer second = Dense(units, activation = tanh)
  layer answer = Dense(1)
  past = concat([u[t-1], u[t-2], y[t-1], y[t-2], y[t-3]])
  y = answer(second(first(past)))
  output y
}
"""


def narx_step(xp: Any, p: Mapping[str, Any], past: Any, u: Any) -> tuple[Any, Any]:
    first = xp.tanh(past @ p["net/first/kernel"] + p["net/first/bias"])
    second = xp.tanh(first @ p["net/second/kernel"] + p["net/second/bias"])
    y = second @ p["net/answer/kernel"] + p["net/answer/bias"]
    return xp.concatenate([u, past[:, :1], y, past[:, 2:4]], -1), y


def answered(u: np.ndarray) -> np.ndarray:
    y = np.zeros(len(u) + 1)
    for k in range(2, len(u)):
        product = y[k] * y[k - 1] * y[k - 2] * u[k - 1] * (y[k - 2] - 1)
        y[k + 1] = (product + u[k]) / (1 + y[k - 1] ** 2 + y[k - 2] ** 2)
    return y[:-1]


def held(steps: int) -> np.ndarray:
    """Numbers at random, each for up to 11 steps."""
    random = np.random.default_rng(0)
    return np.repeat(random.uniform(-1, 1, steps), random.integers(1, 12, steps))[:steps]


def waves() -> np.ndarray:
    """The input that the paper tests with."""
    k = np.arange(800)
    slow = np.sin(2 * np.pi * k / 250)
    return np.where(k < 500, slow, 0.8 * slow + 0.2 * np.sin(2 * np.pi * k / 25))


def as_sequence(x: np.ndarray, y: np.ndarray) -> Arrays:
    return {"x": x[None, :, None], "y": y[None, :, None]}


# ---- an Elman network that tells the amplitude of a wave


def elman_step(xp: Any, p: Mapping[str, Any], h: Any, x: Any) -> tuple[Any, Any]:
    h = xp.tanh(x @ p["net/wx"] + h @ p["net/wt"] + p["net/bi"])
    return h, h @ p["head/kernel"] + p["head/bias"]


def amplitudes() -> Arrays:
    t = np.arange(1, 21)
    return as_sequence(np.concatenate([a * np.sin(t) for a in (1, 2, 1, 2)]), np.repeat([1.0, 2.0, 1.0, 2.0], 20))


# ---- an LSTM with a dense head that continues a chaotic series


def lstm_step(xp: Any, p: Mapping[str, Any], carry: Any, x: Any) -> tuple[Any, Any]:
    units = carry.shape[-1] // 2
    h, c = carry[:, :units], carry[:, units:]

    def gate(name: str) -> Any:
        return x @ p[f"net/{name}/wx"] + h @ p[f"net/{name}/wt"] + p[f"net/{name}/bi"]

    i, f, o = xp.sigmoid(gate("input_gate")), xp.sigmoid(gate("forget_gate") + 1.0), xp.sigmoid(gate("output_gate"))
    c = f * c + i * xp.tanh(gate("memory_cell"))
    h = o * xp.tanh(c)
    return xp.concatenate([h, c], -1), h @ p["head/kernel"] + p["head/bias"]


def mackey_glass(count: int, length: int, ahead: int) -> Arrays:
    """Windows over the series of Mackey & Glass (1977) with a delay of 17, by steps of 1 (Euler, ten to a step), and what comes
    `ahead` steps later."""
    values = [1.2] * 171
    for _ in range(10 * (count * 2 + length + ahead + 200)):
        values.append(values[-1] + 0.1 * (0.2 * values[-171] / (1 + values[-171] ** 10) - 0.1 * values[-1]))
    series = np.array(values[::10])[200:] - 0.9
    starts = np.arange(count) * 2
    return {"x": np.stack([series[s : s + length] for s in starts])[..., None], "y": series[starts + length + ahead - 1][:, None]}


def problems() -> tuple[Problem, ...]:
    step, last = "batch, time, 1", "batch, 1"
    narx = HEAD.format(shape=step, body="layer net = Simulated(3)\n  z = scan(net, x)").replace("import std.cells (Elman)\n", NARX)
    elman = HEAD.format(
        shape=step, body="layer net = Elman(5, activation = tanh)\n  layer head = Dense(1)\n  z = head(scan(net, x))"
    )
    lstm = HEAD.format(shape=last, body="layer net = LSTM(8)\n  layer head = Dense(1)\n  z = head(scan(net, x).last)").replace(
        "import std.cells (Elman)\n", ""
    )
    u, tested = held(1000), waves()
    plant = as_sequence(u, answered(u))
    unseen = as_sequence(tested, answered(tested))
    as_narx = {"nn": [1, 3, 3, 1], "dIn": [1, 2], "dIntern": [], "dOut": [1, 2, 3]}
    as_elman = {"nn": [1, 5, 1], "dIn": [0], "dIntern": [1], "dOut": []}
    return (
        Problem("narx", narx, narx_step, 5, plant, 1.2e-3, pyrenn=as_narx, held_out=unseen),
        Problem("elman", elman, elman_step, 5, amplitudes(), 0.1, pyrenn=as_elman),
        Problem("lstm", lstm, lstm_step, 16, mackey_glass(512, 24, 6), 1e-5, last=True),
    )
