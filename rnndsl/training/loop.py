"""Epochs of a training signature, until there were enough, nothing gets better, or least squares has converged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from rnndsl.api import Loaded
from rnndsl.arrays.values import Array
from rnndsl.records import Immutable, record
from rnndsl.text.fault import CallError
from rnndsl.text.faults import training as faults
from rnndsl.training import checkpoint
from rnndsl.training.checkpoint import Progress
from rnndsl.training.examples import Examples

CONVERGED = "converged"
HELD_OUT = "held_out/"
Report = Callable[[int, int, Mapping[str, float]], None]
"""Called after each epoch with its number, the steps so far, and its results by name."""


@record
class Wanted(Immutable):
    """What is asked for. `watch` names the result of `evaluate` on what is held out that is to be low, None if nothing is held out;
    so many epochs of `patience` without a lower one end the run. `evaluated`: the inputs of `evaluate`."""

    signature: str
    epochs: int
    batch: int | None
    seed: int
    patience: int | None
    watch: str | None
    evaluated: tuple[str, ...]


def train(
    model: Loaded,
    examples: Examples,
    wanted: Wanted,
    run: Mapping[str, object],
    path: Path,
    resumed: Progress | None,
    report: Report,
) -> Progress:
    """Train `model` from its present values, or from `resumed`, and write the checkpoint `path` after each epoch.

    The best epoch is the one with the lowest `watch`, or else the last. Raises CallError for a loss that is no
    finite number, DataError if the checkpoint cannot be written.
    """
    progress = resumed or Progress(0, 0, _kept(model), 0, {}, {})
    if resumed is not None:
        model.assign(resumed.now)
    while progress.epoch < wanted.epochs and not _is_over(progress, wanted):
        results, steps = _epoch(model, examples, wanted, progress.epoch + 1)
        progress = _after(model, wanted, progress, results, steps)
        checkpoint.write(path, run, progress)
        report(progress.epoch, progress.steps, results)
        if results.get(CONVERGED):
            break
    return progress


def _is_over(progress: Progress, wanted: Wanted) -> bool:
    return wanted.patience is not None and progress.epoch - progress.best_epoch >= wanted.patience


def _epoch(model: Loaded, examples: Examples, wanted: Wanted, epoch: int) -> tuple[dict[str, float], int]:
    """The results of one epoch, and how many steps it took. Those of the steps are averaged by step."""
    _start_afresh(model)
    found: list[dict[str, float]] = []
    for inputs in examples.batches(wanted.batch, wanted.seed, epoch):
        result = {name: float(value) for name, value in model.train(wanted.signature, inputs).items() if value.ndim == 0}
        found.append(result)
        if not math.isfinite(result["loss"]):
            raise CallError(faults.not_finite(wanted.signature, result["loss"], epoch, len(found)))
    results = {name: float(np.mean([each[name] for each in found])) for name in found[0] if name != CONVERGED}
    if CONVERGED in found[-1]:
        results[CONVERGED] = found[-1][CONVERGED]
    if examples.held_out:
        _start_afresh(model)
        data = {name: array for name, array in examples.validation().items() if name in wanted.evaluated}
        results |= {HELD_OUT + name: float(value) for name, value in model.evaluate(data).items()}
    return results, len(found)


def _after(model: Loaded, wanted: Wanted, before: Progress, results: Mapping[str, float], steps: int) -> Progress:
    epoch, now = before.epoch + 1, _kept(model)
    if wanted.watch is None or not before.results or _is_lower(HELD_OUT + wanted.watch, results, before.results):
        return Progress(epoch, before.steps + steps, now, epoch, now, results)
    return Progress(epoch, before.steps + steps, now, before.best_epoch, before.best, before.results)


def _is_lower(name: str, results: Mapping[str, float], before: Mapping[str, float]) -> bool:
    return math.isnan(before[name]) or results[name] < before[name]


def _start_afresh(model: Loaded) -> None:
    if "reset_states" in model.signatures:
        model.reset_states()


def _kept(model: Loaded) -> dict[str, Array]:
    """The present values of all variables but those that every epoch clears."""
    carried = {v["path"] for v in model.manifest["variables"] if v["kind"] == "carried"}
    return {path: value for path, value in model.variables.items() if path not in carried}
