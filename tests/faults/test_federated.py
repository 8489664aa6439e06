"""What is said of federated training that cannot be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnndsl.federated import flower, tff
from rnndsl.federated.averaging import Averaging
from rnndsl.federated.keeping import Keeping
from rnndsl.federated.opened import needed
from rnndsl.federated.working import Worker
from rnndsl.text.faults import federated
from tests.compiling import plan_of
from tests.faults.provoking import Cases, every, provoke
from tests.federated.interpreted import Interpreted, averaged, shared

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


def member() -> flower._Member:
    plan = plan_of(SPEC)
    return flower._Member(Worker(Interpreted(plan), shared(SPEC, "fit")), Keeping(Path("state"), {}), "a")


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
    "arrays": (lambda: member().fit([], 1, ONE), "0 arrays came for 1 variable: `w`"),
    "personal": (
        lambda: tff._check(shared(SPEC, "fit"), (("w",), ("v",))),
        "`v` would have to be kept by each client, and a client of TensorFlow Federated keeps nothing; "
        "freeze it, or take it out of its collection",
    ),
    "not_updated": (
        lambda: tff._check(shared(SPEC, "fit"), ((), ("w",))),
        "updates of `w` do not happen in TensorFlow Federated: what they are in the artefact, they stay",
    ),
    "needs": (lambda: needed("flwr_that_is_absent", "flwr", "Flower"), "Flower is not installed; pip install flwr"),
}


def saying(act: Callable[[], object]) -> str:
    """Does it, and returns the text of what it raises, or else of its warning."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            act()
        except (ValueError, ImportError) as error:
            return str(error)
    return str(warned[0].message)


@every(federated, FEDERATED)
def test_what_is_said(name: str) -> None:
    provoke(federated, FEDERATED, name, saying)
