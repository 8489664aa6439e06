"""What is said of federated training that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnndsl.federated.averaging import Averaging
from rnndsl.text.faults import federated
from tests.faults.provoking import Cases, every, provoke
from tests.federated.interpreted import averaged, shared

SPEC = """rnn 1
model m {
  input x: f32[batch]
  collection personal
  param w: [] ~ ones
  param v: [] ~ ones in {personal}
  loss l = mean(x * w * v)
  train fit = sgd(rate = 1.0)
  train other = sgd() over v
}
"""
ONE = [{"x": np.ones(2, "f4")}]
HUGE = [{"x": np.full(2, 3e38, "f4")}] * 2


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(text: str = SPEC) -> Averaging:
    return averaged(text, Path("state"), "fit")


def round_of(*clients: tuple[str, list[dict[str, np.ndarray]]]) -> Callable[[], object]:
    return lambda: run().round(clients)


def of_another_model() -> None:
    round_of(("a", ONE))()
    run(SPEC.replace("model m", "model n"))


def without_its_server() -> None:
    for _ in range(2):
        round_of(("a", ONE))()
    Path("state/server.npz").unlink()
    round_of(("a", ONE))()


FEDERATED: Cases = {
    "no_train": (lambda: shared(SPEC, "fitt"), "no `train fitt`; did you mean `fit`?"),
    "which_train": (lambda: shared(SPEC), 'there are the trainings fit, other; choose one: train="fit"'),
    "nothing_averaged": (
        lambda: shared(SPEC, "other"),
        "`other` changes nothing that clients could share: each variable is personal, local or of whole numbers",
    ),
    "nameless": (round_of(("", ONE)), "a client has a name: its file is called so"),
    "twice": (round_of(("a", ONE), ("a", ONE)), "the client `a` takes part twice in round 1"),
    "no_examples": (round_of(("a", [])), "no client has an example in round 1: there is nothing to average"),
    "not_finite": (
        round_of(("a", HUGE)),
        "the client `a` made `w` infinite or no number; look for it in its data, or lower the rate",
    ),
    "other_run": (
        of_another_model,
        "`state/server.npz` is of a run of which artefact differed; give what it had, or another folder",
    ),
    "ahead": (
        without_its_server,
        "`state/clients/a.npz` is of round 2, and this is round 1; what was averaged since is elsewhere, or lost",
    ),
    "trains": (
        lambda: run().call("a", "fit", ONE[0]),
        "`fit` trains, and what it changes here is kept nowhere; clients train in a round",
    ),
}


def saying(act: Callable[[], object]) -> str:
    with pytest.raises(ValueError) as found:
        act()
    return str(found.value)


@every(federated, FEDERATED)
def test_what_is_said(name: str) -> None:
    provoke(federated, FEDERATED, name, saying)
