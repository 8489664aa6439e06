"""Where a run stands, in one file that is replaced as a whole, so that a killed run goes on from there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rnndsl.arrays.state import read_state, write_state
from rnndsl.arrays.values import Array
from rnndsl.records import Immutable, record
from rnndsl.text.faults import training as faults

_NOW, _BEST = "now", "best"


@record
class Progress(Immutable):
    """After `epoch` epochs and `steps` steps: the variables, optimizers' and counters of draws included, `now` and as they were
    after the `best` epoch, whose `results` are those to beat. What the next epoch does depends on nothing else. `history`: the
    results of each epoch; `within`: of each step of the epoch that is not whole, whose carried states are in `now` too."""

    epoch: int
    steps: int
    now: Mapping[str, Array]
    best_epoch: int
    best: Mapping[str, Array]
    results: Mapping[str, float]
    history: tuple[Mapping[str, float], ...]
    within: tuple[Mapping[str, float], ...] = ()

    @property
    def taken(self) -> int:
        """Steps, those of the epoch that is not whole too."""
        return self.steps + len(self.within)


def checkpoint_of(target: Path) -> Path:
    """The file beside the artefact `target` that holds where its training stands."""
    return target.with_name(f"{target.name}.training.npz")


def write(path: Path, run: Mapping[str, object], progress: Progress) -> None:
    """Write `progress` of a `run`, which is told by what decides its numbers; the folder is made. Raises DataError."""
    told = {
        "run": dict(run),
        "epoch": progress.epoch,
        "steps": progress.steps,
        "best_epoch": progress.best_epoch,
        "results": dict(progress.results),
        "history": [dict(each) for each in progress.history],
        "within": [dict(each) for each in progress.within],
    }
    write_state(path, told, {_NOW: progress.now, _BEST: progress.best})


def read(path: Path, run: Mapping[str, object]) -> Progress:
    """The progress of `run`. Raises DataError if there is none, or if the file is of another run: it names what differs."""
    told, groups = read_state(path, run, faults.other_run)
    best = (told["best_epoch"], groups.get(_BEST, {}), told["results"])
    return Progress(told["epoch"], told["steps"], groups.get(_NOW, {}), *best, tuple(told["history"]), tuple(told["within"]))
