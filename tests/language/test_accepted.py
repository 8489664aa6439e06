"""Texts that are accepted compile at each level, as a MetaGraph too, and give these numbers, worked out by hand or in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnndsl
from tests.compiling import artefact

pytestmark = pytest.mark.tf

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], "f4")
X3 = np.arange(24, dtype="f4").reshape(2, 4, 3) / 10 - 1


def predict(folder: Path, text: str, **inputs: Any) -> Mapping[str, Any]:
    """What `predict` gives at level 1, which is what it gives at level 0."""
    plain, optimised = (artefact(folder, text, opt_level=level).predict(**inputs) for level in (0, 1))
    for name, value in plain.items():
        np.testing.assert_allclose(value, optimised[name], rtol=1e-5, atol=1e-6)
    return optimised


def meta_graph(folder: Path, text: str, fetch: Sequence[str], **inputs: Any) -> Any:
    """The values of `fetch` in a session of `tf.compat.v1` on the MetaGraph, all variables having been initialised."""
    import tensorflow as tf

    artefact(folder, text, emit=("meta-graph",))
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(str(folder / "out/graph.meta"))
        session.run(v1.global_variables_initializer())
        return session.run(list(fetch), {f"{name}:0": value for name, value in inputs.items()})


def test_branches_of_unlike_sizes(tmp_path):
    text = """
model m {
  input x: f32[batch, 3]
  input z: f32[batch, 1]
  output a = if training then x else z
  output b = if training then x else 0.5
  output c = if not training then 2 else x
}"""
    found = predict(tmp_path, text, x=X, z=X[:, :1])
    np.testing.assert_array_equal(found["a"], np.repeat(X[:, :1], 3, 1))
    np.testing.assert_array_equal(found["b"], np.full((2, 3), 0.5))
    np.testing.assert_array_equal(found["c"], np.full((2, 3), 2.0))


def test_one_step_reads_two_steps_back(tmp_path):
    text = """
cell C {
  input x: [n]
  state h: [n] = [ones, constant(value = 3)]
  h = abs(x + h[t-1] - h[t-2])
  output h
}
model m {
  input x: f32[batch, 3]
  layer c = C()
  s = step(c, x)
  output y = s
}"""
    np.testing.assert_allclose(predict(tmp_path, text, x=X)["y"], np.abs(X + 1 - 3))


@pytest.mark.parametrize(("padding", "stride"), [("same", 1), ("same", 2), ("valid", 2), ("causal", 3)])
def test_a_kernel_of_each_rows_own(padding, stride, tmp_path):
    """As that row alone with its kernel, which TensorFlow's own convolution does."""
    text = f"""
axis frame
model m {{
  input x: f32[batch, 6, 5, 2]
  input k: f32[batch, 3, 2, 2, 3]
  input one: f32[3, 2, 2, 3]
  input z: f32[batch, time, 2]
  input l: f32[batch, 3, 2, 3]
  input single: f32[3, 2, 3]
  output dims = conv(x, k, stride = {stride}, padding = "{padding}")
  output dims_alone = conv(x, one, stride = {stride}, padding = "{padding}")
  output axis_ = conv(z, l, stride = {stride}, padding = "{padding}", over = time, to = frame)
  output axis_alone = conv(z, single, stride = {stride}, padding = "{padding}", over = time, to = frame)
}}"""
    random = np.random.default_rng(0)
    x, k = random.normal(size=(2, 6, 5, 2)).astype("f4"), random.normal(size=(2, 3, 2, 2, 3)).astype("f4")
    z, m = random.normal(size=(2, 7, 2)).astype("f4"), random.normal(size=(2, 3, 2, 3)).astype("f4")
    loaded = artefact(tmp_path, text)
    both = loaded.predict(x=x, k=k, one=k[0], z=z, l=m, single=m[0])
    for i in range(2):
        row = {"x": x[i : i + 1], "k": k[i : i + 1], "z": z[i : i + 1], "l": m[i : i + 1]}
        alone = loaded.predict(**row, one=k[i], single=m[i])
        np.testing.assert_allclose(both["dims"][i], alone["dims_alone"][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(both["axis_"][i], alone["axis_alone"][0], rtol=1e-4, atol=1e-5)


def test_as_many_dims_as_there_may_be(tmp_path):
    """Each operation that TensorFlow limits, on 7 dims, against NumPy."""
    text = """
model m {
  input x: f32[batch, time, 2, 1, 3, 1, 2]
  output turned = reverse(x, over = time)
  output moved = shift(x, 1, over = time)
  output soft = softmax(x, axis = -3)
  output along = log_softmax(x, over = time)
  output chosen = where(x > 0, x, 0)
  output largest = argmax(x, axis = -3)
  output half = split(x, 2)[0]
  output total = sum(x, over = [batch, last], mask = x > 0)
  output swapped = transpose(x)
  output placed = one_hot(argmax(x), 2)
}"""
    x = np.random.default_rng(1).normal(size=(2, 4, 2, 1, 3, 1, 2)).astype("f4")
    found = predict(tmp_path, text, x=x)
    e = np.exp(x)
    expected = {
        "turned": x[:, ::-1],
        "moved": np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], 1),
        "soft": e / e.sum(4, keepdims=True),
        "along": x - np.log(e.sum(1, keepdims=True)),
        "chosen": np.maximum(x, 0),
        "largest": x.argmax(4),
        "half": x[..., :1],
        "total": np.maximum(x, 0).sum((0, 6)),
        "swapped": np.swapaxes(x, -1, -2),
        "placed": np.eye(2)[x.argmax(-1)],
    }
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


MIXED = """
collection all
model m {
  input x: f32[batch, 3]
  param w: [3] in {all} ~ constant(value = 3)
  param v: f64[3] in {all} ~ constant(value = 4)
  param i: i32[2] in {all} ~ ones
  loss a = sum(w) + sum(cast(v, f32))
  loss b = sum(v)
  loss penalty in regularization_losses = l2({all})
  metric size = l1({all})
  output y = x
  train fit = sgd(rate = 1.0, clip_norm = 1.0) on a, b
}"""


def test_dtypes_side_by_side(tmp_path):
    """l2: 3 * 9 + 3 * 16 + 2; l1: 9 + 12 + 2. The gradient is 1 for each of w, 2 for each of v; its norm is sqrt(3 + 12)."""
    loaded = artefact(tmp_path, MIXED)
    found = loaded.evaluate()
    assert found["penalty"] == 77 and found["size"] == 23
    loaded.train("fit")
    variables = loaded.variables
    np.testing.assert_allclose(variables["w"], 3 - 1 / np.sqrt(15), rtol=1e-6)
    np.testing.assert_allclose(variables["v"], 4 - 2 / np.sqrt(15), rtol=1e-6)


def test_moments_of_a_batch_over_all_but_the_last_dim(tmp_path):
    text = """
model m {
  input x: f64[batch, time, 3, 2]
  param w: [2] ~ ones
  layer norm = BatchNorm(momentum = 0.0) with (dtype = f64)
  output y = norm(x)
  output inner_ = mean(x, over = inner)
  loss size = mean(square(y * cast(w, f64)))
  train fit = sgd(rate = 0.0)
}"""
    x = np.random.default_rng(2).normal(size=(4, 5, 3, 2))
    loaded = artefact(tmp_path, text)
    loaded.train("fit", x=x)
    np.testing.assert_allclose(loaded.variables["norm/moving_mean"], x.mean((0, 1, 2)))
    np.testing.assert_allclose(loaded.variables["norm/moving_variance"], x.var((0, 1, 2)))
    np.testing.assert_allclose(loaded.predict(x=x)["inner_"], x.mean(2))


def test_an_update_beside_a_variable_of_its_name(tmp_path):
    text = """
model m {
  input x: f32[batch, 3]
  var v: [3] ~ zeros
  param update_v: [3] ~ ones
  update v <- mean(x, over = batch)
  output y = x + v + update_v
  loss size = mean(square(y))
  train fit = sgd(rate = 0.0)
}"""
    loaded = artefact(tmp_path, text, emit=("meta-graph",))
    loaded.train("fit", x=X)
    np.testing.assert_allclose(loaded.variables["v"], X.mean(0))
    np.testing.assert_allclose(loaded.predict(x=X)["y"], X + X.mean(0) + 1)


def test_a_meta_graph_of_inputs_alone(tmp_path):
    """No variables; an output that is an input; names that the graph has for itself."""
    text = """
model m {
  input x: f32[batch, 3]
  output x
  output reset = x * 2
  output initialize = x * 3
  output ReadVariableOp = x * 4
  output saver = x * 5
}"""
    found = meta_graph(tmp_path, text, ["x_:0", "reset:0", "initialize:0", "ReadVariableOp:0", "saver:0"], x=X)
    for value, factor in zip(found, (1, 2, 3, 4, 5), strict=True):
        np.testing.assert_allclose(value, X * factor)
    info = rnndsl.load(tmp_path / "out").manifest["meta_graph"]
    assert info["resets"] == {"reset": "reset_"} and info["outputs"]["x"] == "x_:0"


def test_collections_that_a_session_reads(tmp_path):
    import tensorflow as tf

    text = """
collection mine
model m {
  input x: f32[batch, 3]
  param w: [3] in {mine} ~ constant(value = 7)
  output y = x * w
}"""
    artefact(tmp_path, text, emit=("meta-graph",))
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(str(tmp_path / "out/graph.meta"))
        session.run(v1.global_variables_initializer())
        for key, kind in itertools.product(("mine", "global_variables", "trainable_variables", "variables"), (tf.float32,)):
            (found,) = v1.get_collection(key)
            assert found.dtype.base_dtype == kind
            np.testing.assert_array_equal(session.run(found), [7, 7, 7])


def test_the_counter_of_calls_beside_names_like_its_own(tmp_path):
    text = """
model m {
  input x: f32[batch, 3]
  param call_counter: [3] ~ constant(value = 2)
  scope call_counter_ {
    param w: [3] ~ ones
  }
  output y = x * call_counter * call_counter_.w
  loss call_counter__ = mean(dropout(x * call_counter, 0.5))
  train fit = sgd(rate = 0.0)
}"""
    loaded = artefact(tmp_path, text, emit=("meta-graph",))
    loaded.train("fit", x=X)
    assert [path for path, value in loaded.variables.items() if value.dtype == "i8" and not path.startswith("train/")] == [
        "call_counter___"
    ]
    assert loaded.variables["call_counter___"] == 1
    np.testing.assert_array_equal(loaded.predict(x=X)["y"], 2 * X)


def test_variables_by_path_whatever_tensorflow_calls_them(tmp_path):
    text = """
cell Own(units: int) {
  input x: [n] = zeros
  state h: [units] = ones
  param _w: [n, units]
  h = tanh((x + x[t-1]) @ _w + h[t-2])
  output h
}
model m {
  input x: f32[batch, time, 3]
  layer c = Own(2)
  run = scan(c, x, carry = true)
  output y = run
}"""
    loaded = artefact(tmp_path, text)
    loaded.predict(x=X3)
    assert {*loaded.variables} == {"c/_w", "run/h", "run/h[t-2]", "run/x[t-1]"}
    assert {*loaded.collections["local_variables"]} == {"run/h", "run/h[t-2]", "run/x[t-1]"}
    kept = loaded.variables
    expected = loaded.predict(x=X3)["y"]
    loaded.save_weights(tmp_path / "now.npz")
    loaded.load_weights(tmp_path / "now.npz")
    loaded.assign(kept)
    np.testing.assert_array_equal(loaded.predict(x=X3)["y"], expected)


def test_a_train_called_as_a_variable_is(tmp_path):
    text = """
model m {
  input x: f32[batch, 3]
  param fit: [3] ~ ones
  output y = x * fit
  loss size = mean(square(y))
  train fit = sgd(rate = 0.5)
}"""
    loaded = artefact(tmp_path, text, emit=("meta-graph",))
    assert loaded.collections["train_op"] == () and loaded.collections["trainable_variables"] == ("fit",)
    assert loaded.manifest["collections"]["train_op"] == ["fit"]
    loaded.train("fit", x=X)
    np.testing.assert_allclose(loaded.variables["fit"], 1 - 0.5 * 2 * (X**2).sum(0) / 6, rtol=1e-5)
    assert meta_graph_names(tmp_path / "out/graph.meta", "train_op") == ["train/fit"]


def meta_graph_names(path: Path, collection: str) -> list[str]:
    import tensorflow as tf

    with tf.Graph().as_default():
        tf.compat.v1.train.import_meta_graph(str(path))
        return [item.name for item in tf.compat.v1.get_collection(collection)]
