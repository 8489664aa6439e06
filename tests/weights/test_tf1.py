"""Checkpoints that TensorFlow 1.15 wrote load with no map into models of `std.tf1`, which compute what TensorFlow 1 computes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.driver import Job
from rnndsl.meaning.running import Model
from rnndsl.weights.opening import open_source

FOLDER = Path(__file__).parent / "tf1"
SLOTS = {
    "lm": {"global_step", "beta1_power", "beta2_power", "embedding/Adam", "softmax/w/Adam_1"},
    "tagger": {"dense/bias/Momentum", "bidirectional_rnn/bw/gru_cell/gates/kernel/Momentum"},
    "normalised": set(),
}
"""Some of what an optimizer left in each file."""


@pytest.mark.tf
@pytest.mark.parametrize("name", SLOTS)
def test_it_computes_what_tensorflow_1_computes(name: str) -> None:
    job = Job(FOLDER / f"{name}.rnn")
    module = job.resolve()
    plan = job.optimise(job.plan(module, module.models(), {})[0], 1)
    pretrained = job.pretrained(plan)
    assert set(pretrained.values) == {v.path for v in plan.variables}
    with np.load(FOLDER / f"{name}.npz") as arrays:
        given = {x.name: arrays[x.name].astype("int32" if x.type.dtype == "i32" else "float32") for x in plan.inputs}
        expected = arrays["outputs"]
    outputs = Model(plan, pretrained.initial).call("predict", given)["outputs"]
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-5)


@pytest.mark.tf
@pytest.mark.parametrize("name", SLOTS)
def test_slots_of_optimizers_are_left_over_and_told(name: str) -> None:
    job = Job(FOLDER / f"{name}.rnn")
    module = job.resolve()
    [plan] = job.plan(module, module.models(), {})
    job.pretrained(plan)
    told = [
        name for d in job.sink.sorted() if d.code == "RNN0606" for note in d.notes for name in re.findall(r"`(\S+)`", note.text)
    ]
    with open_source(FOLDER / f"{name}.ckpt") as source:
        over = set(source.tensors) - {v.path for v in plan.variables}
    assert over >= SLOTS[name]
    assert set(told) == over


@pytest.mark.tf
def test_the_artefact_too(tmp_path: Path) -> None:
    model = rnndsl.load(rnndsl.compile(FOLDER / "tagger.rnn", tmp_path / "out"))
    with np.load(FOLDER / "tagger.npz") as arrays:
        given = {"x": arrays["x"].astype("float32"), "lengths": arrays["lengths"].astype("int32")}
        np.testing.assert_allclose(model.predict(given)["outputs"], arrays["outputs"], rtol=0, atol=1e-5)
