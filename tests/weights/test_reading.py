"""Every format gives back what its own library wrote: names, dtypes, shapes, and values to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from rnndsl.weights.exporting import save
from rnndsl.weights.opening import open_source
from tests.memory import in_a_process
from tests.weights.writing import PLAIN, TENSORFLOW, tensors

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 2]
  target y: f32[batch, 3]
  scope a {
    layer r = RNN(3)
    run = scan(r, x)
  }
  output last = a.run.last
  loss l = mean(square(a.run.last - y))
  train step = adam()
}
"""


def assert_holds(path: Path) -> None:
    wanted = tensors()
    with open_source(path) as source:
        assert set(source.tensors) == set(wanted)
        for name, value in wanted.items():
            info, read = source.tensors[name], source.read(name)
            assert (info.name, info.dtype, info.shape) == (name, value.dtype.name, value.shape)
            assert read.dtype == value.dtype and read.shape == value.shape
            np.testing.assert_array_equal(read, value)
            assert info.bytes == value.nbytes
        with pytest.raises(KeyError):
            source.read("not there")


@pytest.mark.parametrize("format", PLAIN)
def test_formats_without_tensorflow(format, tmp_path):
    assert_holds(PLAIN[format](tmp_path, tensors()))


@pytest.mark.tf
@pytest.mark.parametrize("format", TENSORFLOW)
def test_checkpoints(format, tmp_path):
    assert_holds(TENSORFLOW[format](tmp_path, tensors()))


@pytest.mark.tf
def test_a_checkpoint_is_found_by_its_folder_and_its_index(tmp_path):
    prefix = TENSORFLOW["checkpoint 1"](tmp_path, tensors())
    assert_holds(tmp_path)
    assert_holds(prefix.with_name(f"{prefix.name}.index"))


@pytest.mark.tf
def test_an_artefact_by_paths(tmp_path):
    import rnndsl

    spec = tmp_path / "m.rnn"
    spec.write_text(SPEC)
    folder = rnndsl.compile(spec, tmp_path / "out")
    initial = rnndsl.load(folder).variables
    with open_source(folder) as source:
        assert source.format == "artefact"
        assert set(source.tensors) == set(initial) > {"a/r/wx", "train/step/step"}
        for name, value in initial.items():
            np.testing.assert_array_equal(source.read(name), value)


def test_bfloat16_and_smaller(tmp_path):
    import ml_dtypes
    from safetensors.numpy import save_file

    values = np.arange(8, dtype=np.float32)
    path = tmp_path / "small.safetensors"
    kinds = {"a": ("bfloat16", ml_dtypes.bfloat16), "b": ("float8_e4m3fn", ml_dtypes.float8_e4m3fn)}
    save_file({k: values.astype(t) for k, (_, t) in kinds.items()}, path)
    with open_source(path) as source:
        for k, (name, t) in kinds.items():
            assert source.tensors[k].dtype == name
            np.testing.assert_array_equal(source.read(k), values.astype(t))


def test_names_of_dicts_within_a_torch_file_are_joined_by_dots(tmp_path):
    """What is no tensor (an epoch, options) is passed over."""
    path = PLAIN["torch"](tmp_path, {"layer.weight": np.ones((2, 2), "float32")})
    with open_source(path) as source:
        assert list(source.tensors) == ["layer.weight"]


READ_ONE = """
from pathlib import Path
from rnndsl.weights.exporting import save
from rnndsl.weights.opening import open_source
from tests.memory import peak
with open_source(Path(sys.argv[1])) as source:
    before = peak()
    source.read("wanted")
    print(peak() - before)
"""


def test_a_large_file_is_read_only_where_it_is_asked_for(tmp_path):
    """1 GB of which 10 MB are wanted; the file has a hole for the rest, so it takes no room on the disk."""
    path, wanted, rest = tmp_path / "large.safetensors", 10 * 2**20, 2**30
    entries = {
        "rest": {"dtype": "U8", "shape": [rest], "data_offsets": [0, rest]},
        "wanted": {"dtype": "U8", "shape": [wanted], "data_offsets": [rest, rest + wanted]},
    }
    header = json.dumps(entries).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rest + wanted)
    assert 5 < float(in_a_process(READ_ONE, str(path))) < 60


@pytest.mark.parametrize("name", ["w.npz", "w.safetensors", "w.weights.h5", "w.pt"])
def test_what_is_written_is_read_again(name, tmp_path):
    values = tensors()
    if name.endswith((".pt", ".safetensors")):
        values["brain"] = np.arange(6).reshape(2, 3).astype(ml_dtypes.bfloat16)
    (tmp_path / name).write_bytes(b"what was there")
    save(tmp_path / name, values)
    with open_source(tmp_path / name) as source:
        assert set(source.tensors) == set(values)
        for key, x in values.items():
            assert source.read(key).dtype == x.dtype
            np.testing.assert_array_equal(source.read(key), x)
    first = (tmp_path / name).read_bytes()
    save(tmp_path / name, values)
    assert (tmp_path / name).read_bytes() == first


def test_the_library_of_safetensors_reads_it_too(tmp_path):
    from safetensors.numpy import load_file

    save(tmp_path / "w.safetensors", tensors())
    found = load_file(tmp_path / "w.safetensors")
    assert set(found) == set(tensors())
    for key, x in tensors().items():
        np.testing.assert_array_equal(found[key], x)
