"""Folders are written as a whole or not at all. No TensorFlow."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnndsl.artefact import files
from rnndsl.artefact.files import Staging, check_target, files_below
from rnndsl.text.diagnostics import DiagnosticsError

WRITTEN = frozenset({"manifest.json", "graph"})


def ours(folder: Path) -> frozenset[str] | None:
    return WRITTEN if (folder / "manifest.json").exists() else None


def listed(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(target: Path, content: str = "new") -> bool:
    staging = Staging(target, ours)
    with staging as folder:
        (folder / "manifest.json").write_text("{}")
        (folder / "graph").write_text(content)
        return staging.commit()


def code_of(call, *arguments) -> str:
    with pytest.raises(DiagnosticsError) as caught:
        call(*arguments)
    return caught.value.diagnostics[0].code


def test_new_folder_and_its_parents(tmp_path):
    assert write(tmp_path / "a" / "b" / "out")
    assert files_below(tmp_path / "a" / "b") == ["out/graph", "out/manifest.json"]


def test_replaces_as_a_whole(tmp_path):
    write(tmp_path / "out", "old")
    (tmp_path / "out" / "graph").unlink()
    assert write(tmp_path / "out")
    assert (tmp_path / "out" / "graph").read_text() == "new"
    assert listed(tmp_path) == ["out"]


def test_equal_bytes_are_left_alone(tmp_path):
    write(tmp_path / "out")
    os.utime(tmp_path / "out" / "graph", ns=(5, 5))
    inode = (tmp_path / "out").stat().st_ino
    assert not write(tmp_path / "out")
    assert (tmp_path / "out" / "graph").stat().st_mtime_ns == 5
    assert (tmp_path / "out").stat().st_ino == inode


def test_failure_leaves_the_former_artefact(tmp_path):
    write(tmp_path / "out", "old")
    with pytest.raises(RuntimeError), Staging(tmp_path / "out", ours) as folder:
        (folder / "graph").write_text("half")
        raise RuntimeError
    assert (tmp_path / "out" / "graph").read_text() == "old"
    assert listed(tmp_path) == ["out"]


def test_failure_leaves_no_new_parents(tmp_path):
    with pytest.raises(RuntimeError), Staging(tmp_path / "a" / "b" / "out", ours):
        raise RuntimeError
    assert listed(tmp_path) == []


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "out").write_text("mine")
    assert code_of(check_target, tmp_path / "out", 0, ours) == "RNN0701"
    assert code_of(check_target, tmp_path / "out" / "below", 0, ours) == "RNN0701"


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "out").mkdir()
    check_target(tmp_path / "out", 0, ours)
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    assert code_of(check_target, tmp_path / "out", 0, ours) == "RNN0702"
    assert code_of(write, tmp_path / "out") == "RNN0702"
    assert files_below(tmp_path) == ["out/thesis.tex"]


def test_folders_alone_are_something_else_too(tmp_path):
    (tmp_path / "out" / "empty").mkdir(parents=True)
    assert code_of(check_target, tmp_path / "out", 0, ours) == "RNN0702"


def test_files_of_the_users_own_in_an_artefact(tmp_path):
    write(tmp_path / "out", "old")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert code_of(check_target, tmp_path / "out", 0, ours) == "RNN0703"
    assert code_of(write, tmp_path / "out") == "RNN0703"
    assert (tmp_path / "out" / "graph").read_text() == "old"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real" / "out", target_is_directory=True)
    (tmp_path / "real").mkdir()
    write(tmp_path / "link", "old")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "out" / "graph").read_text() == "new"
    assert listed(tmp_path) == ["link", "real"]


def test_the_current_folder_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert code_of(check_target, Path(), 0, ours) == "RNN0706"


def test_too_little_room(tmp_path):
    assert code_of(check_target, tmp_path / "out", 1 << 62, ours) == "RNN0705"


def test_a_name_too_long_for_the_file_system(tmp_path):
    """Where the folder that it would be in is not there either."""
    assert code_of(check_target, tmp_path / "new" / ("m" * 300), 0, ours) == "RNN0707"
    check_target(tmp_path / "new" / ("m" * 255), 0, ours)


def test_no_permission(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    assert code_of(check_target, tmp_path / "out", 0, ours) == "RNN0704"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "RNN0705"), (errno.EROFS, "RNN0704"), (errno.EIO, "RNN0707")])
def test_errors_of_the_system(tmp_path, number, code):
    assert files.fault(OSError(number, os.strerror(number)), tmp_path).code == code


def test_a_real_limit_on_the_size_of_files(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        assert code_of(write, tmp_path / "out", "x" * 100_000) == "RNN0705"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert listed(tmp_path) == []


def test_a_name_that_is_too_long(tmp_path):
    assert code_of(write, tmp_path / ("n" * 300)) == "RNN0707"


def test_other_errors_pass(tmp_path):
    with pytest.raises(FileNotFoundError), Staging(tmp_path / "out", ours):
        raise FileNotFoundError(errno.ENOENT, "no such file", "/elsewhere")


def test_where_the_system_cannot_exchange(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "exchange", lambda *_: False)
    write(tmp_path / "out", "old")
    write(tmp_path / "out")
    assert (tmp_path / "out" / "graph").read_text() == "new"
    assert listed(tmp_path) == ["out"]


def test_an_artefact_that_was_moved_aside_comes_back(tmp_path):
    write(tmp_path / "out", "old")
    (tmp_path / "out").rename(tmp_path / ".out.rnndsl-old-123456")
    with pytest.raises(RuntimeError), Staging(tmp_path / "out", ours):
        raise RuntimeError
    assert (tmp_path / "out" / "graph").read_text() == "old"
    assert listed(tmp_path) == ["out"]


SLEEPER = """
import sys, time
from pathlib import Path
from rnndsl.artefact.files import Staging
with Staging(Path(sys.argv[1]), lambda _: frozenset()) as folder:
    (folder / "half").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_leaves_is_cleaned_and_what_a_living_one_writes_is_not(tmp_path):
    write(tmp_path / "out", "old")
    process = subprocess.Popen([sys.executable, "-c", SLEEPER, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        write(tmp_path / "out", "newer")
        assert len(listed(tmp_path)) == 2
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(listed(tmp_path)) == 2
    assert (tmp_path / "out" / "graph").read_text() == "newer"
    write(tmp_path / "out", "newest")
    assert listed(tmp_path) == ["out"]


def test_several_at_once(tmp_path):
    """The folder is whole at every moment, whoever wins."""
    script = (
        "import sys\nfrom pathlib import Path\nsys.path[:0] = sys.argv[2:]\nfrom test_files import write\n"
        "for i in range(40): write(Path(sys.argv[1]), sys.argv[3] * 1000)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "out"), str(Path(__file__).parent)]
    write(tmp_path / "out", "aa")
    processes = [subprocess.Popen([*command, letter]) for letter in "bc"]
    while any(process.poll() is None for process in processes):
        assert len({*(tmp_path / "out" / "graph").read_text()}) == 1
        time.sleep(0.001)
    assert [process.returncode for process in processes] == [0, 0]
    assert listed(tmp_path) == ["out"]
