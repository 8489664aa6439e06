"""Recurrences as plain loops in NumPy: one row, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
State = tuple[Array, ...]
Step = Callable[[Array, State], tuple[Array, State]]
"""From the input [n] and the states to the output and the new states."""


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@dataclass(frozen=True)
class Weights:
    """Variables below a path."""

    values: Mapping[str, Array]
    path: str

    def __getitem__(self, name: str) -> Array:
        return self.values[f"{self.path}/{name}"]

    def gate(self, name: str, x: Array, h: Array) -> Array:
        return x @ self[f"{name}/wx"] + h @ self[f"{name}/wt"] + self[f"{name}/bi"]


def rnn(w: Weights) -> Step:
    def step(x: Array, state: State) -> tuple[Array, State]:
        h = np.tanh(x @ w["wx"] + state[0] @ w["wt"] + w["bi"])
        return h, (h,)

    return step


def gru(w: Weights) -> Step:
    def step(x: Array, state: State) -> tuple[Array, State]:
        (old,) = state
        z, r = sigmoid(w.gate("update_gate", x, old)), sigmoid(w.gate("reset_gate", x, old))
        h = z * old + (1 - z) * np.tanh(w.gate("candidate", x, r * old))
        return h, (h,)

    return step


def lstm(w: Weights) -> Step:
    def step(x: Array, state: State) -> tuple[Array, State]:
        h, c = state
        i, f, o = (sigmoid(w.gate(f"{g}_gate", x, h) + (g == "forget")) for g in ("input", "forget", "output"))
        c = f * c + i * np.tanh(w.gate("memory_cell", x, h))
        h = o * np.tanh(c)
        return h, (h, c)

    return step


@dataclass(frozen=True)
class Run:
    """`out` [batch, time, units], `last` [batch, units], `finals` of the states."""

    out: Array
    last: Array
    finals: tuple[Array, ...]


def run(
    step: Step,
    x: Array,
    valid: Array,
    initial: Sequence[Array],
    reverse: bool = False,
    hold: bool = False,
    lengths: Array | None = None,
) -> Run:
    """`step` over the valid steps of each row of x [batch, time, n] from the states `initial`, [batch, units] each.

    `hold`: masked steps repeat the last output; what lies past a sequence's length comes after it in either direction."""
    ends = np.full(len(x), x.shape[1]) if lengths is None else lengths
    orders = [[*range(end)[:: -1 if reverse else 1], *range(end, x.shape[1])] for end in ends]
    rows = [_row(step, x[b], valid[b], tuple(s[b] for s in initial), orders[b], hold) for b in range(len(x))]
    finals = tuple(np.stack([row[2][i] for row in rows]) for i in range(len(initial)))
    return Run(np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows]), finals)


def _row(step: Step, x: Array, valid: Array, state: State, order: list[int], hold: bool) -> tuple[Array, Array, State]:
    size = step(x[0], state)[0].shape
    out, last = np.zeros((len(x), *size)), np.zeros(size)
    for t in order:
        if valid[t]:
            last, state = step(x[t], state)
        out[t] = last if valid[t] or hold else 0
    return out, last, state
