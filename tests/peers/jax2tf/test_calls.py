"""An artefact called from JAX, eagerly and where JAX compiles for fixed shapes: its numbers, and gradients through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
from jax.experimental import jax2tf

import rnndsl

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 3]
  input lengths: i32[batch]
  target y: f32[batch]
  layer c = LSTM(70)
  layer head = Dense(1)
  output p = head(scan(c, x, lengths = lengths).last)[0]
  loss l = mean(square(p - y), over = batch)
}
"""
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4, 7, 3)).astype("f4")
LENGTHS = np.array([7, 3, 0, 5], np.int32)
Y = RANDOM.normal(size=4).astype("f4")
WAYS = [lambda f: f, jax.jit]
NEAR = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(scope="module", params=["never", "always"])
def made(request, tmp_path_factory) -> tuple[Any, Any]:
    """The artefact as rnndsl and as TensorFlow loads it."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "m.rnn").write_text(SPEC, encoding="utf-8")
    built = rnndsl.compile(folder / "m.rnn", folder / "out", jit=request.param)
    return rnndsl.load(built), tf.saved_model.load(str(built))


def predicting(model: Any) -> Callable[[Any, Any], Any]:
    """`predict` as a function of JAX, which is told what comes out of it: the SavedModel leaves the batch open."""

    def predict(x: Any, lengths: Any) -> Any:
        return model.signatures["predict"](x=x, lengths=lengths)["p"]

    out = jax.ShapeDtypeStruct((4,), np.float32)
    return jax2tf.call_tf(predict, has_side_effects=False, output_shape_dtype=out)


@pytest.mark.parametrize("way", WAYS, ids=["eager", "jit"])
def test_predict(made, way) -> None:
    loaded, model = made
    found = way(predicting(model))(X, LENGTHS)
    np.testing.assert_allclose(found, loaded.predict(x=X, lengths=LENGTHS)["p"], **NEAR)


def test_jax_differentiates_through_it(made) -> None:
    """By what TensorFlow's own tape goes through."""
    _, model = made
    predict = predicting(model)
    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        loss = tf.reduce_sum(tf.square(model.signatures["predict"](x=x, lengths=tf.constant(LENGTHS))["p"]))
    expected = tape.gradient(loss, x).numpy()
    found = jax.grad(lambda x: jnp.sum(jnp.square(predict(x, LENGTHS))))(X)
    np.testing.assert_allclose(found, expected, **NEAR)


@pytest.mark.parametrize("way", WAYS, ids=["eager", "jit"])
def test_gradients_of_variables(made, way) -> None:
    """The pure function: the weights are JAX's own."""
    loaded, model = made
    weights = loaded.variables

    def gradients(variables: Any, x: Any, lengths: Any, y: Any) -> Any:
        return model.gradients(variables, {"x": x, "lengths": lengths}, {"y": y}, tf.constant(0, tf.int64))["gradients"]

    found = way(jax2tf.call_tf(gradients, has_side_effects=False))(weights, X, LENGTHS, Y)
    expected = loaded.gradients(weights, {"x": X, "lengths": LENGTHS}, {"y": Y})["gradients"]
    assert found.keys() == expected.keys()
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, err_msg=path, **NEAR)
