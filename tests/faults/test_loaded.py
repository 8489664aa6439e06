"""What is said of an artefact that is opened, and of calls of its functions."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnndsl
from rnndsl.artefact.reading import plain
from rnndsl.artefact.reading.plain import own_digest
from rnndsl.cli.main import main
from rnndsl.text.faults import artefacts, calls
from tests.faults.provoking import Cases, every, provoke

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m {
  input x: f32[batch, 3]
  input ids: i32[batch]
  target y: f32[batch, 3]
  param table: [4, 3]
  output read = x + gather(table, ids)
  loss l = mean(square(read - y))
  train fit = sgd(rate = 0.1)
}
"""
ONE = """rnn 1
model m {
  input x: f32[batch, time, 3]
  param w: [3]
  output y = x * w
  loss l = mean(x * w)
  train fit = sgd()
}
"""
X, IDS = np.ones((2, 3), "f4"), np.array([0, 3], "i4")
SERIES = "note: `x` is f32[batch, time, 3]; its table is read as one sequence of 2 steps, a row each\n"
KEPT = "`rnndsl train` keeps it, and --save-weights writes it"
AGAIN = "\nhelp: compile it again\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "m.rnn").write_text(SPEC)
    return rnndsl.compile(folder / "m.rnn", folder / "out")


@pytest.fixture(autouse=True)
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, "out")
    Path("m.rnn").write_text(SPEC)
    Path("one.rnn").write_text(ONE)
    Path("x.csv").write_text("1,2,3\n4,5,6\n")
    Path("ids.csv").write_text("0\n9\n")
    Path("empty").mkdir()


@pytest.fixture
def saying(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[], object]], str]:
    """Does it, and returns what it prints to standard error, or the text of what it raises."""

    def say(act: Callable[[], object]) -> str:
        try:
            act()
        except KeyError as error:
            return error.args[0]
        except (ValueError, TypeError, MemoryError, RuntimeError) as error:
            return str(error)
        return capsys.readouterr().err

    return say


def line(words: str) -> Callable[[], object]:
    return lambda: main(words.split())


def loaded(act: Callable[[rnndsl.Loaded], object]) -> Callable[[], object]:
    return lambda: act(rnndsl.load("out"))


def on_two_replicas() -> None:
    import tensorflow as tf

    model = rnndsl.load("out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.distribute, "get_strategy", lambda: Namespace(num_replicas_in_sync=2))
        model.train("fit", x=X, ids=IDS, y=X)


def without_tensors() -> None:
    Path("saved").mkdir()
    from rnndsl.backends.tensorflow.loading import load_module

    load_module(Path("saved"))


def on_jax() -> None:
    from rnndsl.backends.tensorflow.tensorflow_module import keras

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras().backend, "backend", lambda: "jax")
        keras()


def too_large_to_interpret() -> None:
    from rnndsl.meaning.running import Model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "call", lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
        main(["run", "one.rnn", "x.csv", "--engine", "numpy"])


def other_weights() -> None:
    np.savez("w.npz", tabel=X)
    np.savez("d.npz", x=X, ids=IDS)
    main(["run", "out", "d.npz", "--weights", "w.npz"])


CALLS: Cases = {
    "no_jit": (lambda: rnndsl.compile("m.rnn", jit="maybe"), "`jit` is one of auto, always, never, and not 'maybe'"),  # type: ignore[arg-type]
    "no_level": (lambda: rnndsl.compile("m.rnn", opt_level=2), "there are the levels 0 and 1, and no 2"),  # type: ignore[arg-type]
    "no_axis": (
        lambda: rnndsl.compile("m.rnn", emit=["stablehlo"], sizes={"btch": 2}),
        "no axis `btch` has a size to tell; did you mean `batch`?",
    ),
    "no_size": (
        lambda: rnndsl.compile("m.rnn", emit=["stablehlo"], sizes={"batch": 0}),
        "`batch` has a size from 1 up, and not 0",
    ),
    "lacks_sizes": (
        lambda: rnndsl.compile("m.rnn", emit=["stablehlo"]),
        "StableHLO has fixed sizes: that of `batch` is missing; give --sizes batch=8, as you need them",
    ),
    "no_signature": (loaded(lambda m: m.call("predct")), "no signature `predct`; did you mean `predict`?"),
    "absent": (loaded(lambda m: m.call("stream")), "the model has no `stream`: nothing in it is scanned over `time`"),
    "takes_variables": (loaded(lambda m: m.call("apply")), "`apply` takes the variables too: it is a method of its own"),
    "no_variable": (loaded(lambda m: m.assign({"tabel": X})), "no variable `tabel`; did you mean `table`?"),
    "no_mapping": (
        loaded(lambda m: m.predict([X])),  # type: ignore[arg-type]
        "the inputs are a mapping from names to arrays, not list",
    ),
    "no_input": (loaded(lambda m: m.predict(x=X, z=X)), "`predict` takes no `z`; it takes `ids`, `x`"),
    "lacks_input": (loaded(lambda m: m.predict(x=X)), "`predict` wants `ids` too, i32[batch]"),
    "lacks_files": (
        line("run m.rnn --engine numpy"),
        "error: `predict` wants x: f32[batch, 3], ids: i32[batch]\nhelp: give it as `--input x=FILE`\n",
    ),
    "no_file_input": (
        line("run m.rnn --engine numpy --input z=x.csv"),
        "error: `predict` has no input `z`\nhelp: its inputs are x, ids\n",
    ),
    "which_input": (
        line("run m.rnn x.csv --engine numpy"),
        "error: `predict` takes the inputs x, ids: say which by --input NAME=FILE, or give a .npz of all\n",
    ),
    "fails": (
        line("run m.rnn --engine numpy --input x=x.csv --input ids=ids.csv"),
        "error: `predict` fails on these values: `gather` looks up row 9 in a table of 4 (m.rnn:7:21)\n",
    ),
    "memory": (too_large_to_interpret, f"{SERIES}error: `predict` needs more memory than there is\n"),
    "other_weights": (
        other_weights,
        "error: `w.npz` has values of another model: no variable `tabel`; did you mean `table`?\n",
    ),
    "one_replica": (
        on_two_replicas,
        "`fit` trains on one replica, not on 2: their weights would drift apart; "
        "use workers, a process each (tf.distribute.MultiWorkerMirroredStrategy), and --emit replicas",
    ),
    "not_loaded": (without_tensors, "`saved` cannot be loaded by TensorFlow VERSION: SavedModel file does not exist at: …"),
    "other_keras": (on_jax, "Keras runs on jax here; set KERAS_BACKEND=tensorflow (or edit ~/.keras/keras.json)"),
    "one_sequence": (line("run one.rnn x.csv --engine numpy"), SERIES),
    "not_kept": (
        line("run one.rnn x.csv --engine numpy --signature fit"),
        f"{SERIES}note: what `fit` changes is in memory alone, and gone now: {KEPT}\n",
    ),
}


def changed(change: Callable[[dict[str, Any]], object], signed: bool = True) -> Callable[[], object]:
    """`inspect` on a copy whose manifest has changed, and its digest with it if it is `signed`."""

    def act() -> None:
        path = Path("out/manifest.json")
        manifest = json.loads(path.read_text())
        change(manifest)
        if signed:
            manifest["sha256"] = own_digest(manifest)
        path.write_text(json.dumps(manifest))
        main(["inspect", "out"])

    return act


def renamed(name: str) -> Callable[[], object]:
    return changed(lambda m: m["outputs"].update({name: m["sha256"]}))


def large() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "MOST_BYTES", 1000)
        main(["inspect", "out"])


def otherwise(name: str, act: Callable[[Path], object]) -> Callable[[], object]:
    return lambda: (act(Path("out") / name), main(["inspect", "out"]))


BAD = "error: `out/manifest.json` is damaged, or of another version of rnndsl: `outputs.{0}.[key]`: Value error, {0}"
ARTEFACTS: Cases = {
    "none": (line("inspect empty"), "error: `empty` holds no artefact (no manifest.json)\n"),
    "no_manifest": (
        otherwise("manifest.json", lambda path: path.write_text("{}")),
        f"error: `out/manifest.json` is no manifest of rnndsl{AGAIN}",
    ),
    "other_version": (
        changed(lambda m: m.pop("seed")),
        f"error: `out/manifest.json` is damaged, or of another version of rnndsl: `seed`: Field required{AGAIN}",
    ),
    "not_relative": (renamed("/x"), f"{BAD.format('/x')} is not relative{AGAIN}"),
    "leads_out": (renamed("../x"), f"{BAD.format('../x')} leads out of the folder{AGAIN}"),
    "manifest_changed": (
        changed(lambda m: m.update(seed=9), signed=False),
        f"error: `out/manifest.json` has changed since it was written: its SHA-256 is another one{AGAIN}",
    ),
    "changed": (
        otherwise("saved_model.pb", lambda path: path.write_bytes(b"")),
        f"error: `out/saved_model.pb` has changed since it was written: its SHA-256 is not the one in manifest.json{AGAIN}",
    ),
    "too_large": (large, f"error: `out/manifest.json` is too large: over 1,000 bytes{AGAIN}"),
    "unreadable": (
        otherwise("saved_model.pb", Path.unlink),
        f"error: the artefact is damaged: there is no file `out/saved_model.pb`{AGAIN}",
    ),
}


@every(calls, CALLS)
def test_of_calls(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    import tensorflow as tf

    def shortened(act: Callable[[], object]) -> str:
        return saying(act).replace(tf.__version__, "VERSION").partition(" at: ")[0]

    act, said = CALLS[name]
    provoke(calls, {name: (act, said.removesuffix(" at: …"))}, name, shortened)


@every(artefacts, ARTEFACTS)
def test_of_artefacts(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(artefacts, ARTEFACTS, name, saying)
