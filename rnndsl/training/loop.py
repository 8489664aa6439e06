"""Epochs of a training signature, until there were enough, nothing gets better, or least squares has converged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from rnndsl.api import Loaded
from rnndsl.arrays.values import Array
from rnndsl.backends.workers import ALONE, Worker
from rnndsl.language.builtins import BATCH
from rnndsl.plan.model import TensorType
from rnndsl.records import Immutable, record
from rnndsl.text.fault import CallError
from rnndsl.text.faults import training as faults
from rnndsl.training import checkpoint
from rnndsl.training.checkpoint import Progress
from rnndsl.training.examples import Examples
from rnndsl.training.watch import HELD_OUT, Watch

CONVERGED = "converged"


class Report(Protocol):
    """Is told how far a run is, with results by name."""

    def step(self, epoch: int, done: int, of: int | None, results: Mapping[str, float], /) -> None:
        """Before the first step of an epoch, without results, and after each: so many are `done`, `of` all if that is known."""

    def epoch(self, epoch: int, steps: int, results: Mapping[str, float], /) -> None:
        """After each epoch, with the steps of the whole run so far."""

    def close(self) -> None:
        """After the last one, or where the run ends otherwise."""


@record
class Wanted(Immutable):
    """What is asked for. `watch` is None if nothing is held out; so many epochs of `patience` without a better one end the run.
    `save_every`: after so many steps of an epoch the state is written too. `evaluated`: the inputs of `evaluate`. `worker`: which
    this is of those that take each step together."""

    signature: str
    epochs: int
    patience: int | None
    save_every: int | None
    watch: Watch | None
    evaluated: tuple[str, ...]
    worker: Worker = ALONE


def train(
    model: Loaded,
    examples: Examples,
    wanted: Wanted,
    run: Mapping[str, object],
    path: Path,
    resumed: Progress | None,
    reports: Sequence[Report],
) -> Progress:
    """Train `model` from its present values, or from `resumed`; the first worker writes the checkpoint `path` after each epoch, and
    within.

    The best epoch is the one that `watch` tells, or else the last. Raises CallError for a loss that is no
    finite number, DataError if the checkpoint cannot be written.
    """
    save = partial(checkpoint.write, path, run) if wanted.worker.at == 0 else _not_kept
    progress = resumed or Progress(0, 0, _kept(model), 0, {}, {}, ())
    if resumed is not None:
        model.assign(resumed.now)
    while progress.epoch < wanted.epochs and not _is_over(progress, wanted):
        results, steps = _epoch(model, examples, wanted, progress, save, reports)
        progress = _after(model, wanted, progress, results, steps)
        save(progress)
        for each in reports:
            each.epoch(progress.epoch, progress.steps, results)
        if results.get(CONVERGED):
            break
    return progress


def _not_kept(progress: Progress) -> None:
    """The first worker writes it."""


def _is_over(progress: Progress, wanted: Wanted) -> bool:
    return wanted.patience is not None and progress.epoch - progress.best_epoch >= wanted.patience


def _epoch(
    model: Loaded,
    examples: Examples,
    wanted: Wanted,
    before: Progress,
    save: Callable[[Progress], None],
    reports: Sequence[Report],
) -> tuple[dict[str, float], int]:
    """The results of one epoch, and how many steps it took. Those of the steps are averaged by step."""
    found, epoch, of = list(before.within), before.epoch + 1, examples.steps
    if not found:
        _start_afresh(model)
    _tell(reports, epoch, len(found), of, {})
    for inputs in examples.batches(epoch, len(found)):
        own = _share(inputs, examples.types, wanted.worker)
        result = _numbers(model.train(wanted.signature, own))
        found.append(result)
        if not math.isfinite(result["loss"]):
            raise CallError(faults.not_finite(wanted.signature, result["loss"], epoch, len(found)))
        _tell(reports, epoch, len(found), of, result)
        if wanted.save_every and len(found) % wanted.save_every == 0 and len(found) < of:
            best = (before.best_epoch, before.best, before.results)
            save(Progress(before.epoch, before.steps, model.variables, *best, before.history, tuple(found)))
    results = {name: float(np.mean([each[name] for each in found])) for name in found[0] if name != CONVERGED}
    if CONVERGED in found[-1]:
        results[CONVERGED] = found[-1][CONVERGED]
    if examples.held_out:
        _start_afresh(model)
        data = {name: array for name, array in examples.validation().items() if name in wanted.evaluated}
        results |= {HELD_OUT + name: value for name, value in _numbers(model.evaluate(data)).items()}
    return results, len(found)


def _tell(reports: Sequence[Report], epoch: int, done: int, of: int, results: Mapping[str, float]) -> None:
    for each in reports:
        each.step(epoch, done, of, results)


def _numbers(results: Mapping[str, Array]) -> dict[str, float]:
    """The results that are numbers, `loss` first."""
    names = sorted(results, key=lambda name: (name != "loss", name))
    return {name: float(results[name]) for name in names if results[name].ndim == 0}


def _after(model: Loaded, wanted: Wanted, before: Progress, results: Mapping[str, float], steps: int) -> Progress:
    epoch, now = before.epoch + 1, _kept(model)
    is_best = wanted.watch is None or wanted.watch.is_better(results, before.results)
    best = (epoch, now, results) if is_best else (before.best_epoch, before.best, before.results)
    return Progress(epoch, before.steps + steps, now, *best, (*before.history, results))


def _start_afresh(model: Loaded) -> None:
    if "reset_states" in model.signatures:
        model.reset_states()


def _kept(model: Loaded) -> dict[str, Array]:
    """The present values of all variables but those that every epoch clears."""
    carried = {v["path"] for v in model.manifest["variables"] if v["kind"] == "carried"}
    return {path: value for path, value in model.variables.items() if path not in carried}


# ---- of several workers


def _share(batch: Mapping[str, Array], types: Mapping[str, TensorType], worker: Worker) -> dict[str, Array]:
    """The rows of `batch` that are the worker's own, as many as any other's or one more; what has no rows is everybody's."""
    return {name: _rows(array, types[name], worker) for name, array in batch.items()}


def _rows(array: Array, t: TensorType, worker: Worker) -> Array:
    if BATCH not in t.axes:
        return array
    at = t.axes.index(BATCH)
    first, end = (array.shape[at] * place // worker.of for place in (worker.at, worker.at + 1))
    return array[(slice(None),) * at + (slice(first, end),)]
