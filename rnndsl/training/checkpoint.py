"""Where a run stands between two epochs, in one file that is replaced as a whole, so that a killed run goes on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from rnndsl.arrays.npy import Archive, write_npz
from rnndsl.arrays.values import Array, DataError
from rnndsl.records import Immutable, record
from rnndsl.regular import replacing
from rnndsl.text.faults import files
from rnndsl.text.faults import training as faults

_STATE, _NOW, _BEST = "state", "now/", "best/"


@record
class Progress(Immutable):
    """After `epoch` epochs and `steps` steps: the variables, optimizers' and counters of draws included, `now` and as they were
    after the `best` epoch, whose `results` are those to beat. What the next epoch does depends on nothing else. `history`: the
    results of each epoch."""

    epoch: int
    steps: int
    now: Mapping[str, Array]
    best_epoch: int
    best: Mapping[str, Array]
    results: Mapping[str, float]
    history: tuple[Mapping[str, float], ...]


def checkpoint_of(target: Path) -> Path:
    """The file beside the artefact `target` that holds where its training stands."""
    return target.with_name(f"{target.name}.training.npz")


def write(path: Path, run: Mapping[str, object], progress: Progress) -> None:
    """Write `progress` of a `run`, which is told by what decides its numbers; the folder is made. Raises DataError."""
    state = {
        "run": dict(run),
        "epoch": progress.epoch,
        "steps": progress.steps,
        "best_epoch": progress.best_epoch,
        "results": dict(progress.results),
        "history": [dict(each) for each in progress.history],
    }
    arrays: dict[str, Array] = {_STATE: np.frombuffer(json.dumps(state).encode(), np.uint8)}
    arrays |= {_NOW + name: value for name, value in progress.now.items()}
    arrays |= {_BEST + name: value for name, value in progress.best.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            write_npz(file, arrays)
    except OSError as error:
        raise DataError(files.unwritable(path, error)) from None


def read(path: Path, run: Mapping[str, object]) -> Progress:
    """The progress of `run`. Raises DataError if there is none, or if the file is of another run: it names what differs."""
    with Archive(path) as archive:
        arrays = {name: archive.read(name) for name in archive.headers}
    state = _state(path, arrays)
    theirs = cast("dict[str, object]", state["run"])
    differing = [name for name, value in run.items() if theirs.get(name) != value]
    if differing:
        raise DataError(faults.other_run(path, differing))
    groups = {g: {n.removeprefix(g): x for n, x in arrays.items() if n.startswith(g)} for g in (_NOW, _BEST)}
    best = (state["best_epoch"], groups[_BEST], state["results"])
    return Progress(state["epoch"], state["steps"], groups[_NOW], *best, tuple(state["history"]))


def _state(path: Path, arrays: Mapping[str, Array]) -> dict[str, Any]:
    try:
        return json.loads(arrays[_STATE].tobytes())
    except (KeyError, ValueError):
        raise DataError(faults.no_checkpoint(path)) from None
