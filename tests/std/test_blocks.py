"""Blocks of `std.core` against NumPy written from their papers, and their derivatives in both directions, in the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.derive.derivatives.checking import compute
from tests.derive.least_squares.jacobians import Derived

Array = np.ndarray
TEXT = """
axis src
model blocks with (dtype = f64) {
  input x: f64[batch, time, 6]
  input image: f64[batch, 4, 3, 6]
  input memory: f64[batch, src, 5]
  input valid: bool[batch, src]
  layer rms = RMSNorm()
  layer grouped = GroupNorm(3)
  layer spatial = GroupNorm(2)
  layer attend = MultiHeadAttention(4, heads = 2, over = src)
  layer chosen = MultiHeadAttention(4, heads = 2, over = src, masked = true)
  a = attend(x, memory)
  c = chosen(x, memory, valid)
  output out_rms = rms(x)
  output out_grouped = grouped(x)
  output out_spatial = spatial(image)
  output out_attend = a
  output out_attend_weights = a.weights
  output out_chosen = c
  output out_chosen_weights = c.weights
}
"""
PLAN = plan_of(TEXT)
RNG = np.random.default_rng(3)
DATA = {
    "x": RNG.normal(size=(2, 3, 6)),
    "image": RNG.normal(size=(2, 4, 3, 6)),
    "memory": RNG.normal(size=(2, 4, 5)),
    "valid": np.array([[True, False, True, False], [True, True, True, True]]),
}
VALUES = {v.path: RNG.normal(size=v.shape) for v in PLAN.variables}


def rms_norm(name: str, x: Array) -> Array:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * VALUES[f"{name}/gamma"]


def group_norm(name: str, x: Array, groups: int, inner: tuple[int, ...]) -> Array:
    """The paper's figure 3, the channels last: the set of a group is its channels at all places of one example."""
    out = np.empty_like(x)
    size = x.shape[-1] // groups
    for g in range(groups):
        part = x[..., g * size : (g + 1) * size]
        mu, var = (f(part, axis=(*inner, -1), keepdims=True) for f in (np.mean, np.var))
        out[..., g * size : (g + 1) * size] = (part - mu) / np.sqrt(var + 1e-5)
    return out * VALUES[f"{name}/gamma"] + VALUES[f"{name}/beta"]


def attention(name: str, valid: Array | None) -> tuple[Array, Array]:
    """Head by head, over the places that count alone; those that do not have the weight 0."""
    wq, wk, wv, wo = (VALUES[f"{name}/{kernel}_kernel"] for kernel in ("query", "key", "value", "output"))
    x, memory = DATA["x"], DATA["memory"]
    out, weights = np.zeros((2, 3, 4)), np.zeros((2, 3, 4, 2))
    for b in range(2):
        seen = np.arange(4) if valid is None else np.flatnonzero(valid[b])
        for head in range(2):
            units = slice(2 * head, 2 * head + 2)
            scores = x[b] @ wq[:, units] @ (memory[b, seen] @ wk[:, units]).T / np.sqrt(2)
            a = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
            weights[b, :, seen, head] = a.T
            out[b] += a @ memory[b, seen] @ wv[:, units] @ wo[units]
    return out, weights


def expected() -> dict[str, Array]:
    attend, attend_weights = attention("attend", None)
    chosen, chosen_weights = attention("chosen", DATA["valid"])
    return {
        "out_rms": rms_norm("rms", DATA["x"]),
        "out_grouped": group_norm("grouped", DATA["x"], 3, ()),
        "out_spatial": group_norm("spatial", DATA["image"], 2, (1, 2)),
        "out_attend": attend,
        "out_attend_weights": attend_weights,
        "out_chosen": chosen,
        "out_chosen_weights": chosen_weights,
    }


@pytest.mark.parametrize("name", [x.name for x in PLAN.outputs])
def test_numbers_are_the_papers(name: str) -> None:
    value = next(x.value for x in PLAN.outputs if x.name == name)
    (found,) = compute(PLAN, PLAN.graph, [value], DATA, VALUES)
    np.testing.assert_allclose(found, expected()[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layer", ["rms", "grouped", "spatial", "attend", "chosen"])
def test_derivatives(layer: str) -> None:
    value = next(x.value for x in PLAN.outputs if x.name == f"out_{layer}")
    paths = [v.path for v in PLAN.variables if v.path.startswith(f"{layer}/")]
    columns, rows = (Derived(PLAN, value, paths, forward=forward) for forward in (True, False))
    j, _ = columns.matrix(DATA, VALUES)
    other, _ = rows.matrix(DATA, VALUES)
    np.testing.assert_allclose(other, j, rtol=0, atol=1e-12)
    for way in np.eye(j.shape[1])[:: max(1, j.shape[1] // 8)]:
        np.testing.assert_allclose(j @ way, columns.difference(DATA, VALUES, way), rtol=0, atol=1e-8)
