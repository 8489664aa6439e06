"""What is said of files of trained values that do not hold what their format asks for."""

from __future__ import annotations

import importlib
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnndsl.plan.attributes import Read
from rnndsl.plan.indices import Part
from rnndsl.plan.layouts import Foreign, Layout, LayoutEquation
from rnndsl.plan.model import Graph, Load, Node, TensorType
from rnndsl.text.faults import weights
from rnndsl.text.source import SourceFile, Span
from rnndsl.weights.exporting import exported, save
from rnndsl.weights.opening import open_source
from rnndsl.weights.source import WeightsFileError
from tests.faults.provoking import Cases, every, provoke
from tests.weights.test_hostile import entry, read_all, safetensors
from tests.weights.writing import torch_pickle

VALUES = {"w": np.ones(4, "float32")}
HEADER = Path("x.safetensors")


def written(name: str, data: bytes) -> Callable[[], object]:
    def read() -> None:
        Path(name).write_bytes(data)
        read_all(Path(name))

    return read


def headed(entries: object, size: int = 0) -> Callable[[], object]:
    return lambda: open_source(safetensors(HEADER, entries, size))


def to_export(path: str, box: Part) -> Callable[[], object]:
    """A load of `w` by a layout that says what the part `box` of a tensor is, exported from the value of the variable `path`."""
    span = Span(SourceFile("m.rnn", "rnn 1"), 0, 5)
    t = TensorType("f32", (), (4,))
    graph = Graph((), (Node("1", "read", (), Read("w"), t, ""),))
    equation = LayoutEquation((Foreign("k", (box,), (None,)),), "1", t, '"k" = w', span)
    load = Load("x.npz", span, "at", (), False, span, Layout("theirs", graph, (equation,)))
    return lambda: exported([load], {path: VALUES["w"]}, Path("x.npz"))


def pickled(value: object) -> Callable[[], object]:
    return torched(pickle.dumps(value, 2))


def torched(data: bytes, values: bytes = b"") -> Callable[[], object]:
    def read() -> None:
        with zipfile.ZipFile("m.pt", "w") as archive:
            archive.writestr("m/data.pkl", data)
            archive.writestr("m/data/0", values)
        open_source(Path("m.pt"))

    return read


def onnx_of(change: Callable[[Any, Any], object] | None, act: Callable[[Path], object] = read_all) -> Callable[[], object]:
    """Of a model with one initializer, which is changed before it is written; of one without any if `change` is None."""

    def read() -> None:
        onnx: Any = importlib.import_module("onnx")
        x = onnx.numpy_helper.from_array(VALUES["w"], "w")
        if change is not None:
            change(onnx, x)
        graph = onnx.helper.make_graph([], "g", [], [], [] if change is None else [x])
        Path("m.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
        act(Path("m.onnx"))

    return read


def without_onnx(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "onnx", None)
        open_source(path)


def lacking_values() -> None:
    with open_source(safetensors(HEADER, {"a": entry([2**14], 0, 2**16)}, 2**16)) as source:
        HEADER.write_bytes(HEADER.read_bytes()[:-4])
        source.read("a")


def checkpoint() -> None:
    Path("model.ckpt.index").write_bytes(b"text")
    open_source(Path("model.ckpt"))


def latest() -> None:
    Path("checkpoint").write_text('model_checkpoint_path: "elsewhere"\n', encoding="utf-8")
    open_source(Path())


def tensor_of_nothing() -> Callable[[], object]:
    """A pickle whose tensor lies in a number."""
    return torched(b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))tRs.")


SAFE, TORCH = "`x.safetensors` is no safetensors file: ", "`m.pt` is not loaded, since its pickle is no `state_dict`: "
CASES: Cases = {
    "no_format": (written("x.txt", b""), f"`x.txt` is of no format that is known here: {weights.FORMATS}"),
    "foreign_folder": (lambda: open_source(Path()), "`.` holds neither a SavedModel nor a checkpoint"),
    "unread": (
        onnx_of(lambda onnx, x: setattr(x, "raw_data", b"123")),
        "`m.onnx`: `w` cannot be read: buffer size must be a multiple of element size",
    ),
    "no_checkpoint": (checkpoint, "`model.ckpt` cannot be read as a checkpoint: …"),
    "no_latest": (latest, "`.` cannot be read as a checkpoint: its file `checkpoint` names none that is there"),
    "no_hdf5": (written("x.h5", b"text"), "`x.h5` cannot be read as HDF5: …"),
    "no_keras": (written("x.keras", b"text"), "`x.keras` is no file of Keras: File is not a zip file"),
    "no_torch": (
        written("m.pt", b"text"),
        "`m.pt` is no file of PyTorch 1.6 or later (load it there and save it again): File is not a zip file",
    ),
    "no_state_dict": (
        lambda: open_source(empty_zip()),
        "`m.pt` is no `state_dict` of PyTorch: it has no `data.pkl` of a fit size",
    ),
    "pickle": (torched(b"text"), f"{TORCH}…"),
    "no_tensor": (tensor_of_nothing(), f"{TORCH}a tensor without a storage, or of a negative size"),
    "asks_for": (pickled(Path("a")), f"{TORCH}it asks for `pathlib.PosixPath`, which no tensor needs"),
    "no_storage": (torched(b"\x80\x02K\x01Q."), f"{TORCH}it refers to something that is no storage"),
    "no_names": (pickled({"w": 1}), "`m.pt` holds no tensors by name"),
    "beyond": (
        torched(torch_pickle(VALUES, lambda x: (5,)), bytes(16)),
        "`m.pt`: `w`, [5], is larger than what the file has of it",
    ),
    "needs_onnx": (
        onnx_of(lambda onnx, x: None, without_onnx),
        "`m.onnx`: reading ONNX needs the package `onnx`: pip install rnndsl[onnx]",
    ),
    "no_onnx": (written("m.onnx", b"text"), "`m.onnx` is no ONNX model: …"),
    "no_initializers": (onnx_of(None), "`m.onnx` holds no ONNX initializers"),
    "elsewhere": (
        onnx_of(lambda onnx, x: setattr(x, "data_location", onnx.TensorProto.EXTERNAL)),
        "`m.onnx`: the values of `w` lie in another file: save the model with them inside",
    ),
    "no_numbers": (onnx_of(lambda onnx, x: setattr(x, "data_type", 99)), "`m.onnx`: `w` has a dtype that is none of numbers"),
    "ends_within": (lacking_values, "`x.safetensors` ends within `a`"),
    "long_header": (written("x.safetensors", b"\xff" * 8), f"{SAFE}its header would be longer than the file"),
    "no_json": (headed(b"{"), f"{SAFE}its header is no JSON (…)"),
    "name_twice": (headed(b'{"a": {}, "a": {}}'), f"{SAFE}its header is no JSON (a name stands twice)"),
    "no_object": (headed([1]), f"{SAFE}its header is no JSON object"),
    "no_entry": (headed({"a": [1]}), "`x.safetensors`: the header's entry of `a` is none of the format's"),
    "entry_size": (
        headed({"a": entry([4], 0, 8)}, 8),
        "`x.safetensors`: `a` is float32[4], and its bytes go from 0 to 8",
    ),
    "hole": (headed({"a": entry([2], 8, 16)}, 16), "`x.safetensors`: its tensors overlap or leave a hole at byte 0"),
    "total": (headed({"a": entry([2], 0, 8)}, 16), "`x.safetensors`: its tensors take 8 bytes, where the file has 16"),
}
CASES |= {
    "no_writer": (
        lambda: save(Path("x.onnx"), VALUES),
        "`x.onnx` is of no format that is written here: .npz, .safetensors, .h5 (Keras), .pt, .pth or .bin (PyTorch)",
    ),
    "no_dtype": (lambda: save(Path("x.pt"), {"c": np.zeros(2, "complex64")}), "`x.pt`: the format has no complex64"),
    "no_value": (to_export("v", Part(0, 4)), "there is no value of `w`, which the spec loads: is it the spec's artefact?"),
    "part_missing": (to_export("w", Part(1, 5)), "a part of `at/k` is of no variable: the spec loads the other parts of it alone"),
}
"""`…` is what a library says, which is another with another version."""


def empty_zip() -> Path:
    zipfile.ZipFile("m.pt", "w").close()
    return Path("m.pt")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@every(weights, CASES)
def test_what_is_said(name: str) -> None:
    expected = CASES[name][1]
    if name in ("no_checkpoint", "no_latest"):
        importlib.import_module("tensorflow")  # not to be watched while it is imported

    def saying(act: Callable[[], object]) -> str:
        with pytest.raises(WeightsFileError) as caught:
            act()
        said = str(caught.value)
        return expected if re.fullmatch(re.escape(expected).replace("…", ".+"), said) else said

    provoke(weights, CASES, name, saying)
