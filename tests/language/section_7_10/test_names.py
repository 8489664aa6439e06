"""Section 10: names that TensorFlow's or the module's own attributes have are no trouble."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf

SIGNATURES = ("signatures", "variables_by_path", "initial_values", "trainable_variables", "__call__", "while")
SPEC = f"""rnn 1
model m() {{
  input variables: f32[batch]
  input name: f32[batch]
  input args: f32[batch]
  param w: [] ~ constant(3)
  param v: [2] ~ values([1, 2])
  output lambda = variables + name + w + args
  output y = name + sum(v, over = last)
  loss def = mean(square(lambda))
  {" ".join(f"signature {name} = y" for name in SIGNATURES)}
  train name_scope = sgd()
  train global = sgd()
}}
"""


def test_names(tmp_path):
    import tensorflow as tf

    import rnndsl

    (tmp_path / "spec.rnn").write_text(SPEC)
    model = tf.saved_model.load(str(rnndsl.compile(tmp_path / "spec.rnn", tmp_path / "out")))
    x = tf.constant([1.0, 2.0])
    for name in SIGNATURES:
        np.testing.assert_allclose(model.signatures[name](name=x)["y"], [4, 5])
    np.testing.assert_allclose(model.signatures["predict"](variables=x, name=x, args=x)["lambda"], [6, 9])
    for name in ("name_scope", "global"):
        assert set(model.signatures[name](variables=x, name=x, args=x)) == {"loss", "def"}
    model.signatures["reset"]()
    np.testing.assert_allclose(model.signatures["initialize"]()["v"], [1, 2])
    np.testing.assert_allclose(model.collections["trainable_variables"][1], [1, 2])
