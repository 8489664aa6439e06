"""What is said of workers that do not train together."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.cli.commands import train
from rnndsl.cli.main import main
from rnndsl.derive.replicas import with_replicas
from rnndsl.text.faults import workers
from tests.compiling import plan_of
from tests.faults.provoking import Cases, every, provoke

pytestmark = pytest.mark.tf
SPEC = """rnn 1
model m {
  input x: f32[batch]
  param w: [] ~ ones
  loss l = mean(square(w * x - 1))
  train fit = sgd(rate = 0.1)
}
"""
CLUSTER = {"worker": ["localhost:1", "localhost:2"]}
TWO = Namespace(
    num_replicas_in_sync=2,
    cluster_resolver=Namespace(task_type="worker", task_id=1, cluster_spec=lambda: Namespace(as_dict=lambda: CLUSTER)),
)
X = np.ones(3, np.float32)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workers")
    (folder / "m.rnn").write_text(SPEC)
    np.save(folder / "x.npy", X)
    rnndsl.compile(folder / "m.rnn", folder / "out")
    return folder


@pytest.fixture(autouse=True)
def folder(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(whole)
    monkeypatch.delenv("TF_CONFIG", raising=False)


MET = """cell Met(units: int) {
  input x: [n]
  state h: [units] = zeros
  state done: bool[] = false
  layer norm = BatchNorm()
  layer gate = Gate(units)
  h = tanh(norm(gate(x, h[t-1])))
  done = h[0] > 0.5
  output h
}
"""


def apart(*lines: str) -> Callable[[], str]:
    """Why the `train fit` of a model of these lines, the 14th and those after it, is no step of several workers."""
    text = "\n  ".join(("model m {", "input x: f32[batch, time, 2]", "input n: i32[batch]", *lines))
    return lambda: with_replicas(plan_of(f"rnn 1\n{MET}{text}\n}}\n", level=1), "batch", 1).absent["fit/replicas"]


def as_one_of_two() -> None:
    import tensorflow as tf

    model = rnndsl.load("out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.distribute, "get_strategy", lambda: TWO)
        model.train("fit", x=X)


def with_a_lost_one() -> None:
    import tensorflow as tf

    model = rnndsl.load("out")

    def lost(**inputs: object) -> object:
        raise tf.errors.UnavailableError(None, None, "recvmsg: Connection reset by peer\nof something")

    model._module = Namespace(signatures={"fit": lost})
    model.train("fit", x=X)


def late() -> None:
    """TensorFlow has been used by then."""
    rnndsl.load("out").train("fit", x=X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CONFIG", json.dumps({"cluster": CLUSTER, "task": {"type": "worker", "index": 0}}))
        main(["train", "out", "--input", "x=x.npy", "-o", "trained", "--workers"])


def carrying() -> None:
    """As one of two who are there already."""
    text = SPEC.replace("x: f32[batch]", "x: f32[batch, time, 1]").replace("w * x", "scan(c, x, carry = true)")
    Path("c.rnn").write_text(text.replace("param w: [] ~ ones", "layer c = RNN(1)"))
    np.save("s.npy", np.ones((4, 3, 1), np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_strategy", lambda: TWO)
        main(["train", "c.rnn", "--input", "x=s.npy", "-o", "trained", "--workers", "--save-every", "2", "--batch", "1"])


CASES: Cases = {
    "no_workers": (
        lambda: main(["train", "out", "--input", "x=x.npy", "-o", "trained", "--workers"]),
        "error: TF_CONFIG names no workers\n"
        'help: set it on each: {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}, its own index\n',
    ),
    "not_joined": (
        late,
        "error: the workers of TF_CONFIG cannot be joined: Collective ops must be configured at program startup\n",
    ),
    "not_replicated": (
        as_one_of_two,
        "the artefact has no `fit` for workers: each would train alone, and their weights would drift apart; "
        "compile it with --emit replicas",
    ),
    "lost": (
        with_a_lost_one,
        "a worker is gone, or did not come, while `fit` ran: recvmsg: Connection reset by peer; start all of them again",
    ),
    "carried_within": (
        carrying,
        "error: within an epoch the model carries states of the rows of each worker, "
        "and --save-every keeps those of the first alone\n"
        "help: leave --save-every out, or --workers\n",
    ),
    "needs_all_rows": (
        apart("layer d = Dense(2)", "loss l = mean(softmax(d(x), over = batch) * x)", "train fit = sgd(rate = 0.1)"),
        "`softmax` needs all rows of `batch` at once (spec.rnn:16:17)",
    ),
    "along": (
        apart("layer c = RNN(2)", "run = scan(c, x, along = batch)", "loss l = mean(run)", "train fit = sgd(rate = 0.1)"),
        "`run` goes along `batch` (spec.rnn:16:9)",
    ),
    "updates_by_rows": (
        apart("layer c = Met(2)", "run = scan(c, x, lengths = n)", "loss l = mean(run.last)", "train fit = sgd(rate = 0.1)"),
        "`run`, with lengths or a mask, updates `c/norm/moving_mean` at each step that a row of its own has (spec.rnn:16:9)",
    ),
    "ends_by_rows": (
        apart("layer c = Met(2)", "run = scan(c, x, until = done)", "loss l = mean(run.last)", "train fit = sgd(rate = 0.1)"),
        "`run` ends for each row on its own, and its rows meet (spec.rnn:16:9)",
    ),
}


@pytest.fixture
def saying(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[], object]], str]:
    """What is said where something is done: what it returns, an error, or what is printed to standard error."""

    def said(act: Callable[[], object]) -> str:
        capsys.readouterr()
        try:
            returned = act()
        except ValueError as error:
            return str(error)
        return returned if isinstance(returned, str) else capsys.readouterr().err

    return said


@every(workers, CASES)
def test_of_workers(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(workers, CASES, name, saying)


@pytest.mark.parametrize("config", ["", "{", "[]", "{}", '{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps"}}'])
def test_a_config_without_workers(config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TF_CONFIG", config)
    assert main(["train", "out", "--input", "x=x.npy", "-o", "trained", "--workers"]) == 2
    assert "TF_CONFIG names no workers" in capsys.readouterr().err
