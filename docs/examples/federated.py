"""Federated averaging over twenty machines, each with sensors and a state of its own, from values of a test bench.

    python docs/examples/federated.py

Machines do one of three things for some time, then another. Each has its own sensors, which nobody else has to know: `gain` and
`offset` of federated.rnn are never averaged. The machines' data are made here, and never leave the machine either. What a round
begins with, what each machine keeps, is on disk: with `--resume` a run that was stopped goes on.

The values that federated.npz brings were trained on a bench with sensors that need no reading, by this program with `--bench`.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import rnndsl
from rnndsl import federated

HERE = Path(__file__).parent
SPEC = HERE / "federated.rnn"
PACE = np.array([0.2, 0.5, 1.1])  # how fast a machine turns, by what it does, in radians a step
PARTS, STEPS = 4, 25  # of a round: so many calls of so many steps
SPINDLES = 4  # of a machine, the rows of its batches


def stream(machine: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """What the spindles of a machine do, [SPINDLES, steps], and what true sensors would show, [SPINDLES, steps, 2].

    A longer stream begins as a shorter one: the draws of each kind are in order of time.
    """
    changing, choosing, noise = (np.random.default_rng([machine, kind]) for kind in range(3))
    changes = changing.random((steps, SPINDLES)) < 1 / 30
    chosen = choosing.integers(0, 3, (steps, SPINDLES))
    begun = np.maximum.accumulate(np.where(changes, np.arange(steps)[:, None], 0))
    doing = np.take_along_axis(chosen, begun, axis=0)
    angle = np.cumsum(PACE[doing], axis=0) + np.arange(SPINDLES)
    true = np.stack([np.cos(angle), np.sin(angle)], -1) + 0.2 * noise.normal(size=(steps, SPINDLES, 2))
    return doing.T.astype(np.int32), true.swapaxes(0, 1).astype(np.float32)


def parts(machine: int, number: int) -> Iterator[dict[str, np.ndarray]]:
    """The calls of a machine in round `number`, from 1 up, as its own sensors show them. Round follows on round."""
    length = PARTS * STEPS
    doing, true = (series[:, -length:] for series in stream(machine, number * length))
    sensors = np.random.default_rng(machine)
    x = (true * sensors.uniform(0.5, 1.5, 2) + sensors.uniform(-1.0, 1.0, 2)).astype(np.float32)
    for start in range(0, length, STEPS):
        yield {"x": x[:, start : start + STEPS], "doing": doing[:, start : start + STEPS]}


def rounds(pretrained: bool, folder: Path, machines: int, count: int) -> list[float]:
    """The accuracy in each round up to `count`, of each call before it is learnt from."""
    artefact = rnndsl.compile(SPEC, folder / "artefact", pretrained=pretrained)
    run = federated.averaging(artefact, folder / "state", train="step")
    found: list[float] = []
    while run.rounds < count:
        number = run.rounds + 1
        results = run.round((f"machine-{m}", parts(m, number)) for m in range(machines))
        found.append(results["accuracy"])
        print(f"round {number:2d}  accuracy {results['accuracy']:.3f}", flush=True)
    return found


def bench(path: Path) -> None:
    """Train on machines of the bench, and write the values that the machines begin with."""
    model = rnndsl.load(rnndsl.compile(SPEC, pretrained=False))
    streams = [stream(1000 + m, 40 * STEPS) for m in range(16)]
    doing, true = (np.concatenate(series) for series in zip(*streams, strict=True))
    for epoch in range(10):
        model.reset_states()
        for start in range(0, 40 * STEPS, STEPS):
            here = slice(start, start + STEPS)
            accuracy = model.train("bench", x=true[:, here], doing=doing[:, here])["accuracy"]
        print(f"epoch {epoch}  accuracy {accuracy:.3f}")
    shared = {name: value for name, value in model.variables.items() if name.startswith(("lstm/", "head/"))}
    np.savez(path, **shared)


def main() -> None:
    parser = argparse.ArgumentParser(description="Federated averaging over machines with sensors of their own.")
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--folder", type=Path, default=Path("build/federated"))
    parser.add_argument("--resume", action="store_true", help="go on from the folder's state")
    parser.add_argument("--bench", action="store_true", help="train on the bench alone, and write federated.npz")
    arguments = parser.parse_args()
    if arguments.bench:
        bench(HERE / "federated.npz")
        return
    if not arguments.resume:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    print("from the values of the bench")
    found = rounds(True, arguments.folder / "bench", arguments.machines, arguments.rounds)
    print("from initial values")
    other = rounds(False, arguments.folder / "initial", arguments.machines, 1)
    if found and other:
        print(f"first round: {found[0]:.3f} from the bench's values, {other[0]:.3f} without; last: {found[-1]:.3f}")


if __name__ == "__main__":
    main()
