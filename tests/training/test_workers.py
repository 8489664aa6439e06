"""Workers, a process each, train as one machine does that has all rows; a lost one ends the run, which is gone on with."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import rnndsl

pytestmark = [pytest.mark.tf, pytest.mark.slow]
SPEC = """rnn 1
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input n: i32[batch]
  target y: f64[batch, 2]
  layer cell = LSTM(8)
  layer norm = BatchNorm()
  layer head = Dense(2)
  h = head(norm(dropout(scan(cell, x, lengths = n).last, 0.3)))
  residual r = h - y
  loss l = mean(square(r))
  metric mae = mean(abs(r))
  train fit = adam(rate = 0.01, clip_norm = 1.0) after update_ops
  train lm = levenberg_marquardt(jacobian = forward, damping = 1.0) over head/*
}
"""
EPOCHS = 4
TIMEOUT = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workers")
    (folder / "m.rnn").write_text(SPEC)
    rnndsl.compile(folder / "m.rnn", folder / "m", emit=["replicas"])
    random = np.random.default_rng(0)
    x, y = (random.normal(size=size) for size in ((30, 6, 2), (30, 2)))
    np.savez(folder / "data.npz", x=x, n=random.integers(1, 7, 30).astype(np.int32), y=y)
    return folder


def ports(count: int) -> list[int]:
    """That nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


def start(folder: Path, name: str, count: int, *options: str) -> list[subprocess.Popen[str]]:
    """Workers, or one process without others, that train the model to the artefact `name`."""
    command = [sys.executable, "-m", "rnndsl.cli.main", "train", "m", "data.npz", "-o", name, "--batch", "7", *options]
    cluster = {"worker": [f"localhost:{port}" for port in ports(count)]}
    started: list[subprocess.Popen[str]] = []
    for index in range(count):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = {**os.environ, **({"TF_CONFIG": config} if count > 1 else {})}
        wanted = [*command, *(["--workers"] if count > 1 else [])]
        out = (folder / f"{name}.{index}.out").open("w")
        started.append(subprocess.Popen(wanted, cwd=folder, env=environment, stdout=out, stderr=subprocess.PIPE, text=True))
    return started


def curve(folder: Path, name: str) -> list[dict[str, float]]:
    """The results of each epoch, as the chief prints them."""
    lines = re.findall(r"^epoch \d+/\d+  (.*)  \S+ steps/s", (folder / f"{name}.0.out").read_text(), re.MULTILINE)
    return [dict(zip(line.split()[::2], map(float, line.split()[1::2]), strict=True)) for line in lines]


def trained(folder: Path, name: str) -> dict[str, np.ndarray]:
    return rnndsl.load(folder / name).variables


@pytest.mark.parametrize("train", ["fit", "lm"])
def test_the_curve_of_one(folder: Path, train: str) -> None:
    for count in (1, 2, 4):
        name = f"{train}-{count}"
        for worker in start(folder, name, count, "--train", train, "--epochs", str(EPOCHS), "--hold-out", "6"):
            _, error = worker.communicate(timeout=TIMEOUT)
            assert worker.returncode == 0, error
    alone = curve(folder, f"{train}-1")
    assert len(alone) == EPOCHS
    values = trained(folder, f"{train}-1")
    for count in (2, 4):
        for own, of_one in zip(curve(folder, f"{train}-{count}"), alone, strict=True):
            assert own == pytest.approx(of_one, rel=1e-3), "four digits are printed"
        for path, value in trained(folder, f"{train}-{count}").items():
            np.testing.assert_allclose(value, values[path], rtol=1e-7, atol=1e-9, err_msg=path)


def test_a_lost_worker_ends_the_run_which_is_resumed(folder: Path) -> None:
    chief, other = start(folder, "lost", 2, "--train", "fit", "--epochs", "3000")
    deadline = time.monotonic() + TIMEOUT
    while "epoch 2/" not in (folder / "lost.0.out").read_text():
        assert time.monotonic() < deadline and chief.poll() is None
        time.sleep(0.1)
    other.send_signal(signal.SIGKILL)
    _, error = chief.communicate(timeout=TIMEOUT)
    other.communicate()
    assert chief.returncode == 2
    assert "error: a worker is gone, or did not come, while `fit` ran: " in error
    assert "the same command with --resume goes on from there" in error
    assert not (folder / "lost").exists()

    epochs = str(int(re.findall(r"^epoch (\d+)/", (folder / "lost.0.out").read_text(), re.MULTILINE)[-1]) + 2)
    for name, count, options in (("lost", 2, ["--resume"]), ("whole", 1, [])):
        for worker in start(folder, name, count, "--train", "fit", "--epochs", epochs, *options):
            _, error = worker.communicate(timeout=TIMEOUT)
            assert worker.returncode == 0, error
    values = trained(folder, "whole")
    for path, value in trained(folder, "lost").items():
        np.testing.assert_allclose(value, values[path], rtol=1e-7, atol=1e-9, err_msg=path)
