"""What a run is, so that it is gone on with and no other, and what the manifest of its artefact says of it."""

from __future__ import annotations

from rnndsl.artefact.manifest import Manifest, TrainingInfo
from rnndsl.training.checkpoint import Progress
from rnndsl.training.examples import Examples
from rnndsl.training.loop import Wanted


def identity(manifest: Manifest, data: Examples, wanted: Wanted) -> dict[str, object]:
    """All that decides the numbers of a run but how long it is, by what it is called."""
    return {
        "model": manifest.sha256,
        "data": data.digests(),
        "--train": wanted.signature,
        "--hold-out": data.held_out,
        "--hold-out-random": data.split.hold_out is not None and data.split.hold_out.any,
        "--watch": None if wanted.watch is None else str(wanted.watch),
        "--batch": data.split.batch,
        "--buckets": data.split.buckets,
        "--lengths": list(data.lengths),
        "--seed": data.split.seed,
    }


def of(manifest: Manifest, data: Examples, wanted: Wanted, progress: Progress) -> TrainingInfo:
    """The record of a run that is over."""
    return TrainingInfo(
        signature=wanted.signature,
        start=manifest.sha256,
        data=data.digests(),
        examples=data.count,
        held_out=data.held_out,
        batch=data.split.batch,
        seed=data.split.seed,
        epoch=progress.best_epoch,
        epochs=progress.epoch,
        steps=progress.steps,
        results=dict(progress.results),
    )
