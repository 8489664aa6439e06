"""What is said of arrays that do not fit, and of files that do not hold any."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnndsl.arrays import tables, unpacking
from rnndsl.arrays.files import check_output, read_archive, read_array, write_arrays
from rnndsl.arrays.tables import lay_out
from rnndsl.arrays.values import DataError, agree, fit
from rnndsl.plan.model import TensorType
from rnndsl.text.faults import arrays
from tests.arrays.test_files import declared, npy_bytes, pickled, whole, zipped
from tests.faults.provoking import Cases, every, provoke

ROWS = TensorType("f32", ("batch",), (2,))
STEPS = TensorType("f32", ("batch", "time"), (4,))


def reading(name: str, data: bytes, array: str | None = None) -> Callable[[], object]:
    def read() -> object:
        Path(name).write_bytes(data)
        return read_array(Path(name), array)

    return read


def laying(shape: tuple[int, int], type: TensorType, value: float = 0) -> Callable[[], object]:
    return lambda: lay_out("x", np.full(shape, value), type)


def fitting(value: object, type: TensorType = ROWS) -> Callable[[], object]:
    return lambda: fit("x", value, type)


LETTERS, OF_ONE = npy_bytes(declared("(1,)", "'<U1'"), b"\0\0\0\0"), b"\0\0\0\0"
CASES: Cases = {
    "shape": (fitting(np.ones((1, 3))), "`x` is f32[batch, 2]; an array of shape [1, 3] does not fit"),
    "no_array": (
        fitting([[1, 2], [3]]),
        "`x` is f32[batch, 2]; the value is no array: setting an array element with a sequence. The requested array has an "
        "inhomogeneous shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part.",
    ),
    "kind": (fitting([["a", "b"]]), "`x` is f32[batch, 2]; text does not fit"),
    "no_value": (fitting([1, 1.5], TensorType("i32", ("batch",))), "`x` is i32[batch]; 1.5 at [1] is no i32"),
    "lengths": (
        lambda: agree({"x": (np.ones((3, 2)), ROWS), "y": (np.ones((4, 2)), ROWS)}),
        "`x` has the length 3 along `batch`, and `y` has 4",
    ),
    "suffix": (lambda: read_array(Path("x.txt")), "`x.txt`: a file of arrays ends in .npz, .npy, .csv, .csv.gz"),
    "output_suffix": (lambda: check_output(Path("x.npy"), []), "`x.npy`: the output is written as .npz or .csv"),
    "unpacked": (
        reading("x.npz", zipped(("x.npy", npy_bytes(declared("(50000,)"), bytes(200_000))), packed=True)),
        "`x.npz` unpacks to 200,071 bytes, where 100,000 is the most",
    ),
    "not_in_archive": (
        reading("x.npz", zipped(("a.npy", whole()), ("b.npy", whole())), "c"),
        "`x.npz` holds no array `c`; it holds a, b",
    ),
    "twice": (reading("x.npz", zipped(("a.npy", whole()), ("a", whole()))), "`x.npz` holds `a` twice"),
    "no_npz": (reading("x.npz", b"text"), "`x.npz` is no .npz: File is not a zip file"),
    "no_npy": (
        reading("x.npy", b""),
        "`x.npy` is no .npy: EOF: reading magic string, expected 8 bytes got 0",
    ),
    "broken": (
        lambda: damaged_member(),
        "`x.npz`: `a` cannot be read: Bad CRC-32 for file 'a.npy'",
    ),
    "no_header": (
        reading("x.npz", zipped(("a.npy", npy_bytes(declared("(1,)"), OF_ONE, (9, 1))))),
        "`x.npz`: `a` is no array: its version is 9.1",
    ),
    "pickled": (reading("x.npy", pickled()), "`x.npy` holds Python objects (a pickle), which are not read"),
    "no_numbers": (reading("x.npy", LETTERS), "`x.npy` holds <U1, and no numbers"),
    "size": (reading("x.npy", whole()[:-4]), "`x.npy` says 24 bytes and has 20"),
    "version": (
        reading("x.npy", npy_bytes(declared("(1,)"), OF_ONE, (9, 1))),
        "`x.npy` is no .npy: its version is 9.1",
    ),
    "long_header": (
        reading("x.npy", npy_bytes("{", version=(2, 0), length=20_000)),
        "`x.npy` is no .npy: its header has 20,000 bytes, where 10,000 is the most",
    ),
    "negative_length": (reading("x.npy", npy_bytes(declared("(-1,)"), OF_ONE)), "`x.npy` is no .npy: a length is negative"),
    "not_utf8": (reading("x.csv", b"\xff\xfe1"), "`x.csv` is not text in UTF-8"),
    "no_table": (reading("x.csv.gz", b"1,2\n"), "`x.csv.gz` cannot be read as .gz: Not a gzipped file (b'1,')"),
    "ragged": (reading("x.csv", b"1,2\n3\n"), "x.csv:2: 1 columns, where the rows before have 2"),
    "empty": (reading("x.csv", b""), "`x.csv` holds no numbers"),
    "long_line": (reading("x.csv", b"1," * 10_000), "x.csv:1: a line of more than 10,000 characters"),
    "no_number": (reading("x.csv", b"1,2\n3,four\n"), "x.csv:2: column 2: `four` is not a number"),
    "table_shape": (
        laying((2, 3), TensorType("f32", (), (3,))),
        "`x` is f32[3]; a table of 2 rows and 3 columns does not fit",
    ),
    "no_table_holds": (
        laying((2, 3), TensorType("f32", ("batch", "time", "src"))),
        "`x` is f32[batch, time, src], which no table can hold: give it as .npz or .npy",
    ),
    "wide_integers": (
        laying((2, 1), TensorType("i64", ("batch",)), 2.0**53),
        "`x` is i64[batch]; a table holds whole numbers below 2**53: give it as .npz or .npy",
    ),
    "columns": (laying((2, 7), STEPS), "`x` is f32[batch, time, 4]; its table wants a multiple of 4 columns and has 7"),
    "rows_differ": (
        lambda: write_arrays(Path("o.csv"), {"y": np.zeros((2, 1)), "loss": np.zeros(())}),
        "the outputs have different numbers of rows (y [2, 1], loss []): write them as .npz",
    ),
}
ALSO = [
    (laying((2, 3), ROWS), "`x` is f32[batch, 2]; its table wants 2 columns and has 3"),
    (reading("x.csv.gz", gzip.compress(b"1,1\n" * 100_000)), "`x.csv.gz` unpacks to more than 100,000 bytes"),
    (fitting(1.5, TensorType("i32")), "`x` is i32[]; 1.5 is no i32"),
]


def damaged_member() -> object:
    data = bytearray(zipped(("a.npy", npy_bytes(declared("(20000,)"), bytes(80_000)))))
    data[data.index(b"PK\x01\x02") - 1] ^= 1
    Path("x.npz").write_bytes(data)
    return read_archive(Path("x.npz"), {"a"})


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tables, "LONGEST_LINE", 10_000)
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 100_000)


def saying(act: Callable[[], object]) -> str:
    with pytest.raises(DataError) as caught:
        act()
    return str(caught.value)


@every(arrays, CASES)
def test_what_is_said(name: str) -> None:
    provoke(arrays, CASES, name, saying)


@pytest.mark.parametrize(("act", "said"), ALSO)
def test_and_otherwise(act: Callable[[], object], said: str) -> None:
    assert saying(act) == said
