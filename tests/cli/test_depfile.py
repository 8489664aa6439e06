"""Rules for make and ninja: read by both, and by a reader written from ninja's manual."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnndsl.cli.depfile import depfile_text, write_depfile
from rnndsl.cli.main import main
from tests.docs.pages import blocks

NAMES = [
    "a.rnn",
    "a b.rnn",
    "a#b.rnn",
    "$a$$b.rnn",
    "c:d.rnn",
    "back\\slash.rnn",
    "back\\ space.rnn",
    "two\\\\ .rnn",
    "é.rnn",
    "[x].rnn",
]


def read_ninja(text: str) -> dict[str, list[str]]:
    """By the manual: a backslash keeps a space, `#` or `:`; `$$` is a `$`; of 2n + 1 backslashes before a space, n stay."""
    rules: dict[str, list[str]] = {}
    for line in text.replace("\\\n", " ").splitlines():
        words, word, i, target = [], "", 0, None
        line += " "
        while i < len(line):
            slashes = len(line[i:]) - len(line[i:].lstrip("\\"))
            after = line[i + slashes : i + slashes + 1]
            if slashes and after in " #:" and slashes % 2:
                word, i = word + "\\" * (slashes // 2) + after, i + slashes + 1
            elif slashes:
                word, i = word + "\\" * slashes, i + slashes
            elif line.startswith("$$", i):
                word, i = word + "$", i + 2
            elif line[i] == ":" and line[i + 1] == " ":
                target, word, i = word, "", i + 1
            elif line[i] == " ":
                words, word, i = [*words, *([word] if word else [])], "", i + 1
            else:
                word, i = word + line[i], i + 1
        if target is not None:
            rules[" ".join([*words[: -len(words)], target])] = words
    return rules


def test_what_ninja_reads() -> None:
    text = depfile_text([Path("out dir/manifest.json")], [Path(name) for name in NAMES])
    rules = read_ninja(text)
    assert next(iter(rules)) == "out dir/manifest.json"
    assert rules["out dir/manifest.json"] == NAMES
    assert set(rules) == {"out dir/manifest.json", *NAMES}
    assert not any(rules[name] for name in NAMES)


def test_a_name_that_no_rule_can_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a\nb.rnn").write_text("rnn 1\nmodel m {\n  input x: f32[batch]\n  output y = x + 1\n}\n")
    target, depfile = str(tmp_path / "out"), str(tmp_path / "x.d")
    assert main(["compile", str(tmp_path / "a\nb.rnn"), "-o", target, "--depfile", depfile]) == 2
    assert "error: a depfile has no form for the name `" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a\nb.rnn"]


def test_files_below_the_current_folder_are_named_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_depfile(Path("new/folder/x.d"), depfile_text([Path("out/manifest.json")], [tmp_path / "a.rnn", Path("/lib/core.rnn")]))
    assert Path("new/folder/x.d").read_text() == "out/manifest.json: a.rnn /lib/core.rnn\n\na.rnn:\n\n/lib/core.rnn:\n"


def ran(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=120)


@pytest.mark.skipif(shutil.which("ninja") is None, reason="there is no ninja")
def test_ninja_builds_again_when_a_file_changes(tmp_path: Path) -> None:
    """Real ninja, with a command that writes the depfile and nothing of a compiler."""
    for name in NAMES:
        (tmp_path / name).write_text("1")
    files = [Path(name) for name in NAMES]
    (tmp_path / "rule").write_bytes(depfile_text([Path("out/manifest.json")], files).encode())
    (tmp_path / "build.ninja").write_text(
        "rule r\n  command = mkdir -p out && date +%s%N > out/manifest.json && cp rule out.d\n  depfile = out.d\n"
        "build out/manifest.json: r\n"
    )
    assert "[1/1]" in ran(["ninja"], tmp_path).stdout
    assert "no work to do" in ran(["ninja"], tmp_path).stdout
    for name in NAMES:
        later = (tmp_path / "out/manifest.json").stat().st_mtime + 5
        os.utime(tmp_path / name, (later, later))
        assert "[1/1]" in ran(["ninja", "-n", "-d", "explain"], tmp_path).stdout, name
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / NAMES[0]).unlink()
    assert "missing and no known rule" not in ran(["ninja"], tmp_path).stderr


def test_make_builds_again_when_a_file_changes(tmp_path: Path) -> None:
    files = [Path(name) for name in NAMES if "\\" not in name]
    for name in files:
        (tmp_path / name).write_text("1")
    (tmp_path / "out.d").write_bytes(depfile_text([Path("out")], files).encode())
    (tmp_path / "Makefile").write_text("out:\n\techo made; touch out\n-include out.d\n")
    os.utime(tmp_path / "out.d", (1, 1))
    assert "made" in ran(["make", "out"], tmp_path).stdout
    assert ran(["make", "-q", "out"], tmp_path).returncode == 0
    for name in files:
        later = (tmp_path / "out").stat().st_mtime + 5
        os.utime(tmp_path / name, (later, later))
        assert ran(["make", "-q", "out"], tmp_path).returncode == 1, name
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / files[0]).unlink()
    assert ran(["make", "out"], tmp_path).returncode == 0


@pytest.mark.tf
@pytest.mark.parametrize("kind", ["make", "ninja"])
def test_the_rules_of_the_guide_work_in_a_clean_folder(tmp_path: Path, kind: str) -> None:
    if shutil.which(kind) is None:
        pytest.skip(f"there is no {kind}")
    [rule] = [block for block in blocks(kind) if "rnndsl compile" in block.text]
    name = {"make": "Makefile", "ninja": "build.ninja"}[kind]
    (tmp_path / name).write_text(rule.text)
    (tmp_path / "rnndsl.toml").touch()
    (tmp_path / "counter.rnn").write_text(
        'rnn 1\nimport "part.rnn" (twice)\nmodel counter {\n  input x: f32[batch]\n  output y = twice(x)\n}\n'
    )
    (tmp_path / "part.rnn").write_text("rnn 1\nfn twice(x) = 2 * x\n")
    (tmp_path / "rnndsl").write_text(f'#!/bin/sh\nexec {sys.executable} -m rnndsl.cli.main "$@"\n')
    (tmp_path / "rnndsl").chmod(0o755)
    done = ran([kind], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "build/counter/manifest.json").is_file()

    def up_to_date() -> bool:
        if kind == "make":
            return ran(["make", "-q"], tmp_path).returncode == 0
        return "no work to do" in ran(["ninja", "-n"], tmp_path).stdout

    assert up_to_date()
    later = (tmp_path / "build/counter/manifest.json").stat().st_mtime + 5
    os.utime(tmp_path / "part.rnn", (later, later))
    assert not up_to_date()
