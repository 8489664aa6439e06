"""`ctc` beside the sum over all paths, in f64; labels that cannot be aligned; its gradient by central differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.compiling import artefact

pytestmark = pytest.mark.tf

SPEC = """rnn 1
axis place
cell Held {
  input x: [n]
  state s: [n] = zeros
  s = 0.0 * s[t-1] + x
  output s
}
model m with (dtype = f64) {
  input x: f64[batch, time, 3]
  input y: i32[batch, place]
  input n: i32[batch]
  input k: i32[batch]
  param shift: [3] ~ zeros
  layer held = Held()
  logits = scan(held, x + shift)
  output each = ctc(logits, y, n, k)
  metric counted = mean(x)
  loss of_first = mean(ctc(logits, y, n, k), mask = position(over = batch) < 1)
}
"""
# the third needs a blank between two equal labels, and has no room for it; the fourth has no step for a label; the last two none
LABELS = np.array([[1, 2, 1], [1, 1, -1], [2, 2, 99], [1, 0, 0], [7, 7, 7], [5, 5, 5]], "i4")
STEPS, COUNTS = np.array([5, 3, 2, 0, 3, 0], "i4"), np.array([3, 2, 2, 1, 0, 0], "i4")
X = np.random.default_rng(0).normal(size=(6, 5, 3)) * 2


def paths(logits: np.ndarray, labels: list[int]) -> float:
    """-log of the sum over all paths that spell `labels` (Graves et al. 2006, equation 3)."""
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    spelling = (p for p in itertools.product(range(3), repeat=len(logits)) if [c for c, _ in itertools.groupby(p) if c] == labels)
    total = sum(float(np.prod([chances[t, c] for t, c in enumerate(path)])) for path in spelling)
    return -np.log(total) if total else np.inf


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return artefact(tmp_path_factory.mktemp("ctc"), SPEC)


def test_all_paths(loaded):
    expected = [paths(X[b, : STEPS[b]], [int(i) for i in LABELS[b, : COUNTS[b]]]) for b in range(6)]
    assert expected[2] == expected[3] == np.inf and expected[5] == 0
    np.testing.assert_allclose(loaded.predict(x=X, y=LABELS, n=STEPS, k=COUNTS)["each"], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("row", range(6))
def test_gradient(loaded, row):
    """Of the row that comes first; zero where nothing can be aligned."""
    order = [row, *(i for i in range(6) if i != row)]
    x, y, n, k = X[order], LABELS[order], STEPS[order], COUNTS[order]
    found = loaded.gradients({"shift": np.zeros(3)}, {"x": x, "y": y, "n": n, "k": k})["gradients"]["shift"]
    expected = np.zeros(3)
    for i in range(3):
        up, down = (paths(x[0, : n[0]] + s * 1e-5 * np.eye(3)[i], [int(c) for c in y[0, : k[0]]]) for s in (1, -1))
        expected[i] = (up - down) / 2e-5 if np.isfinite(up) else 0
    np.testing.assert_allclose(found, expected, atol=1e-8)
