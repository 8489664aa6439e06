"""Arrays from files and to files: what is laid out as a model's inputs are, and what is refused, with a sentence and in no time."""

from __future__ import annotations

import gzip
import io
import os
import random
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnndsl.arrays import tables, unpacking
from rnndsl.arrays.files import check_output, read_archive, read_array, write_arrays
from rnndsl.arrays.tables import is_series, lay_out
from rnndsl.arrays.values import DataError
from rnndsl.plan.model import TensorType

SEQUENCES = TensorType("f32", ("batch", "time"), (1,))
ROWS = TensorType("f32", ("batch", "time"), (8,))
LABELS = TensorType("i32", ("batch",))
TABLE = np.arange(48, dtype=np.float64).reshape(2, 24)


def npy_bytes(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    text = header.encode()
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + size + text + data


def declared(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


def whole() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(6, dtype=np.float32).reshape(2, 3))
    return file.getvalue()


def pickled() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


def zipped(*members: tuple[str, bytes], packed: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped(("x.npy", whole())))
    data[6] |= 1  # the flag in the member's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return bytes(data)


def badly_deflated() -> bytes:
    data = bytearray(zipped(("x.npy", whole()), packed=True))
    data[40:60] = b"\xff" * 20
    return bytes(data)


def lying() -> bytes:
    """A directory that says that a member unpacks to 8 GB."""
    data = bytearray(zipped(("x.npy", whole()), packed=True))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 4_000_000_000)
    return bytes(data)


FILES: dict[str, Callable[[], bytes]] = {
    "empty.npy": bytes,
    "text.npy": lambda: b"\x00\x01 nothing of the kind",
    "truncated.npy": lambda: whole()[:-4],
    "header.npy": lambda: whole()[:40],
    "more.npy": lambda: whole() + b"\0",
    "pickle.npy": pickled,
    "version.npy": lambda: npy_bytes(declared("(1,)"), b"\0\0\0\0", (9, 1)),
    "huge_header.npy": lambda: npy_bytes("{", version=(2, 0), length=0xFFFFFFFF),
    "long_header.npy": lambda: npy_bytes(declared("(1,)") + " " * 60_000, b"\0\0\0\0"),
    "unbalanced.npy": lambda: npy_bytes("{'descr': ((((", b"\0\0\0\0"),
    "deep.npy": lambda: npy_bytes(declared("(" * 3000 + ")" * 3000), b"\0\0\0\0"),
    "no_literal.npy": lambda: npy_bytes(declared("__import__('os').getpid()"), b"\0\0\0\0"),
    "keys.npy": lambda: npy_bytes("{'descr': '<f4'}", b"\0\0\0\0"),
    "negative.npy": lambda: npy_bytes(declared("(-1,)"), b"\0\0\0\0"),
    "negative_twice.npy": lambda: npy_bytes(declared("(-1, -1)"), b"\0\0\0\0"),
    "enormous.npy": lambda: npy_bytes(declared("(1000000000000, 1000000000000)"), b"\0\0\0\0"),
    "no_dtype.npy": lambda: npy_bytes(declared("(1,)", "'banana'"), b"\0\0\0\0"),
    "fields.npy": lambda: npy_bytes(declared("(1,)", "[('a', '<f4')]"), b"\0\0\0\0"),
    "letters.npy": lambda: npy_bytes(declared("(1,)", "'<U1'"), b"\0\0\0\0"),
    "empty.npz": bytes,
    "text.npz": lambda: b"nothing of the kind",
    "truncated.npz": lambda: zipped(("x.npy", whole()))[:-30],
    "no_array.npz": lambda: zipped(("x.npy", b"hello")),
    "named_otherwise.npz": lambda: zipped(("x", b"hello")),
    "pickle.npz": lambda: zipped(("x.npy", pickled())),
    "twice.npz": lambda: zipped(("x.npy", whole()), ("x", whole())),
    "encrypted.npz": encrypted,
    "badly_deflated.npz": badly_deflated,
    "lying.npz": lying,
    "other.npz": lambda: zipped(("a.npy", whole()), ("b.npy", whole())),
    "empty.csv": bytes,
    "blank.csv": lambda: b"\n\n\n",
    "header.csv": lambda: b"a,b\n",
    "zeros.csv": lambda: b"\0\0,\0\n\0,\0\n1,2\n",
    "ragged.csv": lambda: b"1,2\n3\n",
    "word.csv": lambda: b"1,2\n3,four\n",
    "gap.csv": lambda: b"1,2\n3,\n",
    "underscore.csv": lambda: b"1,2\n3,1_0\n",
    "digits.csv": lambda: "1,2\n3,١\n".encode(),
    "quote.csv": lambda: b'1,2\n"3,' + b"4" * 200_000,
    "latin.csv": lambda: b"\xff\xfe1",
    "control.csv": lambda: b"1\n\x1b[2J\n",
    "empty.csv.gz": bytes,
    "text.csv.gz": lambda: b"1,2\n",
    "truncated.csv.gz": lambda: gzip.compress(b"1,2\n" * 1000)[:-12],
    "damaged.csv.gz": lambda: gzip.compress(b"1,2\n" * 1000)[:12] + b"\xff" * 40,
    "other.txt": lambda: b"1,2\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    with pytest.raises(DataError) as caught:
        read_array(path, "x")
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    if name.endswith(".npz"):
        with pytest.raises(DataError):
            print(read_archive(path, {"x"}) or read_array(path, "x"))


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv", "csv.gz"])
def test_flipped_bytes_end_in_no_other_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    csv = "".join(f"{i},{i / 7},-{i}e-3\n" for i in range(40)).encode()
    whole_file = {"npy": whole(), "npz": zipped(("x.npy", whole()), packed=True), "csv": csv, "csv.gz": gzip.compress(csv)}[suffix]
    r, told = random.Random(5), 0
    for _ in range(500):
        damaged = bytearray(whole_file)
        for _ in range(r.choice((1, 1, 4, 32))):
            damaged[r.randrange(len(damaged))] = r.randrange(256)
        path.write_bytes(damaged[: r.choice((None, r.randrange(len(damaged))))])
        try:
            read_array(path, "x")
        except DataError:
            told += 1
    assert told > 100


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv", "csv.gz"])
def test_what_is_no_regular_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    with pytest.raises(DataError, match="no file"):
        read_array(path)
    path.mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_array(path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(DataError, match="not a regular file"):
        read_array(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="not a regular file"):
        read_array(path)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_array(path)
    with pytest.raises(DataError, match="no file"):
        read_array(tmp_path / f"x\0.{suffix}")
    with pytest.raises(DataError, match="cannot be read"):
        read_array(tmp_path / f"{'x' * 300}.{suffix}")


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("x.csv")
        with pytest.raises(DataError, match="not a regular file"):
            read_array(Path("x.csv"))


def test_what_has_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 10_000)
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 100_000)
    (tmp_path / "long.csv").write_bytes(b"1," * 10_000)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"1,1\n" * 100_000))
    (tmp_path / "bomb.npz").write_bytes(zipped(("x.npy", npy_bytes(declared("(100000,)"), bytes(400_000))), packed=True))
    for name, said in (("long.csv", "a line of more than"), ("bomb.csv.gz", "unpacks to"), ("bomb.npz", "unpacks to")):
        with pytest.raises(DataError, match=said):
            read_array(tmp_path / name)


def test_a_table_has_a_header_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("year,spots_of_the_sun\n1700,5\n\n1701,11.5\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"1700,5\r\n1701,11.5"))
    (tmp_path / "c.csv").write_text("\ufeffjahr,größe\n1700,5\n1701,11.5\n", encoding="utf-8")
    for name in ("a.csv", "b.csv.gz", "c.csv"):
        np.testing.assert_array_equal(read_array(tmp_path / name), [[1700, 5], [1701, 11.5]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1,2\n3\n", r"x.csv:2: 1 columns, where the rows before have 2"),
        (b"1,2\n3,four\n", r"x.csv:2: column 2: `four` is not a number"),
        (b"1,2\n\n3,\n", r"x.csv:3: column 2: `` is not a number"),
        (b"1,2\n3,1_0\n", r"x.csv:2: column 2: `1_0` is not a number"),
        (b"", r"holds no numbers"),
        (b"\xff\xfe1", r"not text in UTF-8"),
    ],
)
def test_a_wrong_table_names_the_place(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "x.csv").write_bytes(text)
    with pytest.raises(DataError, match=message):
        read_array(tmp_path / "x.csv")


def test_arrays_by_name(tmp_path: Path) -> None:
    x, y = np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(4).reshape(2, 2))
    np.savez_compressed(tmp_path / "a.npz", x=x, y=y)
    np.save(tmp_path / "y.npy", y)
    np.savez(tmp_path / "one.npz", z=x)
    (tmp_path / "more.npz").write_bytes((tmp_path / "a.npz").read_bytes())
    np.testing.assert_array_equal(read_archive(tmp_path / "a.npz", {"y", "q"})["y"], y)
    np.testing.assert_array_equal(read_array(tmp_path / "a.npz", "x"), x)
    np.testing.assert_array_equal(read_array(tmp_path / "one.npz", "x"), x)
    np.testing.assert_array_equal(read_array(tmp_path / "y.npy"), y)
    with pytest.raises(DataError, match="holds no array `q`; it holds x, y"):
        read_array(tmp_path / "a.npz", "q")


def test_a_table_stands_for_a_tensor() -> None:
    assert lay_out("x", TABLE, SEQUENCES).shape == (2, 24, 1)
    rows = lay_out("x", TABLE, ROWS)
    assert (rows.shape, rows[1, 0, 0]) == ((2, 3, 8), 24)
    assert lay_out("y", TABLE[:, :1], LABELS).shape == (2,)
    assert lay_out("k", TABLE[:1, :1], TensorType("f32")).shape == ()


def test_a_table_as_narrow_as_a_step_is_one_sequence() -> None:
    months = np.arange(618.0).reshape(309, 2)
    series = lay_out("x", months, TensorType("f32", ("batch", "time"), (2,)))
    assert series.shape == (1, 309, 2)
    np.testing.assert_array_equal(series[0], months)
    assert lay_out("x", months, TensorType("f32", ("time", "batch"), (2,))).shape == (309, 1, 2)
    assert lay_out("x", months, TensorType("f32", ("batch",), (2,))).shape == (309, 2)
    assert is_series(months, TensorType("f32", ("batch", "time"), (2,)))
    assert not is_series(months, TensorType("f32", ("batch", "time"), (1,)))


@pytest.mark.parametrize(
    ("array", "type", "message"),
    [
        (TABLE, LABELS, "wants 1 columns and has 24"),
        (TABLE[:, :7], ROWS, "wants a multiple of 8 columns and has 7"),
        (TABLE, TensorType("f32", ("batch", "time", "src"), ()), "no table can hold"),
        (TABLE[:, :1] + 2.0**53, TensorType("i64", ("batch",)), "below 2\\*\\*53"),
        (TABLE, TensorType("f32", (), (3,)), "2 rows and 24 columns does not fit"),
    ],
)
def test_a_table_that_does_not_fit(array: np.ndarray, type: TensorType, message: str) -> None:
    with pytest.raises(DataError, match=message):
        lay_out("x", array, type)


def test_outputs_side_by_side(tmp_path: Path) -> None:
    write_arrays(
        tmp_path / "o.csv", {"y": np.array([[1.5], [2.0]], np.float32), "p": np.array([[0.1, 0.9], [0.2, 0.8]], np.float32)}
    )
    assert (tmp_path / "o.csv").read_text() == "y,p_0,p_1\n1.5,0.1,0.9\n2.0,0.2,0.8\n"
    with pytest.raises(DataError, match="different numbers of rows"):
        write_arrays(tmp_path / "o.csv", {"y": np.zeros((2, 1)), "loss": np.zeros(())})
    assert (tmp_path / "o.csv").read_text().startswith("y,p_0,p_1\n1.5")  # as it was
    with pytest.raises(DataError, match="cannot write"):
        write_arrays(tmp_path / "none" / "o.npz", {})
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((), "y\n1.0\n"),
        ((2,), "y\n1.0\n1.0\n"),
        ((0,), "y\n"),
        ((0, 2), "y_0,y_1\n"),
        ((1, 2, 2), "y_0,y_1,y_2,y_3\n1.0,1.0,1.0,1.0\n"),
    ],
)
def test_outputs_of_any_shape(tmp_path: Path, shape: tuple[int, ...], text: str) -> None:
    write_arrays(tmp_path / "o.csv", {"y": np.ones(shape)})
    assert (tmp_path / "o.csv").read_text() == text


def test_outputs_of_any_name(tmp_path: Path) -> None:
    given = {"file": np.zeros(2), "allow_pickle": np.ones(()), "a/b": np.array([True])}
    write_arrays(tmp_path / "o.npz", given)
    with np.load(tmp_path / "o.npz") as found:
        assert set(found.files) == set(given)


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("old")
    (tmp_path / "there.csv").chmod(0o640)
    (tmp_path / "o.csv").symlink_to("there.csv")
    write_arrays(tmp_path / "o.csv", {"y": np.zeros(1)})
    assert (tmp_path / "o.csv").is_symlink()
    assert (tmp_path / "there.csv").read_text() == "y\n0.0\n"
    assert (tmp_path / "there.csv").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DataError, match="no permission to write"):
        check_output(tmp_path / "o.csv", [])


def test_where_no_output_goes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "full.csv").symlink_to("/dev/full")
    (tmp_path / "x.csv").write_text("1")
    (tmp_path / "same.csv").symlink_to("x.csv")
    (tmp_path / "dangling.csv").symlink_to("none/y.csv")
    wrong = {
        "o.txt": "written as .npz or .csv",
        "pipe.csv": "not a regular file",
        "full.csv": "not a regular file",
        "folder.csv": "is a folder",
        "none/o.csv": "there is no folder",
        "dangling.csv": "there is no folder",
        "x.csv": "is an input",
        "same.csv": "is an input",
    }
    for name, message in wrong.items():
        with pytest.raises(DataError, match=message):
            check_output(tmp_path / name, [tmp_path / "x.csv"])
    check_output(tmp_path / "o.csv", [tmp_path / "x.csv"])
