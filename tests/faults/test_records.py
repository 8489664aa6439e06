"""What is said of files of whole examples that hold none. Those of Parquet need the extra `parquet`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnndsl.cli.main import main
from rnndsl.text.faults import records as faults
from tests.faults.provoking import Cases, every, provoke

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 2]
  target y: f32[batch, 1]
  layer gru = GRU(3)
  layer head = Dense(1)
  output p = head(scan(gru, x).last)
  loss mse = mean(square(p - y))
  train fit = sgd()
}
"""
WIDE = (
    SPEC.replace("input x: f32[batch, time, 2]", "axis src\n  input x: f32[batch, time, src, 1]")
    .replace("scan(gru, x).last", "mean(x, over = [time, src])")
    .replace("  layer gru = GRU(3)\n", "")
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.rnn").write_text(SPEC)
    Path("wide.rnn").write_text(WIDE)


def line(words: str, **columns: Any) -> Callable[[], object]:
    spec, *rest = words.split()

    def act() -> None:
        if columns:
            pyarrow = pytest.importorskip("pyarrow")
            pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), "t.parquet")
        main(["train", f"{spec}.rnn", "t.parquet", "-o", "out", *rest])

    return act


def broken() -> None:
    pytest.importorskip("pyarrow")
    Path("t.parquet").write_bytes(b"PAR1 and no more")
    line("m")()


def without_pyarrow() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow.parquet", None)
        line("m")()


def records(*examples: dict[str, Any], raw: bytes = b"", cut: int = 0) -> Callable[[], object]:
    """Of a file of these features, and one more record if it is given; without so many bytes at its end."""

    def act() -> None:
        import tensorflow as tf

        def feature(value: Any) -> Any:
            if isinstance(value, bytes):
                return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
            if all(isinstance(x, int) for x in value):
                return tf.train.Feature(int64_list=tf.train.Int64List(value=value))
            return tf.train.Feature(float_list=tf.train.FloatList(value=value))

        with tf.io.TFRecordWriter("t.tfrecord") as writer:
            for each in examples:
                features = tf.train.Features(feature={name: feature(value) for name, value in each.items()})
                writer.write(tf.train.Example(features=features).SerializeToString())
            if raw:
                writer.write(raw)
        if cut:
            Path("t.tfrecord").write_bytes(Path("t.tfrecord").read_bytes()[:-cut])
        main(["train", "m.rnn", "t.tfrecord", "-o", "out"])

    return act


RIGHT = {"x": [1.0, 2.0], "y": [3]}
LISTS = [[1, 2, 3, 4], [5, 6]]
RECORDS: Cases = {
    "no_numbers": (line("m", x=["a", "b"], y=[1, 2]), "error: `t.parquet`: column `x` holds string, and no numbers\n"),
    "needs_pyarrow": (
        without_pyarrow,
        "error: `t.parquet`: reading Parquet needs the package `pyarrow`: pip install rnndsl[parquet]\n",
    ),
    "no_parquet": (broken, "error: `t.parquet` cannot be read as .parquet: Parquet magic bytes not found in footer\n"),
    "lists_in_rows": (
        line("m --window 2 --horizon 1", x=LISTS, y=[1, 2]),
        "error: `t.parquet`: the cells of column `x` are lists, each a whole sequence: nothing to cut into windows or sequences\n"
        "help: leave --window and --sequence out\n",
    ),
    "lists_beside": (
        line("m --columns x=x,y", x=LISTS, y=[1, 2]),
        "error: `x` is f32[batch, time, 2]: a column of lists holds a whole example, and stands alone in --columns\n",
    ),
    "no_records": (
        records(RIGHT, RIGHT, cut=5),
        "error: `t.tfrecord` cannot be read as .tfrecord after 1 record: truncated record at 49\n",
    ),
    "no_example": (records(RIGHT, raw=b"\xff\xff"), "error: `t.tfrecord`: record 2 is no tf.train.Example\n"),
    "no_examples": (records(), "error: `t.tfrecord` holds no records\n"),
    "lacks_feature": (
        records(RIGHT, {"x": [1.0, 2.0]}),
        "error: `t.tfrecord`: example 2 has no feature `y` for the input y: f32[batch, 1]\nhelp: it has `x`\n",
    ),
    "bytes_feature": (
        records({"x": b"12", "y": [3]}),
        "error: `t.tfrecord`: example 1: `x` is f32[batch, time, 2], and its feature holds bytes\n"
        "help: a feature of numbers is a float_list or an int64_list; what has to be decoded is given by MODULE:FUNCTION\n",
    ),
    "row_size": (
        line("m", x=[[1, 2, 3, 4], [5, 6, 7]], y=[1, 2]),
        "error: example 2: `x` is f32[batch, time, 2], which wants a multiple of 2 numbers and has 3\n",
    ),
    "no_row_holds": (
        line("wide", x=LISTS, y=[1, 2]),
        "error: `x` is f32[batch, time, src, 1]: numbers in a row do not say how long it is along time and src\n",
    ),
}


@every(faults, RECORDS)
def test_what_is_said(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(faults, RECORDS, name, saying)
    assert not Path("out").exists()


def test_what_is_said_of_a_value_that_is_missing(saying: Callable[[Callable[[], object]], str]) -> None:
    said = "t.parquet, row 2: column `y` is `null`, which is no value"
    assert saying(line("m", x=LISTS, y=[1, None])).startswith(f"error: {said}\n")
    lists = saying(line("m", x=[[1.0, 2.0], [3.0, float("nan")]], y=[1, 2]))
    assert lists.startswith("error: t.parquet, row 2: column `x` is `nan`, which is no value\n")


def test_what_is_said_of_a_packed_file_that_fills_the_machine(
    saying: Callable[[Callable[[], object]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnndsl.backends.tensorflow import records

    monkeypatch.setattr(records, "most_unpacked", lambda size: size)
    import tensorflow as tf

    with tf.io.TFRecordWriter("t.tfrecord.gz", options="GZIP") as writer:
        writer.write(bytes(10_000))
    size = Path("t.tfrecord.gz").stat().st_size
    said = saying(lambda: main(["train", "m.rnn", "t.tfrecord.gz", "-o", "out"]))
    assert said == f"error: `t.tfrecord.gz` unpacks to more than {size:,} bytes\n"
