"""Convolutions over an axis and dims together, whose rows have lengths: each row is what it is alone, and its padding is unseen."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of

Array = np.ndarray
TEXT = """axis frame, third
model m with (dtype = f64) {
  input x: f64[batch, time, 6, 2]
  input n: i32[batch]
  input own: f64[batch, 4, 3, 2, 3]
  param kernel: [4, 3, 2, 3]
  param scale: [3] ~ constant(0.5)
  normed = kernel * scale / sqrt(sum(square(kernel), over = [inner, last]) + 1)
  centred = conv(x, normed, over = [time, dims], stride = [2, 3], padding = centred, to = frame, lengths = n)
  valid = conv(x, normed, over = [time, dims], stride = [3, 1], padding = valid, to = third, lengths = n)
  causal = conv(x, own, over = [time, dims], stride = [1, 2], padding = [causal, same], lengths = n)
  output centred
  output valid
  output causal
  output n_centred = centred.lengths
  output n_valid = valid.lengths
  output n_causal = causal.lengths
  loss l = sum(square(centred)) + sum(square(valid)) + sum(square(causal))
  train step = sgd(rate = 0.1)
}"""
BY = {"centred": ((2, 3), ("centred", "centred")), "valid": ((3, 1), ("valid", "valid")), "causal": ((1, 2), ("causal", "same"))}
STEPS = np.array([7, 0, 3, 6, 5], "i4")


def convolved(x: Array, kernel: Array, strides: tuple[int, int], paddings: tuple[str, str]) -> Array:
    """One row, x [n, m, in] with kernel [h, w, in, out], place by place."""
    counts, firsts = [], []
    for size, width, stride, padding in zip(x.shape, kernel.shape, strides, paddings, strict=False):
        count = max(0, (size - width) // stride + 1) if padding == "valid" else -(-size // stride)
        lacking = max(0, (count - 1) * stride + width - size)
        counts.append(count)
        firsts.append({"valid": 0, "same": lacking // 2, "centred": (width - 1) // 2, "causal": width - 1}[padding])
    found = np.zeros((*counts, kernel.shape[-1]))
    for i, j, di, dj in itertools.product(*map(range, (*counts, *kernel.shape[:2]))):
        t, f = i * strides[0] + di - firsts[0], j * strides[1] + dj - firsts[1]
        if 0 <= t < x.shape[0] and 0 <= f < x.shape[1]:
            found[i, j] += x[t, f] @ kernel[di, dj]
    return found


def drawn() -> dict[str, Array]:
    """Inputs, with NaN behind the ends."""
    random = np.random.default_rng(0)
    x = random.normal(size=(5, 7, 6, 2))
    x[np.arange(7) >= STEPS[:, None]] = np.nan
    return {"x": x, "n": STEPS, "own": random.normal(size=(5, 4, 3, 2, 3))}


def normed(variables: Mapping[str, Array]) -> Array:
    kernel = variables["kernel"]
    return kernel * variables["scale"] / np.sqrt((kernel**2).sum() + 1)


def test_each_row_is_what_it_is_alone() -> None:
    inputs, model = drawn(), Model(plan_of(TEXT))
    found = model.call("predict", inputs)
    for name, (strides, paddings) in BY.items():
        for row, n in enumerate(STEPS):
            kernel = inputs["own"][row] if name == "causal" else normed(model.variables)
            expected = convolved(inputs["x"][row, :n], kernel, strides, paddings)
            np.testing.assert_allclose(found[name][row, : len(expected)], expected, rtol=1e-12, atol=1e-13, err_msg=f"{name} {n}")
            assert not found[name][row, len(expected) :].any()
            assert found[f"n_{name}"][row] == len(expected)


def test_a_computed_kernel_is_trained_and_padding_is_unseen() -> None:
    """Along a drawn direction, by central differences; NaN stands behind each end."""
    inputs, model = drawn(), Model(plan_of(TEXT))
    start = model.variables
    found = model.pure("gradients", start, inputs)["gradients"]
    random = np.random.default_rng(1)
    way = {name: random.normal(size=start[name].shape) for name in ("kernel", "scale")}
    step = 1e-5

    def loss(by: float) -> float:
        moved = {name: start[name] + by * each for name, each in way.items()}
        return float(model.pure("gradients", {**start, **moved}, inputs)["loss"])

    expected = (loss(step) - loss(-step)) / (2 * step)
    along = sum(np.sum(found[name] * each) for name, each in way.items())
    np.testing.assert_allclose(along, expected, rtol=1e-8)


@pytest.mark.tf
def test_tensorflow_has_the_same_numbers_and_keras_those_of_whole_rows() -> None:
    from rnndsl.backends.tensorflow.module import build
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    inputs, plan = drawn(), plan_of(TEXT)
    model = Model(plan)
    found, expected = build(plan).predict(**inputs), model.call("predict", inputs)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-11, atol=1e-12, err_msg=name)
    layer = tf.keras.layers.Conv2D(3, (4, 3), (3, 1), "valid", use_bias=False, dtype="float64")
    layer.build((None, 7, 6, 2))
    layer.set_weights([normed(model.variables)])
    np.testing.assert_allclose(found["valid"][0], layer(inputs["x"][:1])[0], rtol=1e-11)
