"""Gradients through scans against finite differences in f64, first and second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plan_builder import Builder, plan
from run_plan import finite_differences

from rnndsl.backends.tensorflow.tensorflow_module import tf
from tests.lowering import lowered

pytestmark = pytest.mark.tf

R = np.random.default_rng(5)
X, W = R.normal(size=(3, 4, 2)), R.normal(size=(2, 2))
N, M = np.array([2, 0, 4], "i4"), np.array([[1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 1, 1]], bool)


def model(**options: Any) -> tuple[Builder, list[str]]:
    """h = tanh(x w + h[t-1] w), h0 the first row of w, which enters by the initial state, by `given` and by reading."""
    g, b = Builder(), Builder()
    x, _, _ = g.input("f64[batch, time, 2]", "x"), g.input("i32[batch]", "n"), g.input("bool[batch, time]", "m")
    w = g.read("w", 2, 2, dtype="f64")
    xi, h, given = b.input("f64[batch, 2]"), b.input("f64[batch, 2]"), b.input("f64[2, 2]")
    new = b.op("tanh", b.op("add", b.op("matmul", xi, given), b.op("matmul", h, b.read("w", 2, 2, dtype="f64"))))
    first = g.op("index", w, items=[["at", 0], ["all"]])
    s = g.scan(b, scanned={xi: x}, given={given: w}, states=[("h", first, h, new)], outputs=(new,), **options)
    output, last = g.result(s, "output", new, "f64[batch, time, 2]"), g.result(s, "last", new, "f64[batch, 2]")
    final = g.result(s, "final", "h", "f64[batch, 2]")
    total = g.op("sum", g.op("square", output), axes=["batch", "time"], dims=[-1])
    other = g.op("sum", g.op("mul", last, final), axes=["batch"], dims=[-1])
    return g, [g.op("add", total, other)]


def loss(g: Builder, ids: list[str], w: Any, x: Any) -> Any:
    inputs = {"x": tf.convert_to_tensor(x), "n": tf.constant(N), "m": tf.constant(M)}
    return lowered(plan(g), ids, inputs, lambda _: w, training=True)[0]


OPTIONS = [{}, {"reverse": True}, {"lengths": "n"}, {"mask": "m", "hold": True}, {"lengths": "n", "mask": "m", "reverse": True}]


@pytest.mark.parametrize("options", OPTIONS)
def test_gradients(options: dict[str, Any]) -> None:
    g, ids = model(**options)

    @tf.function(autograph=False)
    def gradients(w: Any, x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([w, x])
            value = loss(g, ids, w, x)
        return tape.gradient(value, [w, x])

    dw, dx = gradients(tf.constant(W), tf.constant(X))
    traced = tf.function(lambda w, x: loss(g, ids, w, x), autograph=False)

    def evaluate(w: np.ndarray, x: np.ndarray) -> float:
        return float(traced(tf.constant(w), tf.constant(x)))

    np.testing.assert_allclose(dw, finite_differences(lambda w: evaluate(w, X), W), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dx, finite_differences(lambda x: evaluate(W, x), X), rtol=1e-6, atol=1e-8)


def test_second_order() -> None:
    g, ids = model(lengths="n")

    @tf.function(autograph=False)
    def first(w: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(w)
            value = loss(g, ids, w, X)
        return tape.gradient(value, w)

    @tf.function(autograph=False)
    def second(w: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(w)
            total = tf.reduce_sum(first(w))
        return tape.gradient(total, w)

    expected = finite_differences(lambda w: float(np.sum(first(tf.constant(w)))), W, 1e-5)
    np.testing.assert_allclose(second(tf.constant(W)), expected, rtol=1e-5, atol=1e-7)


def test_norm_has_gradient_zero_at_zero() -> None:
    g = Builder()
    x = g.input("f64[batch, 3]", "x")
    n = g.op("norm", x, dims=[-1])
    value = tf.constant([[0.0, 0, 0], [3, 0, 4]], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(value)
        out = lowered(plan(g), [n], {"x": value}, lambda _: None, training=True)[0]
    np.testing.assert_allclose(tape.gradient(out, value), [[0, 0, 0], [0.6, 0, 0.8]])


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_gradients_of_rows_that_end(mode: str) -> None:
    """h = 2 a h until h >= 8; outputs after the end are zero and have no part in the gradient."""
    g, b = Builder(), Builder()
    start, a = g.input("f64[batch]", "start"), g.read("a", dtype="f64")
    h, done, factor = b.input("f64[batch]"), b.input("bool[batch]"), b.input("f64")
    new = b.op("mul", b.op("mul", h, factor), b.literal(2.0, "f64"))
    over = b.op("ge", new, b.literal(8.0, "f64"))
    states = [("h", start, h, new), ("done", g.literal(False, "bool"), done, over)]
    s = g.scan(b, given={factor: a}, states=states, outputs=(new,), steps=6, until="done")
    output = g.result(s, "output", new, "f64[batch, time]")
    total = g.op("sum", output, axes=["batch", "time"])

    def gradients(a: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(a)
            inputs = {"start": tf.constant([1.0, 3.0], tf.float64)}
            value = lowered(plan(g), [total], inputs, lambda _: a, training=True)[0]
        return value, tape.gradient(value, a)

    run = gradients if mode == "eager" else tf.function(gradients, autograph=False)
    value, found = run(tf.constant(1.0, tf.float64))
    assert float(value) == (2 + 4 + 8) + (6 + 12)
    assert float(found) == (2 + 2 * 4 + 3 * 8) + (6 + 2 * 12)
