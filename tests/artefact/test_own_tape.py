"""A caller's own tape goes through what XLA has compiled, in the artefact as TensorFlow loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnndsl

pytestmark = [pytest.mark.tf, pytest.mark.xla]

SPEC = """rnn 1
model m(u: int = 3) {
  input x: f32[batch, time, 2]
  input n: i32[batch]
  target y: f32[batch, u]
  layer cell = LSTM(u)
  layer norm = BatchNorm()
  run = scan(cell, norm(x), lengths = n)
  output seen = where(run > 0.0, log(run), 0.0)
  output last = run.last
  loss mse = mean(square(run.last - y))
}
"""
RNG = np.random.default_rng(2)
X = RNG.normal(size=(5, 7, 2)).astype("float32")
N = np.array([7, 0, 3, 5, 1], "int32")
Y = RNG.normal(size=(5, 3)).astype("float32")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> dict[str, Any]:
    """The artefact as `tf.saved_model.load` gives it, by `--jit`."""
    import tensorflow as tf

    folder: Path = tmp_path_factory.mktemp("tape")
    (folder / "m.rnn").write_text(SPEC)
    return {jit: tf.saved_model.load(str(rnndsl.compile(folder / "m.rnn", folder / jit, jit=jit))) for jit in ("never", "always")}


def variables(module: Any) -> list[Any]:
    return [v for v in module.variables_by_path.values() if v.trainable]


def tape_through(module: Any, call: Any) -> list[Any]:
    import tensorflow as tf

    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = sum(tf.reduce_sum(tf.sin(value)) for value in call(module, x))
    return tape.gradient(total, [x, *variables(module)])


def predict(module: Any, x: Any) -> list[Any]:
    return [module.predict(x, N)["last"]]


def apply(module: Any, x: Any) -> list[Any]:
    values = {path: v.read_value() for path, v in module.variables_by_path.items()}
    return [module.apply(values, {"x": x, "n": N})["last"]]


def evaluate(module: Any, x: Any) -> list[Any]:
    return [module.evaluate(x, N, Y)["mse"]]


CALLS = {"predict": predict, "apply": apply, "evaluate": evaluate}


@pytest.mark.parametrize("name", CALLS)
def test_as_through_what_is_not_compiled(loaded, name):
    plain, own = (tape_through(loaded[jit], CALLS[name]) for jit in ("never", "always"))
    for one, other in zip(plain, own, strict=True):
        assert float(np.max(np.abs(one))) > 0
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}])
def test_in_a_function_of_the_callers(loaded, options):
    import tensorflow as tf

    traced = tf.function(lambda: tape_through(loaded["always"], predict), **options)
    for one, other in zip(tape_through(loaded["never"], predict), traced(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_what_a_where_leaves_out_is_not_seen(loaded):
    """The derivative of the logarithm at what is not above zero, and after the end of a row, is in no gradient."""
    found = tape_through(loaded["always"], lambda module, x: [module.predict(x, N)["seen"]])
    assert all(np.all(np.isfinite(gradient)) for gradient in found)


def test_on_a_replica(loaded):
    """Each replica's gradients, summed by the caller."""
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        found = strategy.run(lambda: tape_through(loaded["always"], predict))
    for one, other in zip(tape_through(loaded["never"], predict), found, strict=True):
        np.testing.assert_allclose(one, strategy.experimental_local_results(other)[0], rtol=1e-4, atol=1e-6)


def test_a_second_derivative_needs_what_is_not_compiled(loaded):
    import tensorflow as tf

    def twice(module: Any) -> Any:
        x = tf.constant(X)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(tf.sin(module.predict(x, N)["last"]))
            first = tf.reduce_sum(tf.square(inner.gradient(total, x)))
        return outer.gradient(first, x)

    assert float(np.max(np.abs(twice(loaded["never"])))) > 0
    with pytest.raises(LookupError, match="No gradient defined"):
        twice(loaded["always"])
