"""An artefact with other values: what reads them, and that nothing else has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.artefact.files import files_below, same_content

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 2]
  target y: f32[batch, 1]
  run = scan(cell, x, carry = true)
  layer cell = GRU(3)
  layer head = Dense(1)
  output p = head(run.last)
  loss l = mean(square(p - y))
  train fit = adam()
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("resave")
    (root / "m.rnn").write_text(SPEC)
    return rnndsl.compile(root / "m.rnn", root / "out", emit=["meta-graph"])


def test_the_values_are_there_for_every_reader(folder: Path, tmp_path: Path) -> None:
    import tensorflow as tf

    model = rnndsl.load(folder)
    data = {"x": np.ones((2, 4, 2), np.float32), "y": np.ones((2, 1), np.float32)}
    first = model.predict(x=data["x"])["p"]
    model.train("fit", data)
    model.save(tmp_path / "now")
    model.reset_states()
    now = model.predict(x=data["x"])["p"]
    assert not np.array_equal(first, now)

    again = rnndsl.load(tmp_path / "now")
    np.testing.assert_array_equal(again.predict(x=data["x"])["p"], now)  # with no state of the call before
    plain = tf.saved_model.load(str(tmp_path / "now"))
    np.testing.assert_array_equal(plain.signatures["predict"](x=tf.constant(data["x"]))["p"], now)
    session_values = tf.train.load_checkpoint(str(tmp_path / "now" / "graph.ckpt"))
    assert all(np.array_equal(session_values.get_tensor(p), v) for p, v in model.variables.items() if "run" not in p)
    again.reset()
    again.reset_states()
    np.testing.assert_array_equal(again.predict(x=data["x"])["p"], first)


def test_it_is_an_artefact_like_any_other(folder: Path, tmp_path: Path) -> None:
    model = rnndsl.load(folder)
    model.save(tmp_path / "same")
    assert files_below(tmp_path / "same") == files_below(folder)
    model.assign({"head/bias": [2.0]})
    for name in ("one", "two", "same"):
        model.save(tmp_path / name)
    assert same_content(tmp_path / "one", tmp_path / "two") and same_content(tmp_path / "one", tmp_path / "same")
    rnndsl.compile(folder.parent / "m.rnn", tmp_path / "same", emit=["meta-graph"])
    assert same_content(tmp_path / "same", folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(rnndsl.DiagnosticsError, match="RNN070"):
        model.save(tmp_path / "full")
