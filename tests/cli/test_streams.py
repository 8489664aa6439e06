"""Standard streams that are closed, full, or that nobody reads: a status, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SPEC = "rnn 1\n\nmodel m {\n  input x: f32[batch, 3]\n  layer d = Dense(2)\n  output y = d(x)\n}\n"
RNNDSL = f"{sys.executable} -m rnndsl.cli.main"
SAID = "error: standard output is closed\n"
FULL = "error: cannot write: No space left on device\n"


@pytest.mark.parametrize(
    ("line", "status", "stdout", "stderr"),
    [
        ("check a.rnn >&-", 2, "", SAID),
        ("inspect a.rnn >&-", 2, "", SAID),
        ("--help >&-", 2, "", SAID),
        ("fmt --check a.rnn >&-", 0, "", ""),  # it has nothing to say
        ("check a.rnn 2>&-", 0, "a.rnn: ok (model m, 2 variables)\n", ""),
        ("check a.rnn <&-", 0, "a.rnn: ok (model m, 2 variables)\n", ""),
        ("compile none.rnn -o out 2>&-", 2, "", ""),
        ("check none.rnn >&- 2>&-", 2, "", ""),
        ("inspect a.rnn >/dev/full", 2, "", FULL),
        ("doc --functions >/dev/full", 2, "", FULL),
        ("--help >/dev/full", 2, "", FULL),
        ("check --help >/dev/full", 2, "", FULL),
        ("compile none.rnn -o out 2>/dev/full", 2, "", ""),
        ("check none.rnn >/dev/full 2>/dev/full", 2, "", ""),
    ],
)
def test_a_stream_that_cannot_be_written(tmp_path: Path, line: str, status: int, stdout: str, stderr: str) -> None:
    (tmp_path / "a.rnn").write_text(SPEC)
    done = subprocess.run(["sh", "-c", f"{RNNDSL} {line}"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, stdout, stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("line", ["doc --functions", "inspect none.rnn 2>&1", "nonsense 2>&1"])
def test_a_reader_that_goes_away(tmp_path: Path, line: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = ["sh", "-c", f"{RNNDSL} {line}"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_spec_is_not_read_from_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.rnn").write_text(SPEC)
    line = f"cat a.rnn | {RNNDSL} check /dev/stdin"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "error[RNN0727]: `/dev/stdin` is not a regular file\n\n1 error\n")


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    line = f"mkdir gone; cd gone; rmdir ../gone; {RNNDSL} check ../a.rnn"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: the current folder cannot be used: No such file or directory\n")


@pytest.mark.tf
def test_a_file_is_never_mistaken_for_a_closed_stream(tmp_path: Path) -> None:
    """The first file that is opened would get the number of the stream, and with it what a library prints."""
    (tmp_path / "a.rnn").write_text(SPEC)
    for folder, streams in (("one", ">said"), ("two", "<&- >&- 2>&-")):
        line = f"{RNNDSL} compile a.rnn -o {folder} {streams}"
        subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, check=False, timeout=120)
    assert (tmp_path / "one" / "manifest.json").read_bytes() == (tmp_path / "two" / "manifest.json").read_bytes()
