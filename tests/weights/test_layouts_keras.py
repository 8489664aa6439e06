"""Keras' models are loaded by layouts, give the same outputs, are exported, and give them again in Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.driver import Job
from rnndsl.meaning.running import Model
from rnndsl.weights.exporting import exported, save

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 3]
  input ids: i32[batch, time]
  layer table = Embedding(7, 3)
  layer lower = LSTM(4, forget_bias = 0.5)
  layer upper = LSTM(4)
  layer fw = GRU(5, reset_after = true)
  layer bw = GRU(5, reset_after = true)
  layer before = GRU(4)
  layer simple = RNN(4)
  layer plain = BatchNorm(center = false)
  layer norm = BatchNorm()
  layer ln = LayerNorm()
  layer head = Dense(2)
  layer bare = Dense(3, use_bias = false)
  a = scan(upper, scan(lower, x + table(ids)))
  b = bidirectional(fw, bw, a)
  c = scan(simple, scan(before, b))
  output y = bare(head(ln(norm(plain(c.last)))))

  load table  from "m.weights.h5" at "layers/embedding/vars" using keras
  load lower  from "m.weights.h5" at "layers/lstm/cell/vars" using keras
  load upper  from "m.weights.h5" at "layers/lstm_1/cell/vars" using keras
  load fw     from "m.weights.h5" at "layers/bidirectional" using keras(direction = "forward")
  load bw     from "m.weights.h5" at "layers/bidirectional" using keras(direction = "backward")
  load before from "m.weights.h5" at "layers/gru/cell/vars" using keras
  load simple from "m.weights.h5" at "layers/simple_rnn/cell/vars" using keras
  load plain  from "m.weights.h5" at "layers/batch_normalization/vars" using keras
  load norm   from "m.weights.h5" at "layers/batch_normalization_1/vars" using keras
  load ln     from "m.weights.h5" at "layers/layer_normalization/vars" using keras
  load head   from "m.weights.h5" at "layers/dense/vars" using keras
  load bare   from "m.weights.h5" at "layers/dense_1/vars" using keras
}
"""


def model():
    """Two stacked LSTMs, a GRU in two directions, one of the older convention, an RNN, norms and dense layers."""
    import keras

    x, ids = keras.Input((None, 3)), keras.Input((None,), dtype="int32")
    y = keras.layers.Add()([x, keras.layers.Embedding(7, 3)(ids)])
    y = keras.layers.LSTM(4, return_sequences=True, name="lstm")(y)
    y = keras.layers.LSTM(4, return_sequences=True, name="lstm_1")(y)
    y = keras.layers.Bidirectional(keras.layers.GRU(5, return_sequences=True))(y)
    y = keras.layers.GRU(4, return_sequences=True, reset_after=False)(y)
    y = keras.layers.SimpleRNN(4)(y)
    y = keras.layers.BatchNormalization(center=False)(y)
    y = keras.layers.BatchNormalization()(y)
    y = keras.layers.LayerNormalization()(y)
    y = keras.layers.Dense(2)(y)
    y = keras.layers.Dense(3, use_bias=False)(y)
    made = keras.Model([x, ids], y)
    r = np.random.default_rng(4)
    for variable in made.weights:
        variable.assign(r.uniform(0.1, 0.9, size=variable.shape) * (1 if "variance" in variable.path else r.choice([-1, 1])))
    return made


def loaded(folder: Path, text: str):
    (folder / "m.rnn").write_text(text, encoding="utf-8")
    (folder / "rnndsl.toml").touch()
    job = Job(folder / "m.rnn")
    module = job.resolve()
    plan = job.optimise(job.plan(module, module.models(), {})[0], 0)
    return plan, job.pretrained(plan), [d.code for d in job.sink.sorted()]


def test_there_and_back(tmp_path):
    theirs = model()
    theirs.save_weights(tmp_path / "m.weights.h5")
    x = np.random.default_rng(1).normal(size=(2, 6, 3)).astype("float32")
    ids = np.random.default_rng(2).integers(0, 7, size=(2, 6)).astype("int32")
    wanted = theirs([x, ids]).numpy()
    plan, found, codes = loaded(tmp_path, SPEC)
    assert codes == []
    ours = Model(plan, found.initial)
    np.testing.assert_allclose(ours.call("predict", {"x": x, "ids": ids})["y"], wanted, rtol=0, atol=1e-5)

    back = tmp_path / "back.weights.h5"
    save(back, exported(plan.loads, ours.variables, back))
    again = model()
    for variable in again.weights:
        variable.assign(np.zeros(variable.shape))
    again.load_weights(back)
    np.testing.assert_allclose(again([x, ids]).numpy(), wanted, rtol=0, atol=1e-5)
