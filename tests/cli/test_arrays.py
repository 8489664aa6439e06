"""Arrays from files, laid out as a model's inputs are."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from rnndsl.artefact.arrays import DataError, fit, read_arrays, write_arrays
from rnndsl.plan.model import TensorType

SEQUENCES = TensorType("f32", ("batch", "time"), (1,))
ROWS = TensorType("f32", ("batch", "time"), (8,))
LABELS = TensorType("i32", ("batch",))
TABLE = np.arange(48, dtype=np.float64).reshape(2, 24)


def test_a_table_has_a_header_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("year,spots\n1700,5\n\n1701,11.5\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"1700,5\n1701,11.5"))
    for name in ("a.csv", "b.csv.gz"):
        np.testing.assert_array_equal(read_arrays(tmp_path / name), [[1700, 5], [1701, 11.5]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1,2\n3\n", r"x.csv:2: 1 columns, where the rows before have 2"),
        (b"1,2\n3,four\n", r"x.csv:2: column 2: `four` is not a number"),
        (b"1,2\n3,\n", r"x.csv:2: column 2: `` is not a number"),
        (b"", r"holds no numbers"),
        (b"\xff\xfe1", r"not text in UTF-8"),
    ],
)
def test_a_wrong_table_names_the_place(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "x.csv").write_bytes(text)
    with pytest.raises(DataError, match=message):
        read_arrays(tmp_path / "x.csv")


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.csv.gz", "x.txt", "none.npy"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    if name != "none.npy":
        (tmp_path / name).write_bytes(b"\x00\x01 nothing of the kind")
    with pytest.raises(DataError):
        read_arrays(tmp_path / name)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="pickle"):
        read_arrays(tmp_path / "x.npy")


def test_a_table_stands_for_a_tensor() -> None:
    assert fit("x", TABLE, SEQUENCES, table=True).shape == (2, 24, 1)
    rows = fit("x", TABLE, ROWS, table=True)
    assert (rows.shape, rows.dtype, rows[1, 0, 0]) == ((2, 3, 8), np.float32, 24)
    assert fit("y", TABLE[:, :1], LABELS, table=True).shape == (2,)
    assert fit("k", TABLE[:1, :1], TensorType("f32"), table=True).shape == ()


@pytest.mark.parametrize(
    ("array", "type", "message"),
    [
        (TABLE, LABELS, "wants 1 columns and has 24"),
        (TABLE[:, :7], ROWS, "wants a multiple of 8 columns and has 7"),
        (TABLE[:, :1] + 0.5, LABELS, "values that are not of i32"),
        (TABLE, TensorType("f32", ("batch", "time", "src"), ()), "no table can hold"),
    ],
)
def test_a_table_that_does_not_fit(array: np.ndarray, type: TensorType, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit("x", array, type, table=True)


def test_an_array_is_taken_as_it_is() -> None:
    with pytest.raises(DataError, match=r"an array of shape \[2, 24\] does not fit"):
        fit("x", TABLE, SEQUENCES, table=False)


def test_outputs_side_by_side(tmp_path: Path) -> None:
    write_arrays(
        tmp_path / "o.csv", {"y": np.array([[1.5], [2.0]], np.float32), "p": np.array([[0.1, 0.9], [0.2, 0.8]], np.float32)}
    )
    assert (tmp_path / "o.csv").read_text() == "y,p_0,p_1\n1.5,0.1,0.9\n2.0,0.2,0.8\n"
    with pytest.raises(DataError, match="different numbers of rows"):
        write_arrays(tmp_path / "o.csv", {"y": np.zeros((2, 1)), "loss": np.zeros(())})
    with pytest.raises(DataError, match="no folder"):
        write_arrays(tmp_path / "none" / "o.npz", {})
