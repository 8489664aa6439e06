"""`rnndsl train`: what it computes, what it keeps, and that a run which was stopped ends with the bytes of one that was not."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.artefact.files import same_content
from rnndsl.cli.main import main
from rnndsl.cli.progress import Lines

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model line {
  input x: f32[batch, 3]
  target y: f32[batch, 1]
  layer head = Dense(1)
  layer drop = Dropout(0.2)
  layer norm = BatchNorm(momentum = 0.5)
  param size: [] ~ ones in {summaries}
  prediction = size * norm(drop(head(x)))
  output prediction
  loss mse = mean(square(prediction - y))
  collect head/kernel in summaries
  train step = adam(rate = 0.1) after update_ops
}
"""
CURVE = """rnn 1
model curve with (dtype = f64) {
  input x: f64[batch]
  target y: f64[batch]
  param size: [] ~ constant(1.0)
  param slope: [] ~ constant(0.1)
  residual r = size * exp(-slope * x) - y
  metric worst = max(abs(r))
  train fit = levenberg_marquardt() on r
}
"""
CARRIED = """rnn 1
model carried {
  input x: f32[batch, time, 1]
  target y: f32[batch, time, 1]
  layer gru = GRU(3)
  layer head = Dense(1)
  output p = head(Dropout(0.2)(scan(gru, x, carry = true)))
  loss mse = mean(square(p - y))
  train step = adam(rate = 0.02)
}
"""
OPTIONS = ["--batch", "16", "--hold-out", "16", "--seed", "3"]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled model beside its data."""
    folder = tmp_path_factory.mktemp("training")
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 3)).astype(np.float32)
    np.savez(folder / "d.npz", x=x, y=(x[:, :1] - x[:, 1:2]).astype(np.float32))
    (folder / "line.rnn").write_text(SPEC)
    rnndsl.compile(folder / "line.rnn", folder / "line")
    return folder


def trained(started: Path, target: Path, *options: str) -> int:
    return main(["train", str(started / "line"), str(started / "d.npz"), "-o", str(target), *options])


def manifest(folder: Path) -> dict[str, list[dict[str, object]]]:
    return json.loads((folder / "manifest.json").read_text())


def curves(picture: Path) -> list[str]:
    """The paths in it."""
    return re.findall(r' d="([^"]*)"', picture.read_text())


def test_a_run_that_is_interrupted_and_resumed_ends_with_the_same_bytes(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = ["--plot", str(tmp_path / "curves.svg")]
    assert trained(started, tmp_path / "through", "--epochs", "6", *OPTIONS, "--plot", str(tmp_path / "through.svg")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:-2]] == [f"{epoch}/6" for epoch in range(1, 7)]

    def interrupted(_: object, epoch: int, *__: object) -> None:
        if epoch == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Lines, "epoch", interrupted)
        assert trained(started, tmp_path / "out", "--epochs", "6", *OPTIONS, *plot) == 130
    assert "--resume goes on from there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert trained(started, tmp_path / "out", "--epochs", "6", *OPTIONS, *plot, "--resume") == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[:-2]] == ["4/6", "5/6", "6/6"]
    assert same_content(tmp_path / "out", tmp_path / "through")
    assert curves(tmp_path / "curves.svg") == curves(tmp_path / "through.svg")
    assert [each.name for each in tmp_path.iterdir() if "training" in each.name] == []


def test_a_run_that_is_interrupted_within_an_epoch_goes_on_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the states that are carried, and the results of the steps before."""
    (tmp_path / "m.rnn").write_text(CARRIED)
    rnndsl.compile(tmp_path / "m.rnn", tmp_path / "m", jit="never")
    x = np.random.default_rng(0).normal(size=(20, 6, 1))
    np.savez(tmp_path / "d.npz", x=x, y=np.cumsum(x, 1))
    words = ["train", str(tmp_path / "m"), str(tmp_path / "d.npz"), "--batch", "4", "--epochs", "3", "--hold-out", "4"]

    def interrupted(_: object, epoch: int, done: int, *__: object) -> None:
        steps.append((epoch, done))
        if (epoch, done) == (2, 3):
            raise KeyboardInterrupt

    assert main([*words, "-o", str(tmp_path / "through")]) == 0
    steps: list[tuple[int, int]] = []
    with monkeypatch.context() as patch:
        patch.setattr(Lines, "step", interrupted)
        assert main([*words, "-o", str(tmp_path / "out"), "--save-every", "2"]) == 130
        steps.clear()
        assert main([*words, "-o", str(tmp_path / "out"), "--resume", "--epochs", "2"]) == 130
    assert steps == [(2, 2), (2, 3)]
    assert main([*words, "-o", str(tmp_path / "out"), "--resume"]) == 0
    assert same_content(tmp_path / "out", tmp_path / "through")


def test_an_epoch_is_the_steps_of_its_batches_in_an_order_of_seed_and_epoch(started: Path, tmp_path: Path) -> None:
    assert trained(started, tmp_path / "out", "--epochs", "2", "--batch", "20", "--seed", "5") == 0
    model, data = rnndsl.load(started / "line"), np.load(started / "d.npz")
    for epoch in (1, 2):
        order = np.random.default_rng([5, epoch]).permutation(64)
        losses = [model.train("step", {n: data[n][order[at : at + 20]] for n in data})["loss"] for at in (0, 20, 40, 60)]
    values = rnndsl.load(tmp_path / "out").variables
    assert sorted(values) == sorted(model.variables)
    for path, value in model.variables.items():
        np.testing.assert_array_equal(values[path], value)
    [record] = manifest(tmp_path / "out")["training"]
    assert record["results"]["loss"] == pytest.approx(np.mean(losses))  # type: ignore[index]
    assert (record["steps"], record["epoch"], record["examples"]) == (8, 2, 64)


def test_training_goes_on_from_a_trained_artefact(started: Path, tmp_path: Path) -> None:
    """Of one batch an epoch: two epochs and two more are four, the optimizer's variables and the draws included."""
    assert trained(started, tmp_path / "four", "--epochs", "4") == 0
    assert trained(started, tmp_path / "two", "--epochs", "2") == 0
    assert main(["train", str(tmp_path / "two"), str(started / "d.npz"), "-o", str(tmp_path / "two"), "--epochs", "2"]) == 0
    four, two = rnndsl.load(tmp_path / "four").variables, rnndsl.load(tmp_path / "two").variables
    assert all(np.array_equal(four[path], two[path]) for path in four)
    assert len(manifest(tmp_path / "two")["training"]) == 2


def test_the_best_epoch_is_kept_and_patience_ends_the_run(started: Path, tmp_path: Path) -> None:
    """Held out rows whose targets have the other sign: the better the rest is fitted, the worse they are."""
    data = dict(np.load(started / "d.npz"))
    data["y"][-16:] *= -1
    np.savez(tmp_path / "d.npz", **data)
    command = ["train", str(started / "line"), str(tmp_path / "d.npz"), "-o", str(tmp_path / "out"), *OPTIONS]
    assert main([*command, "--epochs", "50", "--patience", "3"]) == 0
    [record] = manifest(tmp_path / "out")["training"]
    best, epochs = record["epoch"], record["epochs"]
    assert isinstance(best, int) and epochs == best + 3
    found = rnndsl.load(tmp_path / "out").evaluate({n: data[n][-16:] for n in data})
    assert float(found["mse"]) == record["results"]["held_out/mse"]  # type: ignore[index]


def test_least_squares_stops_when_it_has_converged(tmp_path: Path) -> None:
    (tmp_path / "curve.rnn").write_text(CURVE)
    x = np.linspace(0.0, 5.0, 40)
    np.savez(tmp_path / "d.npz", x=x, y=3.0 * np.exp(-0.7 * x))
    out = tmp_path / "in" / "new" / "folders"
    assert main(["train", str(tmp_path / "curve.rnn"), str(tmp_path / "d.npz"), "-o", str(out), "--epochs", "100"]) == 0
    values = rnndsl.load(out).variables
    np.testing.assert_allclose([values["size"], values["slope"]], [3.0, 0.7], rtol=1e-8)
    [record] = manifest(out)["training"]
    assert isinstance(record["epochs"], int) and record["epochs"] < 30


def test_forecasts_are_drawn_beside_the_targets(started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["plot", str(started / "line"), str(started / "d.npz"), "-o", str(tmp_path / "f.svg")]
    assert main([*command, "--last", "20"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'f.svg'}: y\n"
    assert max(path.count("L") for path in curves(tmp_path / "f.svg")) >= 19
    assert main([*command, "--last", "0"]) == 2


def test_events_of_results_and_of_the_variables_in_summaries(started: Path, tmp_path: Path) -> None:
    """Two batches an epoch. Read back as TensorBoard does, by the format's own protocol buffers."""
    import tensorflow as tf
    from tensorflow.core.util.event_pb2 import Event

    command = ["--epochs", "2", "--batch", "32", "--hold-out", "16", "--summaries", str(tmp_path / "in" / "events")]
    assert trained(started, tmp_path / "out", *command) == 0
    [file] = (tmp_path / "in" / "events").iterdir()
    assert file.name.startswith("events.out.tfevents.")
    events = [Event.FromString(each.numpy()) for each in tf.data.TFRecordDataset(str(file))]
    values = {(value.tag, event.step): value for event in events for value in event.summary.value}
    numbers = {"loss", "mse", "held_out/mse", "size"}
    assert set(values) == {(tag, step) for tag in {*numbers, "head/kernel"} for step in (2, 4)}
    [record] = manifest(tmp_path / "out")["training"]
    best = int(str(record["epoch"])) * 2
    for name in ("loss", "mse", "held_out/mse"):
        assert values[name, best].simple_value == pytest.approx(record["results"][name])  # type: ignore[index]
    kernel = rnndsl.load(tmp_path / "out").variables["head/kernel"]
    found = values["head/kernel", best].histo
    assert (found.num, found.min, found.max) == (kernel.size, kernel.min(), kernel.max())
    assert found.sum == pytest.approx(kernel.sum())


def test_run_takes_and_keeps_values(started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(started / "line"), str(started / "d.npz"), "--signature", "step", "--save-weights"]
    assert main([*command, str(tmp_path / "1.npz")]) == 0
    assert main([*command, str(tmp_path / "2.npz"), "--weights", str(tmp_path / "1.npz")]) == 0
    assert capsys.readouterr().err == ""
    model, data = rnndsl.load(started / "line"), dict(np.load(started / "d.npz"))
    for _ in range(2):
        model.train("step", data)
    with np.load(tmp_path / "2.npz") as kept:
        assert all(np.array_equal(kept[path], value) for path, value in model.variables.items())


@pytest.mark.slow
def test_a_run_that_is_killed_and_resumed_ends_with_the_same_bytes(started: Path, tmp_path: Path) -> None:
    def line(target: str) -> list[str]:
        words = ["train", str(started / "line"), str(started / "d.npz"), "-o", str(tmp_path / target), "--epochs", "3000", *OPTIONS]
        return [sys.executable, "-m", "rnndsl.cli.main", *words]

    subprocess.run(line("through"), check=True, capture_output=True)
    process = subprocess.Popen(line("out"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (tmp_path / "out.training.npz").exists():
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.5)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    resumed = subprocess.run([*line("out"), "--resume"], check=True, capture_output=True, text=True)
    assert not resumed.stdout.startswith("epoch 1/")
    assert same_content(tmp_path / "out", tmp_path / "through")
