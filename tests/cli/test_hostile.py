"""Command lines, files and folders that cannot be used: status 2, a sentence, and nothing written."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from rnndsl.cli.main import main
from rnndsl.text.render.snippet import CONTROL

SPEC = """rnn 1
model m(units: int = 2, rate: float = 0.5, on: bool = true) {
  input x: f32[batch, 3]
  layer d = Dense(units)
  output y = d(x) * rate
}
"""
LONG = "x" * 300
UNITS, RATE = "units=", "rate="
BYTES = os.fsdecode(b"\xff\x1b[2J")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec and what cannot be a file that is read or written."""
    monkeypatch.chdir(tmp_path)
    Path("rnndsl.toml").touch()
    Path("a.rnn").write_text(SPEC)
    Path("x.csv").write_text("1,2,3\n")
    for name in ("pipe", "pipe.rnn", "pipe.csv", "pipe.npz"):
        os.mkfifo(name)
    for name in ("device.rnn", "device.csv", "device.npz"):
        Path(name).symlink_to("/dev/zero")
    for name in ("loop", "loop.rnn", "loop.csv", "loop.npz"):
        Path(name).symlink_to(name)
    Path("folder.csv").mkdir()
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.rnn")
    return tmp_path


def snapshot(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size) for path in folder.rglob("*"))


COMMANDS = [
    # a spec that is none
    *(["check", name] for name in ("pipe.rnn", "device.rnn", "loop.rnn", "socket.rnn", "full", "none.rnn")),
    *(["check", name] for name in (LONG, BYTES, "", "-", "a\0b")),
    *(["inspect", name] for name in ("pipe.rnn", "device.rnn", "full", "none.rnn", LONG, BYTES)),
    *(["fmt", name] for name in ("pipe.rnn", "device.rnn", "loop.rnn", "full", "none.rnn", BYTES, "/dev/null")),
    *(["run", name, "x.csv"] for name in ("pipe.rnn", "device.rnn", "full", "none.rnn", LONG, BYTES)),
    *(["compile", name, "-o", "out"] for name in ("pipe.rnn", "device.rnn", "full", "none.rnn", BYTES)),
    # an artefact where none can be
    *(
        ["compile", "a.rnn", "-o", name]
        for name in ("/proc/x", "/dev/null", "/dev/null/x", "/sys/x", "x.csv", "full", "pipe", "loop", "", ".", "a.rnn/x")
    ),
    *(["compile", "a.rnn", "-o", name] for name in (LONG, "a\0b")),
    ["compile", "a.rnn"],
    *(["compile", "a.rnn", "-o", "out", "--depfile", name] for name in ("a.rnn", "out", "out/x.d", "out/../a.rnn")),
    # settings that the language has not
    *(["check", "a.rnn", "--set", UNITS + text] for text in ("1_0", "+1", " 1", "1 ", "١", "0x10", "1e1", "1.0", "", "9" * 5000)),
    *(["check", "a.rnn", "--set", RATE + text] for text in ("1_0.5", ".5", "1.", "+1", "١", "0x1p1")),
    *(["check", "a.rnn", "--set", RATE + text] for text in ("nan", "inf", "infinity", "1e400")),
    *(["check", "a.rnn", "--set", f"on={text}"] for text in ("True", "FALSE", "1", "yes", "")),
    ["check", "a.rnn", "--set", "units"],
    ["check", "a.rnn", "--set", "units=1", "--set", "units=2"],
    # outputs of other commands
    *(["run", "a.rnn", "x.csv", "-o", name] for name in ("/proc/x.csv", "pipe.npz", "device.npz", "folder.csv")),
    *(["run", "a.rnn", "x.csv", "-o", name] for name in ("o.txt", "no/o.csv", "x.csv")),
    *(["run", "a.rnn", "x.csv", "-o", name] for name in (f"{LONG}.csv", "loop.csv", "a\0.csv")),
    *(["doc", "--html", name] for name in ("/dev/full", "full", "no/x.html", "pipe", "/proc/x", LONG, "a\0b")),
    *(["new", "LSTM", "-o", name] for name in ("/dev/full", "full", "no/x.rnn", "pipe", "/proc/x", LONG, "x.csv", "a\0b")),
    *(["new", "LSTM", "--as", name] for name in ("cell", "input", "1x", "é", "a b", "", "Gate", "x\n")),
    # inputs that are none
    *(["run", "a.rnn", name] for name in ("pipe.csv", "device.csv", "folder.csv", "loop.npz", "pipe.npz")),
    *(["run", "a.rnn", name] for name in ("none.csv", "a.rnn", "a\0.csv")),
    *(["run", "a.rnn", "--input", text] for text in ("x", "x=", "=x.csv", "x=pipe.csv", "z=x.csv")),
    *(["weights", "list", name] for name in ("pipe", "pipe.npz", "device.npz", "full", "none", "loop", LONG, BYTES, "a\0b", "")),
    *(["weights", "diff", name, "pipe.npz"] for name in ("pipe.npz", "none")),
]  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: " ".join(line)[:60].encode("unicode_escape").decode())
def test_what_cannot_be_used(folder: Path, line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(folder)
    status = main(line)
    said = capsys.readouterr()
    told = said.err + said.out
    assert status == 2, told
    assert told.startswith("error"), told
    assert len([text for text in told.splitlines() if text.startswith("error")]) == 1, told
    assert "bug of rnndsl" not in told
    assert not CONTROL.search(told)
    assert snapshot(folder) == before


@pytest.mark.tf
@pytest.mark.parametrize("name", [BYTES, "a[b]", "c*", "back\\slash", "{x}", "line\nend", "é", "100%", "$HOME", "~"])
def test_a_folder_of_any_name(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """TensorFlow reads some of these as patterns, and some not at all. The bytes do not depend on the name."""
    for target in ("plain", f"{name}/{name}"):
        assert main(["compile", "a.rnn", "-o", target]) == 0
    for line in (["inspect", target], ["run", target, "x.csv"], ["weights", "diff", "plain", target]):
        assert main(line) == 0, capsys.readouterr().err
    assert (folder / "plain" / "manifest.json").read_bytes() == (folder / name / name / "manifest.json").read_bytes()


@pytest.mark.tf
def test_a_spec_whose_name_is_no_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"{BYTES}.rnn"
    Path(spec).write_text(SPEC)
    for line in (["check", spec], ["inspect", spec, "--format", "json"], ["compile", spec, "-o", "out"], ["inspect", "out"]):
        assert main(line) == 0, capsys.readouterr().err
    capsys.readouterr()
    Path(spec).write_text(SPEC.replace("Dense", "Dens"))
    for form in ("json", "sarif"):
        assert main(["check", spec, "--format", form]) == 1
        assert "RNN0101" in json.dumps(json.loads(capsys.readouterr().out))


@pytest.mark.tf
def test_training_by_a_run_is_said_to_be_lost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SPEC.replace("}\n", "  target z: f32[batch, 2]\n  loss mse = mean(square(y - z))\n  train step = sgd()\n}\n")
    Path("t.rnn").write_text(text.replace("output y = ", "output y\n  y = "))
    Path("z.csv").write_text("1,2\n")
    assert main(["run", "t.rnn", "--input", "x=x.csv", "--input", "z=z.csv", "--signature", "step"]) == 0
    assert capsys.readouterr().err.startswith("note: what `step` changes is in memory alone, and gone now")
    assert main(["run", "t.rnn", "x.csv"]) == 0
    assert capsys.readouterr().err == ""


def test_the_specs_are_in_canonical_form(capsys: pytest.CaptureFixture[str]) -> None:
    specs = sorted(str(path) for path in (Path(__file__).parents[2] / "specs").glob("*.rnn"))
    assert specs
    assert main(["fmt", "--check", *specs]) == 0, capsys.readouterr().out
