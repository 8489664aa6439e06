"""The same sequences from files of every kind and from functions: the same batches, the same bytes of a run that was stopped."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.arrays.files import read_archive
from rnndsl.artefact.files import same_content
from rnndsl.cli.main import main
from rnndsl.cli.progress import Lines
from rnndsl.plan.model import TensorType
from rnndsl.training.data.features import of_records
from rnndsl.training.data.functions import of_function
from rnndsl.training.data.reading import of_table
from rnndsl.training.data.tabular import Tabled
from rnndsl.training.examples import Examples, HoldOut, Split, examples, of_arrays

TYPES = {
    "x": TensorType("f32", ("batch", "time"), (2,)),
    "n": TensorType("i32", ("batch",)),
    "y": TensorType("f32", ("batch",), (1,)),
}
SPEC = """rnn 1
model sums {
  input x: f32[batch, time, 2]
  input n: i32[batch]
  target y: f32[batch, 1]
  layer gru = GRU(3)
  layer head = Dense(1)
  run = scan(gru, x, lengths = n)
  output p = head(Dropout(0.1)(run.last))
  loss mse = mean(square(p - y))
  train fit = adam(rate = 1e-2)
}
"""
FUNCTIONS = """
import numpy as np

def one_by_one():
    data = np.load("d.npz")
    for x, n, y in zip(data["x"], data["n"], data["y"]):
        yield {"x": x[:n].tolist(), "y": y, "comment": "left aside"}

def dataset():
    import tensorflow as tf
    kinds = {"x": tf.TensorSpec([None, 2], tf.float32), "y": tf.TensorSpec([1], tf.float32)}
    given = lambda: ({"x": each["x"], "y": each["y"]} for each in one_by_one())
    return tf.data.Dataset.from_generator(given, output_signature=kinds)
"""
Read = Callable[[], Tabled]


def of_archive() -> Tabled:
    return of_arrays(read_archive(Path("d.npz"), TYPES), TYPES)[0]


SOURCES: dict[str, tuple[str, Read]] = {
    "npz": ("d.npz", of_archive),
    "csv": ("d.csv --columns x=a,b --sequence id", lambda: of_table(Path("d.csv"), TYPES, {"x": "a,b"}, "id", None, {"n"})),
    "parquet": ("d.parquet", lambda: of_table(Path("d.parquet"), TYPES, {}, None, None, {"n"})),
    "tfrecord": ("d.tfrecord", lambda: of_records(Path("d.tfrecord"), TYPES, {"n"})),
    "packed": ("d.tfrecord.gz", lambda: of_records(Path("d.tfrecord.gz"), TYPES, {"n"})),
    "function": ("given:one_by_one", lambda: of_function("given:one_by_one", TYPES, {"n"})),
    "dataset": ("given:dataset", lambda: of_function("given:dataset", TYPES, {"n"})),
}
HEAVY = ("tfrecord", "packed", "dataset")
ALL = [pytest.param(name, marks=[pytest.mark.tf] if name in HEAVY else []) for name in SOURCES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    random = np.random.default_rng(0)
    n = random.integers(1, 9, 30).astype(np.int32)
    x = np.zeros([30, 8, 2], np.float32)
    for row, length in zip(x, n, strict=True):
        row[:length] = random.normal(size=(length, 2))
    y = x.sum((1, 2))[:, None]
    np.savez(folder / "d.npz", x=x, n=n, y=y)
    lines = [f"s{i},{a!r},{b!r},{y[i, 0]!r}" for i in range(30) for a, b in x[i, : n[i]].astype(float).tolist()]
    (folder / "d.csv").write_text("\n".join(["id,a,b,y", *lines]).replace("np.float32(", "").replace(")", ""))
    (folder / "given.py").write_text(FUNCTIONS)
    (folder / "sums.rnn").write_text(SPEC)
    return folder


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "given", raising=False)


def written(name: str) -> None:
    """Files that another library writes."""
    data = np.load("d.npz")
    sequences = [x[:n].ravel().tolist() for x, n in zip(data["x"], data["n"], strict=True)]
    if name == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table({"x": sequences, "y": data["y"][:, 0]})
        importlib.import_module("pyarrow.parquet").write_table(table, "d.parquet")
    if name in ("tfrecord", "packed"):
        import tensorflow as tf

        packing = "GZIP" if name == "packed" else None
        with tf.io.TFRecordWriter(SOURCES[name][0], options=packing) as writer:
            for x, y in zip(sequences, data["y"], strict=True):
                features = {key: tf.train.Feature(float_list=tf.train.FloatList(value=v)) for key, v in (("x", x), ("y", y))}
                writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def made(read: Read) -> Examples:
    return examples(read(), {}, TYPES, {"time": "n"}, Split(HoldOut(20, True, True), 5, 3, 7))


@pytest.mark.parametrize("name", ALL)
def test_every_source_gives_the_same_batches_each_time(name: str) -> None:
    written(name)
    found, again, expected = made(SOURCES[name][1]), made(SOURCES[name][1]), made(of_archive)
    assert found.digests() == again.digests()
    for epoch in (1, 4):
        pairs = list(zip(found.batches(epoch), expected.batches(epoch), again.batches(epoch), strict=True))
        assert len(pairs) == found.steps == 6
        for batch, wanted, repeated in [*pairs, (found.validation(), expected.validation(), again.validation())]:
            assert list(batch) == ["x", "n", "y"]
            for key, value in batch.items():
                assert value.dtype == wanted[key].dtype
                np.testing.assert_array_equal(value, wanted[key])
                np.testing.assert_array_equal(value, repeated[key])


@pytest.mark.tf
@pytest.mark.slow
def test_a_run_on_any_source_that_was_stopped_ends_with_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """All of them are one run: the data are the same."""
    rnndsl.compile(folder / "sums.rnn", tmp_path / "sums", jit="never")

    def run(source: str, target: str, *more: str) -> int:
        options = "--lengths time=n --hold-out 20% --hold-out-random --batch 5 --buckets 3 --epochs 4 --seed 7"
        return main(["train", str(tmp_path / "sums"), *source.split(), *options.split(), "-o", str(tmp_path / target), *more])

    def interrupted(_: object, epoch: int, *__: object) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    for name, (source, _) in SOURCES.items():
        if name == "parquet" and importlib.util.find_spec("pyarrow") is None:
            continue
        written(name)
        assert run(source, f"{name}-through") == 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Lines, "epoch", interrupted)
            assert run(source, name) == 130
        assert run(source, name, "--resume") == 0
        assert same_content(tmp_path / name, tmp_path / f"{name}-through"), name
    values = [rnndsl.load(tmp_path / name).variables for name in ("npz", "csv", "tfrecord", "dataset")]
    for path, value in values[0].items():
        for other in values[1:]:
            np.testing.assert_array_equal(other[path], value)
