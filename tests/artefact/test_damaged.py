"""Artefacts with a part missing, damaged or replaced: every command that opens one says so in a sentence, with status 2."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rnndsl
from rnndsl.artefact.reading.plain import own_digest
from rnndsl.cli.main import main
from rnndsl.text.render.snippet import CONTROL

pytestmark = pytest.mark.tf
SPEC = """rnn 1
model line {
  input x: f32[batch, 3]
  target y: f32[batch, 2]
  layer head = Dense(2)
  output prediction = head(x)
  loss mse = mean(square(prediction - y))
  train step = adam()
}
"""
SECONDS = 2.0  # for one command on one artefact, TensorFlow being imported


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    (root / "line.rnn").write_text(SPEC)
    return rnndsl.compile(root / "line.rnn", root / "out", emit=["meta-graph"])


@pytest.fixture
def copy(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to be damaged, in the current folder, beside inputs for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("1,2,3\n")
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def damages(path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Ways to damage a file that is a copy; each is a name and what does it."""
    data = path.read_bytes()
    r = random.Random(len(data))

    def write(content: bytes) -> Callable[[], object]:
        return lambda: path.write_bytes(content)

    def instead(make: Callable[[], object]) -> Callable[[], object]:
        return lambda: (path.unlink(), make())

    yield "missing", path.unlink
    yield "empty", write(b"")
    for share in (0.001, 0.3, 0.7, 0.999):
        yield f"cut at {share}", write(data[: int(len(data) * share)])
    for at in (0, len(data) // 2, len(data) - 2, *(r.randrange(len(data)) for _ in range(3))):
        yield f"byte {at}", write(data[:at] + bytes([data[at] ^ (1 << r.randrange(8))]) + data[at + 1 :])
    yield "longer", write(data + b"\0")
    yield "garbage", write(r.randbytes(len(data)))
    yield "zeros", write(bytes(len(data)))
    yield "a folder", instead(path.mkdir)
    yield "a full folder", instead(lambda: (path.mkdir(), (path / "x").write_text("x")))
    yield "a pipe", instead(lambda: os.mkfifo(path))
    yield "a device", instead(lambda: path.symlink_to("/dev/zero"))
    yield "a link to itself", instead(lambda: path.symlink_to(path))


def command_lines(whole: Path, damaged: Path) -> list[list[str]]:
    return [
        ["inspect", str(damaged)],
        ["inspect", str(damaged), "--format", "json"],
        ["run", str(damaged), "x.csv"],
        ["weights", "list", str(damaged)],
        ["weights", "diff", str(whole), str(damaged)],
    ]


def check_told(whole: Path, damaged: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    """Every command is status 2, one sentence and quick; `load` raises what it says that it raises."""
    for line in command_lines(whole, damaged):
        if line[0] == "weights" and not os.path.lexists(damaged / "manifest.json"):
            continue  # a SavedModel, whose values can be read
        start = time.monotonic()
        status = main(line)
        assert time.monotonic() - start < SECONDS, (what, line)
        said = capsys.readouterr()
        assert status == 2, (what, line, said.err)
        assert said.out == "", (what, line)
        assert said.err.startswith("error: `") or said.err.startswith("error: the artefact is damaged: "), (what, said.err)
        assert len(said.err.splitlines()) <= 2, (what, line)
        assert not CONTROL.search(said.err), (what, line)
    with pytest.raises((ValueError, FileNotFoundError)):
        rnndsl.load(damaged)


def test_a_whole_one(whole: Path, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in command_lines(whole, copy):
        assert main(line) == 0, line
    rnndsl.load(copy)


@pytest.mark.parametrize("name", ["manifest.json", "saved_model.pb", "variables.index", "variables.data", "graph"])
def test_every_file_damaged_in_every_way(whole: Path, copy: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    matching = [path for path in files_of(copy) if path.name.startswith(name)]
    assert matching
    for path in matching:
        kept = path.read_bytes()
        for what, damage in damages(path):
            damage()
            if name == "manifest.json" and says_the_same(path, kept):
                continue
            check_told(whole, copy, capsys, f"{path.relative_to(copy)}: {what}")
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
            path.write_bytes(kept)
    check = main(["inspect", str(copy)])
    assert check == 0


def says_the_same(path: Path, kept: bytes) -> bool:
    try:
        return path.is_file() and json.loads(path.read_bytes()) == json.loads(kept)
    except ValueError:
        return False


def test_what_is_beside_an_artefact_is_no_part_of_it(copy: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    assert main(["run", str(copy), "x.csv"]) == 0


def test_a_folder_without_an_artefact(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(copy / "variables")
    assert main(["inspect", str(copy)]) == 2
    assert "there is no file `" in capsys.readouterr().err
    (copy / "manifest.json").unlink()
    with pytest.raises(FileNotFoundError, match="holds no artefact"):
        rnndsl.load(copy)
    with pytest.raises(FileNotFoundError, match="holds no artefact"):
        rnndsl.load(copy / "none")


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Sets the field at `path`, of names and positions with dots between."""

    def change(fields: Any) -> None:
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in parents:
            fields = fields[key]
        fields[last] = value

    return change


def signature(name: str, path: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda fields: put(path, value)(next(s for s in fields["signatures"] if s["name"] == name))


WRONG = {
    "dtype of an input": signature("predict", "inputs.0.dtype", "float31"),
    "dtype of a variable": put("variables.0.dtype", "string"),
    "dtype of the model": put("dtype", 32),
    "a negative length": signature("predict", "inputs.0.shape", [-1, 3]),
    "lengths of another kind": signature("predict", "inputs.0.shape", {"batch": 3}),
    "a kind that there is not": put("variables.0.kind", "weight"),
    "variables of another kind": put("variables", 3),
    "collections of another kind": put("collections", [["a", "b"]]),
    "a field too many": put("colour", "red"),
    "a field missing": lambda fields: fields.pop("variables"),
    "another version": put("format_version", 2),
    "another format": put("format", "npm"),
    "no file": put("outputs.nothing", "0" * 64),
    "a file elsewhere": put("outputs", {"../x.csv": "0" * 64}),
    "a file anywhere": put("outputs", {"/etc/passwd": "0" * 64}),
    "no digest": lambda fields: fields["outputs"].update({"saved_model.pb": "1"}),
    "an optimizer without a name": lambda fields: fields["trains"][0]["optimizer"].pop("name"),
    "arguments of another kind": put("trains.0.optimizer.arguments", [1, 2]),
    "deep": put("parameters", json.loads("[" * 400 + "]" * 400)),
}


def seal(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest, and give it a digest that fits."""
    path = folder / "manifest.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps({**fields, "sha256": own_digest(fields)}))


@pytest.mark.parametrize("what", WRONG)
def test_a_manifest_with_a_wrong_field(whole: Path, copy: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    seal(copy, WRONG[what])
    check_told(whole, copy, capsys, what)


ANOTHER = {
    "an input called otherwise": signature("predict", "inputs.0.name", "z"),
    "an input of another length": signature("predict", "inputs.0.shape", ["batch", 4]),
    "an input of another dtype": signature("predict", "inputs.0.dtype", "int64"),
    "no inputs": signature("predict", "inputs", []),
    "a signature called otherwise": signature("predict", "name", "guess"),
}


@pytest.mark.parametrize("what", ANOTHER)
def test_a_manifest_of_another_graph(copy: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but a run can tell; it does so without a traceback."""
    seal(copy, ANOTHER[what])
    assert main(["inspect", str(copy)]) == 0
    capsys.readouterr()
    for name in ("predict", "guess"):
        Path("x.csv").write_text("1,2,3,4\n" if "length" in what else "1,2,3\n")
        data = [] if what == "no inputs" else ["x.csv"]
        assert main(["run", str(copy), *data, "--signature", name]) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_names_are_printed_without_control_characters(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "a\x1b[2J\x9b\u202e\nb"
    seal(copy, put("variables.0.path", hostile))
    seal(copy, put("variables.1.initializer_origin", hostile))
    seal(copy, put("name", hostile))
    seal(copy, put(f"collections.{hostile}", [hostile] * 3))
    seal(copy, signature("predict", "outputs.0.name", hostile))
    seal(copy, signature("stream", "absent", hostile))
    for line in (["inspect", str(copy)], ["inspect", str(copy), "--format", "json"], ["run", str(copy), "--signature", "stream"]):
        main(line)
        said = capsys.readouterr()
        assert "[2J" in said.out + said.err
        assert not CONTROL.search(said.out + said.err)
