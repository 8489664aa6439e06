"""`levenberg_marquardt` in what is written: a SavedModel and a MetaGraph, whose damping is a local variable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import artefact, plan_of

pytestmark = pytest.mark.tf

SPEC = """model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  target y: f64[batch, 2]
  layer cell = RNN(3)
  layer head = Dense(2)
  residual r = head(scan(cell, x).last) - y
  train fit = levenberg_marquardt(damping = 0.1)
}
"""
RANDOM = np.random.default_rng(4)
FEEDS = {"x": RANDOM.normal(size=(6, 5, 2)), "y": RANDOM.normal(size=(6, 2))}
OWN = ("train/fit/damping", "train/fit/growth", "train/fit/scale")
CALLS = 4


@pytest.fixture(scope="module")
def expected() -> list[float]:
    """The losses of the interpreter."""
    model = Model(plan_of(SPEC, level=1))
    return [float(model.call("fit", FEEDS)["loss"]) for _ in range(CALLS)]


def test_both_artefacts_train_alike(tmp_path: Path, expected: list[float]) -> None:
    import tensorflow as tf

    loaded = artefact(tmp_path, SPEC, emit=["meta-graph"])
    assert loaded.collections["local_variables"] == OWN
    told = [loaded.train("fit", FEEDS) for _ in range(CALLS)]
    np.testing.assert_allclose([x["loss"] for x in told], expected, rtol=1e-8)
    assert {x["accepted"].dtype for x in told} == {np.dtype(bool)}
    np.testing.assert_allclose(loaded.variables["train/fit/damping"], told[-1]["damping"])
    (step,) = next(x for x in loaded.manifest["signatures"] if x["name"] == "fit")["steps"]
    assert step["optimizer"]["arguments"]["jacobian"] == "reverse"

    with tf.Graph().as_default():
        saver = tf.compat.v1.train.import_meta_graph(str(tmp_path / "out/graph.meta"))
        with tf.compat.v1.Session() as session:
            saver.restore(session, str(tmp_path / "out/graph.ckpt"))
            session.run(tf.compat.v1.local_variables_initializer())
            feed = {f"{name}:0": value for name, value in FEEDS.items()}
            found = [session.run(["train/fit/loss:0", "train/fit"], feed)[0] for _ in range(CALLS)]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_what_it_keeps_is_saved_with_the_weights(tmp_path: Path) -> None:
    loaded = artefact(tmp_path, SPEC, jit="never")
    for _ in range(3):
        loaded.train("fit", FEEDS)
    loaded.save_weights(tmp_path / "weights.npz")
    expected = loaded.train("fit", FEEDS)
    loaded.reset()
    assert loaded.train("fit", FEEDS)["loss"] > expected["loss"]
    loaded.load_weights(tmp_path / "weights.npz")
    for name, value in loaded.train("fit", FEEDS).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
