"""Specs that load what a peer saved, at work in NumPy, and what they export again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.driver import Job
from rnndsl.meaning.running import Model
from rnndsl.weights.exporting import exported, save

Array = np.ndarray[Any, np.dtype[Any]]


def exchanged(folder: Path, text: str, x: Array, wanted: Array, back: str) -> Path:
    """The file `back` with what the spec `text` exports, once it has loaded all of its file and given what is `wanted` of `x`."""
    (folder / "m.rnn").write_text(text, encoding="utf-8")
    (folder / "rnndsl.toml").touch()
    job = Job(folder / "m.rnn")
    module = job.resolve()
    plan = job.optimise(job.plan(module, module.models(), {})[0], 0)
    found = job.pretrained(plan)
    assert job.sink.sorted() == []
    model = Model(plan, found.initial)
    np.testing.assert_allclose(model.call("predict", {"x": x})["y"], wanted, rtol=0, atol=1e-5)
    path = folder / back
    save(path, exported(plan.loads, model.variables, path))
    return path
