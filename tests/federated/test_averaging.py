"""Rounds of federated averaging: their numbers beside NumPy from the paper, what a client keeps, and rounds that are broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rnndsl.federated.averaging import Averaging
from rnndsl.federated.sharing import Sharing
from rnndsl.federated.working import Worker
from tests.federated.interpreted import averaged

LINE = """rnn 1
model line with (dtype = f64) {
  input x: f64[batch, 3]
  target y: f64[batch]
  collection personal
  param w: [3, 1] ~ normal
  param own: [] ~ zeros in {personal}
  param fixed: [] ~ constant(0.5) frozen
  prediction = (x @ w)[0] + own + fixed
  output prediction
  loss mse = mean(square(prediction - y))
  train fit = sgd(rate = 0.1)
}
"""
NOISY = """rnn 1
model noisy {
  input x: f32[batch, time, 2]
  target y: f32[batch, 1]
  collection personal
  layer drop = Dropout(0.3)
  layer enc = GRU(3)
  layer norm = BatchNorm()
  layer head = Dense(1)
  param gain: [2] ~ ones in {personal}
  run = scan(enc, drop(x * gain), carry = true)
  p = head(norm(run.last))
  output p
  loss mse = mean(square(p - y))
  train fit = adam(rate = 0.05)
}
"""
Batch = dict[str, np.ndarray]


def batches(client: int, number: int, count: int = 2) -> Iterator[Batch]:
    random = np.random.default_rng([client, number])
    for _ in range(count):
        x = random.normal(size=(2 + client, 3))
        yield {"x": x, "y": x.sum(1) * 0.3 + client}


def sequences(client: int, number: int) -> Iterator[Batch]:
    random = np.random.default_rng([client, number])
    for _ in range(2):
        x = random.normal(size=(3, 4, 2)).astype(np.float32)
        yield {"x": x, "y": x.sum((1, 2))[:, None] + client}


def noisy_round(run: object, clients: int = 3) -> dict[str, float]:
    number = run.rounds + 1  # type: ignore[attr-defined]
    return run.round((f"c{k}", sequences(k, number)) for k in range(clients))  # type: ignore[attr-defined]


def test_rounds_are_those_of_the_paper(tmp_path: Path) -> None:
    """McMahan et al. 2017, algorithm 1: w is averaged with weights by examples, a bias of each client's own is not."""
    run = averaged(LINE, tmp_path)
    w, own = run.values["w"][:, 0].copy(), np.zeros(3)
    for number in range(1, 4):
        ends, examples, losses = [], [], []
        for k in range(3):
            local = w.copy()
            for batch in batches(k, number):
                r = batch["x"] @ local + own[k] + 0.5 - batch["y"]
                losses.append(np.mean(r * r) * len(r))
                local = local - 0.1 * 2 * batch["x"].T @ r / len(r)
                own[k] -= 0.1 * 2 * np.mean(r)
            ends.append(local)
            examples.append(2 * (2 + k))
        w = np.average(ends, axis=0, weights=examples)
        results = run.round((f"c{k}", batches(k, number)) for k in range(3))
        assert results["loss"] == pytest.approx(sum(losses) / sum(examples), rel=1e-12)
    np.testing.assert_allclose(run.values["w"][:, 0], w, rtol=1e-12)
    assert run.values.keys() == {"w"}
    batch = next(batches(1, 9))
    for k in range(3):  # with its own bias, however often it is asked
        found = run.call(f"c{k}", "predict", {"x": batch["x"]})["prediction"]
        np.testing.assert_allclose(found, batch["x"] @ w + own[k] + 0.5, rtol=1e-12)


def test_clients_come_and_go(tmp_path: Path) -> None:
    """One without examples takes no part; one that was away goes on from what it kept."""
    run = averaged(LINE, tmp_path)
    run.round([("a", batches(1, 1)), ("b", iter(()))])
    alone = averaged(LINE, tmp_path / "alone")
    alone.round([("a", batches(1, 1))])
    np.testing.assert_array_equal(run.values["w"], alone.values["w"])
    assert [path.name for path in (tmp_path / "clients").iterdir()] == ["a.npz"]
    x = next(batches(1, 9))["x"]
    before = run.call("a", "predict", {"x": x})["prediction"] - x @ run.values["w"][:, 0]
    run.round([("b/..", batches(2, 1))])
    after = run.call("a", "predict", {"x": x})["prediction"] - x @ run.values["w"][:, 0]
    np.testing.assert_allclose(after, before, rtol=1e-12)
    assert {path.parent for path in tmp_path.rglob("*b*.npz")} == {tmp_path / "clients"}


def test_what_a_client_keeps_is_carried_from_round_to_round(tmp_path: Path) -> None:
    """Two rounds of one client are one call after the other, but for the optimizer, which starts afresh; draws go on."""
    run = averaged(NOISY.replace("adam(rate = 0.05)", "sgd(rate = 0.05)"), tmp_path / "a")
    noisy_round(run, 1)
    noisy_round(run, 1)
    whole = averaged(NOISY.replace("adam(rate = 0.05)", "sgd(rate = 0.05)"), tmp_path / "b")
    whole.round([("c0", [*sequences(0, 1), *sequences(0, 2)])])
    for path, value in whole.values.items():
        np.testing.assert_allclose(run.values[path], value, rtol=1e-5, atol=1e-7, err_msg=path)
    kept = np.load(tmp_path / "a" / "clients" / "c0.npz")
    assert kept["now/run/h"].shape == (3, 3) and kept["now/gain"].tolist() != [1, 1]
    noisy_round(run, 2)
    other = np.load(tmp_path / "a" / "clients" / "c1.npz")
    assert other["now/call_counter"] != kept["now/call_counter"], "no two clients draw the same"


def test_a_round_that_is_killed_is_done_again_to_the_bit(tmp_path: Path) -> None:
    """The process is killed within the second round, while its second client trains."""
    through = averaged(NOISY, tmp_path / "through")
    for _ in range(3):
        noisy_round(through)
    code = f"import tests.federated.test_averaging as t; t.killed({str(tmp_path / 'killed')!r})"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == -signal.SIGKILL
    again = averaged(NOISY, tmp_path / "killed")
    assert again.rounds == 1
    assert np.load(tmp_path / "killed" / "clients" / "c0.npz")["now/call_counter"] != 0
    while again.rounds < 3:
        noisy_round(again)
    files = {path.relative_to(tmp_path / "through") for path in (tmp_path / "through").rglob("*") if path.is_file()}
    assert len(files) == 4
    for path in files:
        assert (tmp_path / "killed" / path).read_bytes() == (tmp_path / "through" / path).read_bytes(), path


def killed(folder: str) -> None:
    """Does a round, and is killed in the next one."""
    run = averaged(NOISY, Path(folder))
    noisy_round(run)

    def dying() -> Iterator[Batch]:
        yield next(sequences(1, 2))
        os.kill(os.getpid(), signal.SIGKILL)

    run.round([("c0", sequences(0, 2)), ("c1", dying())])


class Wide:
    """A model that goes half of the way to zero at each step, in place of an artefact."""

    def __init__(self) -> None:
        self.variables = {"w": np.ones(10_000), "own": np.ones(10_000)}

    def assign(self, values: dict[str, np.ndarray]) -> None:
        self.variables.update(values)

    def call(self, signature: str, inputs: Batch) -> Batch:
        self.variables = {path: value / 2 for path, value in self.variables.items()}
        return {}


def test_memory_does_not_grow_with_the_number_of_clients(tmp_path: Path) -> None:
    run = Averaging(Worker(Wide(), Sharing("fit", ("w",), ("own",), (), None, {}, ())), tmp_path, {})

    def peak(clients: int) -> int:
        tracemalloc.reset_peak()
        run.round((f"c{k}", [{}]) for k in range(clients))
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(2)
        few, many = peak(4), peak(200)
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(run.values["w"], np.full(10_000, 1 / 8))
    assert many - few < 1_000_000, "the other 196 have 80 kB each"
    assert len([*(tmp_path / "clients").iterdir()]) == 200
