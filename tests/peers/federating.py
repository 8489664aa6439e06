"""A small artefact, the data of three clients, and rounds of `rnndsl.federated` by which engines are measured."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from rnndsl import federated

CLIENTS, ROUNDS, STEPS = 3, 3, 2
SPEC = """rnn 1
model shared {
  input x: f32[batch, time, 2]
  target y: f32[batch, 1]
  collection personal
  layer lstm = LSTM(6)
  layer norm = LayerNorm()
  layer head = Dense(1)
  run = scan(lstm, x)
  prediction = head(norm(run.last))
  output prediction
  loss mse = mean(square(prediction - y))
  load lstm/** from "lstm.npz"
  freeze norm/beta
  train step = sgd(rate = 0.1)
}
"""
PERSONAL = SPEC.replace("freeze norm/beta", "collect norm/* in personal")


def pretrained() -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    shapes = {"wx": (2, 6), "wt": (6, 6), "bi": (6,)}
    gates = ("input_gate", "forget_gate", "memory_cell", "output_gate")
    return {f"lstm/{g}/{n}": random.normal(size=s).astype(np.float32) * 0.3 for g in gates for n, s in shapes.items()}


def made(folder: Path, text: str) -> Path:
    """The artefact of a spec, by the rnndsl of the environment that made this one."""
    folder.mkdir()
    (folder / "spec.rnn").write_text(text, encoding="utf-8")
    np.savez(folder / "lstm.npz", **pretrained())
    command = [os.environ["RNNDSL"], "compile", str(folder / "spec.rnn"), "-o", str(folder / "out")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / "out"


def batches(client: int, number: int) -> Iterator[dict[str, np.ndarray]]:
    """Of clients of unlike sizes."""
    random = np.random.default_rng([client, number])
    for _ in range(STEPS):
        x = random.normal(size=(3 + client, 5, 2)).astype(np.float32)
        yield {"x": x, "y": x.sum((1, 2))[:, None]}


def rounds(artefact: Path, folder: Path) -> tuple[Mapping[str, np.ndarray], list[float]]:
    """What the built-in loop averages in three rounds, by path, and the loss of each."""
    run = federated.averaging(artefact, folder)
    losses = [run.round((f"c{k}", batches(k, run.rounds + 1)) for k in range(CLIENTS))["loss"] for _ in range(ROUNDS)]
    return run.values, losses
