"""What looks along leading axes in a step sees the rows that count there and no others, whatever leaves the others out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rnndsl.language.ops.table import functions
from rnndsl.meaning.running import Model
from tests.compiling import plan_of

Array = np.ndarray
FAR = 1e3
"""What stands in a row that does not count: no result is so large by any other way."""


def _normed(z: Array) -> Array:
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def _within(z: Array, valid: Array) -> Array:
    return np.where(valid, z, 0)


LOOKS: dict[str, Callable[[Array, Array], Array]] = {
    "sum": lambda z, v: z[v].sum(),
    "mean": lambda z, v: z[v].mean(),
    "log_sum_exp": lambda z, v: np.log(np.exp(z[v]).sum()),
    "min": lambda z, v: z[v].min(),
    "max": lambda z, v: z[v].max(),
    "variance": lambda z, v: z[v].var(),
    "norm": lambda z, v: np.sqrt((z[v] ** 2).sum()),
    "softmax": lambda z, v: _placed(_normed(z[v]), v),
    "log_softmax": lambda z, v: _placed(np.log(_normed(z[v])), v),
    "argmax": lambda z, v: np.flatnonzero(v)[z[v].argmax()],
    "cumsum": lambda z, v: np.cumsum(_within(z, v)),
    "shift": lambda z, v: np.concatenate([[0], _within(z, v)[:-1]]),
    "reverse": lambda z, v: _within(z, v)[::-1],
}
"""Along the batch: from all rows of a step, and which count, to what each of these sees."""
OTHERS = {"any", "all", "count", "conv", "position"}
"""The first three of truth values and `conv` have tests of their own; a position is no value of the rows."""


def _placed(values: Array, valid: Array) -> Array:
    found = np.zeros(valid.shape)
    found[valid] = values
    return found


def test_every_function_that_looks_along_an_axis_is_here() -> None:
    looking = {name for name, op in functions().items() if op.kind == "reduction" or "over" in op.attributes.__fields__}
    assert looking == {*LOOKS, *OTHERS}
    unseen = {name for name, op in functions().items() if op.unseen}
    assert unseen == looking - {name for name, op in functions().items() if op.kind == "reduction"} - {"position"}


def model(cell: str, run: str, level: int = 0) -> Model:
    head = "model m with (dtype = f64) {\n  input x: f64[batch, time]\n  input n: i32[batch]\n"
    return Model(plan_of(f"{cell}\n{head}{run}\n}}", level))


X = np.random.default_rng(0).normal(size=(4, 3))
N = np.array([3, 0, 2, 3], "i4")
VALID = np.arange(3) < N[:, None]


@pytest.mark.parametrize("name", LOOKS)
def test_along_the_batch(name: str) -> None:
    """A row that has ended stands at FAR."""
    cell = f"""cell C {{
  input x: []
  state k: [] = zeros
  k = k[t-1] + 1
  z = where(x == 0.0, {FAR}, x)
  y = cast({name}(z, over = batch), f64)
  output y + 0.0 * x
}}"""
    found = model(cell, "  layer c = C()\n  output y = scan(c, x, lengths = n)").call("predict", {"x": X, "n": N})["y"]
    for t in range(3):
        expected = np.broadcast_to(LOOKS[name](X[:, t], VALID[:, t]), [4])
        np.testing.assert_allclose(found[:, t], np.where(VALID[:, t], expected, 0), rtol=1e-12, err_msg=str(t))


def test_truth_values_convolutions_and_windows() -> None:
    cell = f"""cell C {{
  input x: []
  state k: [] = zeros
  param one: [3, 1, 1] ~ ones
  k = k[t-1] + 1
  z = where(x == 0.0, {FAR}, x)
  far = z > 100.0
  seen = cast(any(far, over = batch), f64) + cast(count(far, over = batch), f64) + 1.0 - cast(all(not far, over = batch), f64)
  wide = conv(reshape(z, [1]), one, over = batch)
  output seen + 0.0 * x
  output near = wide[0]
  output pairs = sum(window(z, 2, over = batch))
}}"""
    run = """  layer c = C()
  run = scan(c, x, lengths = n)
  output seen = run
  output near = run.near
  output pairs = run.pairs"""
    found = model(cell, run).call("predict", {"x": X, "n": N})
    z = np.pad(_within(X, VALID), [(1, 1), (0, 0)])
    np.testing.assert_array_equal(found["seen"], np.zeros([4, 3]))
    np.testing.assert_allclose(found["near"], _within(z[:-2] + z[1:-1] + z[2:], VALID), rtol=1e-12)
    np.testing.assert_allclose(found["pairs"], _within(z[:-2] + z[1:-1], VALID), rtol=1e-12)


# ---------------------------------------------------------------- what leaves rows out

MEAN = """cell Mean {
  input x: []
  state k: [] = zeros
  k = k[t-1] + 1
  output mean(x + 10.0, over = batch) + 0.0 * x
}"""


def means(valid: Array, x: Array) -> Array:
    """At each step that of the rows that count, in these rows."""
    sums = (_within(x + 10, valid)).sum(0) / np.maximum(valid.sum(0), 1)
    return np.where(valid, sums, 0)


def test_lengths_around_the_scan() -> None:
    """A scan in a step, itself without lengths, and a single step."""
    cell = f"""axis src
{MEAN}
cell Outer {{
  input x: []
  given pieces: [src]
  state k: [] = zeros
  layer mean_of = Mean()
  layer once = Mean()
  k = k[t-1] + 1
  inner = scan(mean_of, pieces + x, along = src)
  output sum(inner, over = src)
  output single = step(once, x)
}}"""
    run = """  input p: f64[batch, src]
  layer o = Outer()
  run = scan(o, x, lengths = n, given = (pieces = p))
  output y = run
  output single = run.single"""
    p = np.random.default_rng(1).normal(size=(4, 2))
    found = model(cell, run).call("predict", {"x": X, "n": N, "p": p})
    np.testing.assert_allclose(found["single"], means(VALID, X), rtol=1e-12)
    expected = sum(means(VALID, X + p[:, s : s + 1]) for s in range(2))
    np.testing.assert_allclose(found["y"], expected, rtol=1e-12)


def test_rows_that_have_ended() -> None:
    cell = """cell Ending {
  input x: []
  state done: bool[] = false
  done = x < 0.0
  output mean(x + 10.0, over = batch) + 0.0 * x
}"""
    found = model(cell, "  layer c = Ending()\n  output y = scan(c, x, until = done)").call("predict", {"x": X})["y"]
    below = np.cumsum(X < 0, 1) - (X < 0)
    np.testing.assert_allclose(found, means(below == 0, X), rtol=1e-12)


@pytest.mark.parametrize("by", ["lengths = n", "mask = m", "until = done"])
def test_an_output_that_is_the_same_in_all_rows(by: str) -> None:
    """It is a value of the rows that count."""
    cell = """cell Average {
  input x: []
  state done: bool[] = false
  done = x < 0.0
  output mean(x, over = batch)
  output doubled = 2.0 * mean(x, over = batch)
}"""
    run = f"""  input m: bool[batch, time]
  layer c = Average()
  run = scan(c, x, {by})
  output y = run
  output last = run.last
  output doubled = run.doubled"""
    gaps = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]], bool)
    valid = {"lengths = n": VALID, "mask = m": gaps, "until = done": np.cumsum(X < 0, 1) - (X < 0) == 0}[by]
    found = model(cell, run).call("predict", {"x": X, "n": N, "m": gaps})
    expected = np.where(valid, _within(X, valid).sum(0) / np.maximum(valid.sum(0), 1), 0)
    np.testing.assert_allclose(found["y"], expected, rtol=1e-12)
    np.testing.assert_allclose(found["doubled"], 2 * expected, rtol=1e-12)
    lasts = [row[np.flatnonzero(v)[-1]] if v.any() else 0 for row, v in zip(expected, valid, strict=True)]
    np.testing.assert_allclose(found["last"], lasts, rtol=1e-12)


@pytest.mark.parametrize("level", [0, 1])
def test_in_reverse_rows_meet_each_at_its_own_end(level: int) -> None:
    """And a product that stands before the loop does not change who meets."""
    cell = """cell C {
  input x: []
  state k: [] = zeros
  layer twice = Dense(1, use_bias = false) with (init = constant(2.0))
  k = k[t-1] + 1
  z = twice(reshape(x, [1]))
  output z[0] - mean(z, over = batch)[0]
}"""
    found = model(cell, "  layer c = C()\n  output y = scan(c, x, lengths = n, reverse = true)", level).call(
        "predict", {"x": X, "n": N}
    )
    turned, expected = X.copy(), np.zeros_like(X)
    for row, length in enumerate(N):
        turned[row, :length] = X[row, :length][::-1]
    for t in range(3):
        expected[:, t] = np.where(VALID[:, t], 2 * (turned[:, t] - turned[VALID[:, t], t].mean()), 0)
    for row, length in enumerate(N):
        expected[row, :length] = expected[row, :length][::-1].copy()
    np.testing.assert_allclose(found["y"], expected, rtol=1e-12)
