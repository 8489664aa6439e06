"""Damaged and hostile files: a sentence, bounded memory, nothing executed, nothing outside the file read."""

from __future__ import annotations

import json
import os
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnndsl.weights.opening import open_source
from rnndsl.weights.source import WeightsFileError
from tests.weights.writing import PLAIN, tensors, torch_pickle


def read_all(path: Path) -> None:
    with open_source(path) as source:
        for name in source.tensors:
            source.read(name)


def read_damaged(path: Path) -> bool:
    """Whether the file is told to be damaged; any other exception is a fault of ours."""
    try:
        read_all(path)
    except WeightsFileError as error:
        assert str(error)
        return True
    return False


@pytest.mark.parametrize("format", PLAIN)
def test_truncated_files_are_told(format, tmp_path):
    path = PLAIN[format](tmp_path, tensors())
    whole = path.read_bytes()
    for share in (0, 0.001, 0.1, 0.5, 0.9, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert read_damaged(path), share


@pytest.mark.parametrize("format", PLAIN)
def test_flipped_bytes_never_end_in_another_exception(format, tmp_path):
    path = PLAIN[format](tmp_path, tensors())
    whole, r = path.read_bytes(), random.Random(3)
    told = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(r.choice((1, 1, 4, 32))):
            damaged[r.randrange(len(damaged))] = r.randrange(256)
        path.write_bytes(damaged)
        told += read_damaged(path)
    assert told  # some damage is told; what lies in a tensor's values is not to be seen


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".h5", ".keras", ".pt", ".onnx"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 4096, b"PK\x03\x04" + b"\0" * 100])
def test_files_of_another_kind_are_told(suffix, content, tmp_path):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    assert read_damaged(path) or not open_source(path).tensors


def test_what_is_no_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "fifo.npz")
    (tmp_path / "x.txt").write_text("")
    for name in ("none.npz", "fifo.npz", "", "x.txt"):
        assert read_damaged(tmp_path / name)


class _Run:
    def __reduce__(self):
        return os.mkdir, (self.path,)

    def __init__(self, path: str) -> None:
        self.path = path


def write_pickle(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", data)


def test_code_in_a_pickle_is_not_run(tmp_path):
    made, path = tmp_path / "made", tmp_path / "m.pt"
    write_pickle(path, pickle.dumps({"w": _Run(str(made))}))
    with pytest.raises(WeightsFileError, match=r"it asks for `(posix|nt)\.mkdir`"):
        open_source(path)
    assert not made.exists()


def test_a_pickle_of_a_gigabyte_is_not_unpacked(tmp_path):
    path = tmp_path / "m.pt"
    write_pickle(path, b"\0" * (65 * 2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(WeightsFileError, match=r"`data\.pkl`"):
        open_source(path)


def test_a_torch_tensor_larger_than_its_storage_is_told(tmp_path):
    path = tmp_path / "m.pt"
    values = {"w": np.ones(4, "float32")}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", torch_pickle(values, lambda x: (10**12,)))
        archive.writestr("m/data/0", values["w"].tobytes())
    with pytest.raises(WeightsFileError, match="larger than what the file has"):
        open_source(path)


def safetensors(path: Path, entries: object, size: int) -> Path:
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(size))
    return path


def entry(shape: list[object], begin: object, end: object, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("entries", "size", "told"),
    [
        ({"a": entry([10**12], 0, 4 * 10**12)}, 16, "take 4000000000000 bytes"),
        ({"a": entry([4], 0, 8)}, 16, "its bytes go from 0 to 8"),
        ({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, 12, "overlap or leave a hole at byte 8"),
        ({"a": entry([2], 8, 16)}, 16, "hole at byte 0"),
        ({"a": entry([2], 0, 8)}, 16, "where the file has 16"),
        ({"a": entry([-2], 0, -8)}, 0, "its bytes go from 0 to -8"),
        ({"a": entry([2], 0, 8, "Q4")}, 8, "none of the format's"),
        ({"a": entry(["x"], 0, 8)}, 8, "none of the format's"),
        ({"a": [1]}, 8, "none of the format's"),
        ([1], 0, "no JSON object"),
        (b'{"a": {}, "a": {}}', 0, "a name stands twice"),
        (b"[" * 100_000, 0, "no JSON"),
        (b"\xff\xfe", 0, "no JSON"),
    ],
)
def test_a_header_of_safetensors_that_lies_is_told(entries, size, told, tmp_path):
    with pytest.raises(WeightsFileError, match=told):
        open_source(safetensors(tmp_path / "x.safetensors", entries, size))


def test_objects_in_an_npz_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(WeightsFileError, match="holds Python objects"):
        open_source(path)


def test_links_of_hdf5_to_other_files_are_not_followed(tmp_path):
    import h5py

    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["s"] = np.ones(3)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["own"] = np.zeros(2)
        file["linked"] = h5py.ExternalLink("secret.h5", "/s")
        file.create_dataset("outside", (2,), "f4", external=[(str(tmp_path / "secret.h5"), 0, 8)])
    with open_source(tmp_path / "x.h5") as source:
        assert list(source.tensors) == ["own"]


def test_values_of_onnx_in_other_files_are_not_read(tmp_path):
    import onnx
    from onnx import helper, numpy_helper

    x = numpy_helper.from_array(np.ones(3, "float32"), "w")
    x.ClearField("raw_data")
    x.data_location = onnx.TensorProto.EXTERNAL
    x.external_data.add(key="location", value="../secret")
    (tmp_path / "m.onnx").write_bytes(helper.make_model(helper.make_graph([], "g", [], [], [x])).SerializeToString())
    with open_source(tmp_path / "m.onnx") as source, pytest.raises(WeightsFileError, match="lie in another file"):
        source.read("w")
