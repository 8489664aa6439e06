"""f16 and bf16: sums, products, means and moments over many values are computed in f32."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import artefact, plan_of

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m with (dtype = {dtype}) {{
  input x: {dtype}[batch, 4]
  input many: {dtype}[batch, 2000]
  input counted: bool[batch, 2000]
  layer norm = LayerNorm()
  layer batch_norm = BatchNorm(momentum = 0.0)
  output normal = norm(x)
  output average = mean(many, over = last)
  output of_some = mean(many, over = last, mask = counted)
  output total = sum(many / 40, over = last)
  param weights: [2000, 2] ~ ones
  output product = (many / 40) @ weights
  output products = einsum("n,nk->k", many / 40, weights)
  output dotted = dot(many / 40, ones_like(many))
  output summed = cumsum(many / 40)[-1]
  output length = norm_of(many)
  output spread = variance(many * 4, over = last)
  standard = batch_norm(x)
  loss size = mean(square(standard))
  train fit = sgd(rate = 0.0)
}}
fn norm_of(x) = norm(x, over = last)
"""
X = np.array([[300, -400, 500, 1000], [-1000, 400, 300, 200]], "f8")


@pytest.mark.parametrize(("dtype", "tolerance"), [("f16", 2e-3), ("bf16", 2e-2), ("f32", 1e-5), ("f64", 1e-9)])
def test_sums_are_wide(dtype, tolerance, tmp_path):
    """300, -400, 500, 1000 are of mean 350 and variance 252500, which f16 does not hold."""
    import tensorflow as tf

    loaded = artefact(tmp_path, SPEC.format(dtype=dtype))
    kind = {"f16": tf.float16, "bf16": tf.bfloat16, "f32": tf.float32, "f64": tf.float64}[dtype].as_numpy_dtype
    many = np.full((2, 2000), 40.0).astype(kind)
    many[:, ::2] += 20
    counted = np.arange(2000)[None] % 2 == np.array([[0], [1]])
    inputs = {"x": X.astype(kind), "many": many, "counted": counted}
    found = {k: v.astype("f8") for k, v in loaded.predict(**inputs).items()}
    interpreted = Model(plan_of(SPEC.format(dtype=dtype))).call("predict", inputs)
    expected = {
        "normal": (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-3),
        "average": [50, 50],
        "of_some": [60, 40],
        "total": [2500, 2500],
        "product": [[2500, 2500]] * 2,
        "products": [[2500, 2500]] * 2,
        "dotted": [2500, 2500],
        "summed": [2500, 2500],
        "length": [np.sqrt(1000 * 3600 + 1000 * 1600)] * 2,
        "spread": [1600, 1600],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)
        np.testing.assert_allclose(interpreted[name].astype("f8"), value, rtol=tolerance, atol=tolerance, err_msg=name)
    step = loaded.train("fit", x=X.astype(kind))
    np.testing.assert_allclose(float(step["size"]), np.mean(X.var(0) / (X.var(0) + 1e-3)), rtol=tolerance)
    moments = {k.rpartition("/")[2]: v for k, v in loaded.variables.items() if "moving" in k}
    np.testing.assert_allclose(moments["moving_mean"], X.mean(0), rtol=tolerance, atol=1e-6)
    np.testing.assert_allclose(moments["moving_variance"], X.var(0), rtol=tolerance)
    assert moments["moving_variance"].dtype == ("f8" if dtype == "f64" else "f4")
