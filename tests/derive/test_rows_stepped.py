"""A table of which a step looks up some rows is stepped in these rows, where that is the same as a step of the whole table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from rnndsl.plan.function import Assign
from tests.compiling import artefact, plan_of

SPEC = """
fn total(x) = sum(sum(square(x), over = last), over = last)
model m with (dtype = f64) {
  input ids: i32[batch, time]
  input pair: i32[batch, 2]
  input n: i32[batch]
  target y: f64[batch, 3]
  layer words = Embedding(9, 3)
  param table: [5, 3] ~ normal
  layer c = GRU(3)
  seen = gather(table, pair)
  loss l = mean(square(scan(c, words(ids), lengths = n).last + seen[0, 0..3] * seen[1, 0..3] - y))
  MORE
  rate words/** by 0.5
  train step = OPTIMIZER
}
"""
WHOLE = "loss nothing = 0.0 * (total(words.table) + total(table))"
"""Makes the gradients those of whole tables, and no other."""
RANDOM = np.random.default_rng(4)
FED = {
    "ids": np.array([[1, 1, 8, -1], [0, 4, 1, 1]], np.int32),
    "pair": np.array([[3, 3], [0, 3]], np.int32),
    "n": np.array([3, 4], np.int32),
    "y": RANDOM.normal(size=(2, 3)),
}
BY_ROWS = ["sgd(0.5)", "sgd(0.5, clip_norm = 0.1)", "adagrad(0.3, clip_value = 0.01)"]
WHOLLY = ["sgd(0.5, momentum = 0.9)", "adam(0.1)", "adamw(0.1)", "rmsprop(0.1)", "sgd(0.5, average = 0.9)", "adafactor(0.1)"]


def plan(optimizer: str, more: str = ""):
    return plan_of(SPEC.replace("OPTIMIZER", optimizer).replace("MORE", more))


def stepped(made) -> set[str]:
    """The variables of which a step writes rows."""
    return {x.variable for x in made.function("step").steps if isinstance(x, Assign) and x.rows is not None}


@pytest.mark.parametrize("optimizer", BY_ROWS)
def test_rows_are_stepped_as_whole_tables_are(optimizer: str) -> None:
    """Ids that come several times count once, those that a length leaves out not at all."""
    few, whole = plan(optimizer), plan(optimizer, WHOLE)
    assert {"words/table", "table"} <= stepped(few) and stepped(whole) == set()
    found, expected = Model(few), Model(whole)
    for _ in range(2):
        found.call("step", FED)
        expected.call("step", FED)
    for path, value in expected.variables.items():
        np.testing.assert_allclose(found.variables[path], value, rtol=1e-12, atol=1e-15, err_msg=path)
    moved = np.any(found.variables["words/table"] != Model(few).variables["words/table"], axis=-1)
    assert np.flatnonzero(moved).tolist() == [0, 1, 4, 8]


@pytest.mark.parametrize("optimizer", WHOLLY)
def test_what_moves_every_row_steps_the_whole_table(optimizer: str) -> None:
    assert stepped(plan(optimizer)) == set()


def test_a_table_that_something_else_reads_is_stepped_as_a_whole() -> None:
    assert stepped(plan("sgd(0.5)", "loss small = 0.1 * total(words.table)")) == {"table"}


def test_an_update_after_the_step_reads_what_it_wrote() -> None:
    text = SPEC.replace("OPTIMIZER", "sgd(0.5) before update_ops").replace(
        "MORE", "var most: [] ~ zeros\n  update most <- max(max(words.table, over = last), over = last)"
    )
    model = Model(plan_of(text))
    model.call("step", FED)
    assert model.variables["most"] == model.variables["words/table"].max()


@pytest.mark.tf
def test_an_artefact_steps_the_same_rows(tmp_path: Path) -> None:
    text = SPEC.replace("OPTIMIZER", BY_ROWS[2]).replace("MORE", "")
    model, loaded = Model(plan_of(text)), artefact(tmp_path, text)
    for _ in range(2):
        model.call("step", FED)
        loaded.train("step", FED)
    for path, value in model.variables.items():
        np.testing.assert_allclose(loaded.variables[path], value, rtol=1e-10, atol=1e-13, err_msg=path)
