"""What is said of a run of `rnndsl train` that cannot be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.cli.commands import train as command
from rnndsl.cli.main import main
from rnndsl.cli.progress import Lines
from rnndsl.text.faults import training
from tests.faults.provoking import Cases, every, provoke

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m {
  input x: f32[batch, 3]
  input pace: f32[]
  target y: f32[batch, 3]
  input z: f32[batch]
  param w: [3] ~ ones
  param v: [2] ~ ones
  output p = x * w
  loss l = mean(square(p - y))
  metric m = mean(abs(p - y))
  train fit = sgd(rate = pace) on l
  train other = sgd() on o over v
  loss o = mean(square(z * sum(v)))
}
"""
FREE = "rnn 1\nmodel free {\n  param v: [2] ~ ones\n  loss l = sum(square(v))\n  output w = 2 * v\n  train fit = sgd()\n}\n"
FITTED = """rnn 1
model fitted {
  input x: f32[batch, 3]
  param w: [] ~ ones
  residual r = w * x - 1
  metric worst = max(abs(r))
  train fit = levenberg_marquardt()
}
"""
CALM = "rnn 1\nmodel calm {\n  input x: f32[batch, 3]\n  output y = x\n}\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    for name, text in (("m", SPEC), ("calm", CALM), ("free", FREE), ("fitted", FITTED)):
        (folder / f"{name}.rnn").write_text(text)
        rnndsl.compile(folder / f"{name}.rnn", folder / name)
    return folder


@pytest.fixture(autouse=True)
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("m", "calm", "free", "fitted"):
        shutil.copytree(whole / name, name)
    ones = np.ones((4, 3), "f4")
    np.savez("d.npz", x=ones, y=ones, z=ones[:, 0], pace=np.float32(0.1))
    np.savez("x.npz", x=ones)
    np.savez("wild.npz", x=1e20 * ones, y=ones, pace=np.float32(1e10))


def line(words: str) -> Callable[[], object]:
    return lambda: main(["train", *words.split(), "-o", "out"])


def stopped() -> int:
    """A run of two epochs that is interrupted after the first."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lines, "epoch", interrupted)
        return main(["train", "m", "d.npz", "--train", "fit", "--epochs", "2", "-o", "out"])


def resumed(options: str) -> Callable[[], object]:
    def act() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command, "complain", lambda *_, **__: None)
            patch.setattr("sys.stderr", open("ignored", "w"))  # noqa: SIM115, PTH123
            assert stopped() == 130
        main(f"train m d.npz --train fit --epochs 2 -o out --resume {options}".split())

    return act


def begun_anew() -> None:
    np.savez("out.training.npz", x=1)
    main(["train", "m", "d.npz", "--train", "fit", "-o", "out"])


def broken_state() -> None:
    np.savez("out.training.npz", x=1)
    main(["train", "m", "d.npz", "--train", "fit", "-o", "out", "--resume"])


FIT = "m d.npz --train fit"
TRAINING: Cases = {
    "no_training": (line("calm d.npz"), "error: nothing trains `calm`\nhelp: write `train NAME = adam()` into it\n"),
    "no_train": (line("m d.npz --train fitt"), "error: no `train fitt`\nhelp: did you mean `fit`?\n"),
    "which_train": (line("m d.npz"), "error: there are the trainings fit, other\nhelp: choose one by --train NAME\n"),
    "not_positive": (line(f"{FIT} --batch 0"), "error: --batch wants a number from 1 up, not 0\n"),
    "negative": (line(f"{FIT} --seed -1"), "error: --seed wants a number from 0 up, not -1\n"),
    "patience_alone": (
        line(f"{FIT} --patience 3"),
        "error: only what is held out can be watched\nhelp: hold the last examples out by --hold-out N\n",
    ),
    "unwatched": (
        line("m d.npz --train other --hold-out 1 --watch mm"),
        "error: `evaluate` gives no `mm`\nhelp: did you mean `m`?\n",
    ),
    "which_way": (
        line("m d.npz --train other --hold-out 1 --watch m"),
        "error: `m` is no loss: nothing says whether it is to be low or high\nhelp: --watch m:min, or --watch m:max\n",
    ),
    "nothing_to_watch": (
        line("fitted x.npz --hold-out 1"),
        "error: no loss tells the best epoch on what is held out\nhelp: --watch worst:min, or --watch worst:max\n",
    ),
    "evaluate_takes_more": (
        line(f"{FIT} --hold-out 1"),
        "error: nothing can be held out: `evaluate` takes `z` too, which `fit` does not\nhelp: train without --hold-out\n",
    ),
    "not_finite": (
        line("m wild.npz --train fit --epochs 3"),
        "error: the loss of `fit` is inf at step 1 of epoch 1\nhelp: look for it in the data, or lower the rate\n",
    ),
    "no_checkpoint": (broken_state, "error: `out.training.npz` is no state of a training of rnndsl\n"),
    "nothing_to_resume": (
        line(f"{FIT} --resume"),
        "error: there is nothing to resume: no `out.training.npz`\nhelp: leave --resume out\n",
    ),
    "would_be_lost": (
        begun_anew,
        "error: `out.training.npz` has the state of a run that did not end, which this one would overwrite\n"
        "help: --resume goes on from it; to begin anew, remove the file\n",
    ),
    "other_run": (
        resumed("--seed 1 --batch 2"),
        "error: `out.training.npz` is of a run of which --batch and --seed differed\n"
        "help: give what it had; to begin anew, remove the file\n",
    ),
    "resumable": (
        stopped,
        "note: `out.training.npz` has the last state that was kept: the same command with --resume goes on from there\n"
        "interrupted\n",
    ),
}


@every(training, TRAINING)
def test_what_is_said(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(training, TRAINING, name, saying)
    assert not Path("out").exists()


def test_a_loss_that_is_no_number_later_on_leaves_the_epochs_before(capsys: pytest.CaptureFixture[str]) -> None:
    """w² by a rate of 30: the distance grows by 19 a step, until its square is infinite."""
    ones = np.ones((4, 3), "f4")
    np.savez("d.npz", x=ones, y=0 * ones, pace=np.float32(30))
    assert main(["train", "m", "d.npz", "--train", "fit", "--epochs", "100", "-o", "out"]) == 2
    said = capsys.readouterr()
    whole = len(said.out.splitlines())
    assert 5 < whole < 40
    assert said.err.startswith(f"error: the loss of `fit` is inf at step 1 of epoch {whole + 1}\n")
    assert f"--resume --epochs {whole} writes the values of the epoch before" in said.err
    assert main(f"train m d.npz --train fit --epochs {whole} -o out --resume".split()) == 0
    assert np.isfinite(rnndsl.load("out").variables["w"]).all()
