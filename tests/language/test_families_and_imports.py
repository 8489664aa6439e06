"""Families of losses and metrics, layers under paths of their own, and axes and collections of another file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.compiling import plan_of
from tests.language.section_7_10.examples import interpreted

FAMILIES = """
model m(heads: int = 3) {
  input x: f32[batch, 2]
  target y: f32[batch]
  for k in 0..heads {
    param w[k]: [2] ~ constant(k)
    o[k] = dot(x, w[k])
    loss fit[k] = mean(square(o[k] - y))
    metric off[k] = max(abs(o[k] - y))
    loss aside[k] in regularization_losses = sum(w[k])
  }
  metric first_two = fit[0] + fit[1]
  train one = sgd() on fit_1
  train family = sgd() on fit, aside_2
  train all = sgd()
}
"""


def test_a_family_of_losses_and_metrics_is_named_by_its_members() -> None:
    x, y = np.array([[1, 2], [3, 4]], "f4"), np.array([1, 1], "f4")
    found = interpreted(FAMILIES, {"x": x, "y": y})
    for k in range(3):
        off = k * x.sum(1) - y
        np.testing.assert_allclose(found[f"fit_{k}"], np.mean(off**2))
        np.testing.assert_allclose(found[f"off_{k}"], np.abs(off).max())
        np.testing.assert_allclose(found[f"aside_{k}"], 2 * k)
    np.testing.assert_allclose(found["first_two"], found["fit_0"] + found["fit_1"])


def test_training_is_on_a_member_or_on_the_whole_family() -> None:
    losses = {train.name: train.losses for train in plan_of(FAMILIES).trains}
    fit, aside = (f"fit_{k}" for k in range(3)), (f"aside_{k}" for k in range(3))
    assert losses["one"] == ("fit_1",)
    assert losses["family"] == (*(x for x in fit), "aside_2")
    assert {*losses["all"]} == {f"fit_{k}" for k in range(3)} | {*aside}


PATHS = """
cell Inside(units: int) {
  input x: [n]
  layer mine = LSTM(units) with (path = "")
  layer other = GRU(units) with (path = "deep/gru_{units}")
  output mine(x) + other(x) + mine.c[t-1]
}
model m() {
  input x: f32[batch, time, 2]
  for k in 0..2 {
    layer head[k] = Dense(1) with (path = "heads/h{k}", trainable = false)
    output o[k] = head[k](x)
  }
  layer cell = Inside(4) with (path = "rnn")
  run = scan(cell, x)
  output y = run
  output c = run.final.c
  output h = run.final.other.h
}
"""


def test_variables_lie_under_the_path_that_a_layer_is_given() -> None:
    plan = plan_of(PATHS)
    gates = ("input_gate", "forget_gate", "memory_cell", "output_gate")
    expected = {f"heads/h{k}/{name}" for k in range(2) for name in ("kernel", "bias")}
    expected |= {f"rnn/{gate}/{name}" for gate in gates for name in ("wx", "wt", "bi")}
    gru = ("update_gate", "reset_gate", "candidate")
    expected |= {f"rnn/deep/gru_4/{gate}/{name}" for gate in gru for name in ("wx", "wt", "bi")}
    assert {v.path for v in plan.variables} == expected
    assert {v.path for v in plan.variables if not v.trainable} == {path for path in expected if path.startswith("heads")}


def test_axes_and_collections_of_another_file_are_the_same_here(tmp_path: Path) -> None:
    (tmp_path / "shared.rnn").write_text("rnn 1\n\naxis src, frame\ncollection slow, fast\n", encoding="utf-8")
    text = """rnn 1

import "shared.rnn" (src, frame as piece, slow)

model m() {
  input x: f32[batch, src, 2]
  param w: [2] in {slow}
  output y = (x * w)[src = 0.. by 2, to = piece]
  loss l = l2({slow})
}
"""
    (tmp_path / "spec.rnn").write_text(text, encoding="utf-8")
    plan = plan_of(tmp_path / "spec.rnn")
    assert plan.outputs[0].name == "y"
    assert "w" in plan.collections["slow"]
    assert [x.type.axes for x in plan.inputs] == [("batch", "src")]
    assert {"src", "frame"} <= {*plan.axes}
