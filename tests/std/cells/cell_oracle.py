"""What the oracles of cells share. An oracle is written from a paper's equations, in NumPy, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray
States = dict[str, Array]
Oracle = Callable[["Weights", Mapping[str, Array]], tuple[Array, States]]
"""From a cell's weights and the model's inputs to (outputs [batch, time, ...], final states by dotted name)."""


class Weights(Mapping[str, Array]):
    """Variables by path below the cell's own. Remembers what was read: an oracle that leaves one out has missed an equation."""

    def __init__(self, values: Mapping[str, Array]) -> None:
        self.values_by_path, self.read = dict(values), set[str]()

    def __getitem__(self, path: str) -> Array:
        self.read.add(path)
        return self.values_by_path[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_path)

    def __len__(self) -> int:
        return len(self.values_by_path)

    def affine(self, gate: str, x: Array, h: Array) -> Array:
        """W x + U h + b."""
        return x @ self[f"{gate}/wx"] + h @ self[f"{gate}/wt"] + self[f"{gate}/bi"]

    def of_input(self, gate: str, x: Array) -> Array:
        """W x + b."""
        return x @ self[f"{gate}/wx"] + self[f"{gate}/bi"]


@dataclass(frozen=True)
class Case:
    """One cell as it is built and scanned, and its oracle."""

    name: str
    constructor: str
    oracle: Oracle
    states: str = "h"
    scan: str = "x"
    """The scan's arguments after the cell."""
    module: str = "std.cells"
    parallel: Callable[[Weights, Mapping[str, Array]], Array] | None = None
    """The outputs of all steps at once, by a form that has no recurrence."""

    @property
    def definition(self) -> str:
        """The name of the cell."""
        return self.constructor.partition("(")[0]


def over_time(step: Callable[..., tuple[Array, States]], xs: Array | tuple[Array, ...], **state: Array) -> tuple[Array, States]:
    """`step(x, **state) -> output, new state` over axis 1 of `xs`."""
    several = xs if isinstance(xs, tuple) else (xs,)
    outputs: list[Array] = []
    for t in range(several[0].shape[1]):
        output, state = step(*(x[:, t] for x in several), **state)
        outputs.append(output)
    return np.stack(outputs, 1), state


def summed(log_decay: Array, written: Array) -> Array:
    """h[t] = exp(log_decay[t]) h[t-1] + written[t] from 0, as a sum over the past: both [batch, time, ...]."""
    total = np.cumsum(log_decay, 1)
    past = np.tril(np.ones((total.shape[1],) * 2, bool))
    past = past.reshape(*past.shape, *[1] * (total.ndim - 2))
    weights = np.where(past, np.exp(np.where(past, total[:, :, None] - total[:, None], 0)), 0)
    return np.einsum("bts...,bs...->bt...", weights, written)


def zeros(x: Array, *dims: int) -> Array:
    return np.zeros((x.shape[0], *dims), x.dtype)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x: Array, gain: Array, bias: Array, epsilon: float) -> Array:
    """Ba et al. 2016, equation 3."""
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * gain + bias


def convolve(x: Array, kernel: Array) -> Array:
    """Cross-correlation that keeps the size: x [B, s.., in], kernel [k.., in, out]."""
    widths = kernel.shape[:-2]
    padded = np.pad(x, [(0, 0), *(((k - 1) // 2, k // 2) for k in widths), (0, 0)])
    result: Any = 0
    for at in np.ndindex(*widths):
        part = padded[(slice(None), *(slice(a, a + size) for a, size in zip(at, x.shape[1:-1], strict=True)))]
        result = result + part @ kernel[at]
    return result
