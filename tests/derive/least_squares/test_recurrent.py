"""Recurrent networks fitted by `levenberg_marquardt` in an artefact: a NARX network to a plant, an Elman network to amplitudes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from tests.compiling import SPECS, artefact
from tests.specs.data import answered, plant

pytestmark = pytest.mark.tf

CALLS = 200


def test_a_narx_network_simulates_a_plant(tmp_path: Path) -> None:
    """34 weights, 1,000 steps simulated from the input alone; then an input that is of another kind (Narendra & Parthasarathy 1990,
    example 4). pyrenn gets to between 1.2e-4 and 4.1e-4 in so many iterations."""
    loaded = rnndsl.load(rnndsl.compile(SPECS / "plant.rnn", tmp_path / "out"))
    assert sum(value.size for path, value in loaded.variables.items() if path.startswith("simulated/")) == 34
    losses = [float(loaded.train("fit", plant())["loss"]) for _ in range(CALLS)]
    assert all(b <= a for a, b in pairwise(losses))
    k = np.arange(800)
    slow = np.sin(2 * np.pi * k / 250)
    u = np.where(k < 500, slow, 0.8 * slow + 0.2 * np.sin(2 * np.pi * k / 25))
    found = loaded.predict(u=u[None, :, None])["run"][0, :, 0]
    assert np.mean((found - answered(u)) ** 2) < 4.1e-4


ELMAN = """import std.cells (Elman)
model amplitude with (dtype = f64, seed = 0) {
  input x: f64[batch, time, 1]
  target y: f64[batch, time, 1]
  layer cell = Elman(5, activation = tanh)
  layer head = Dense(1)
  residual r = head(scan(cell, x)) - y
  metric mse = mean(square(r))
  train fit = levenberg_marquardt(damping = 1e-2)
}
"""


def test_an_elman_network_tells_amplitudes(tmp_path: Path) -> None:
    """Waves of amplitude 1 and 2 in turn; the network has to say which it is, which no single value tells."""
    t = np.arange(1, 21)
    x = np.concatenate([a * np.sin(t) for a in (1, 2, 1, 2)])
    y = np.repeat([1.0, 2.0, 1.0, 2.0], 20)
    loaded = artefact(tmp_path, ELMAN)
    feeds = {"x": x[None, :, None], "y": y[None, :, None]}
    told = [loaded.train("fit", feeds) for _ in range(100)]
    assert told[0]["mse"] > 0.25  # to say 1.5 is to be off by a half
    assert told[-1]["mse"] < 0.02
