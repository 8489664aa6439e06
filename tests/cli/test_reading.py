"""Files as the compiler reads them: what is refused, what is recorded, what they are called."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rnndsl.names import reading
from rnndsl.names.reading import Reader, find_root
from rnndsl.text.diagnostics import SpecError
from rnndsl.text.source import SourceFile, Span

HERE = Span(SourceFile("main.rnn", 'import "x.rnn" (A)'), 7, 14)


def refused(reader: Reader, path: Path, importer: Span | None = None) -> str:
    with pytest.raises(SpecError) as caught:
        reader.read_text(path, importer)
    return caught.value.diagnostic.code


def test_a_text_is_read_once_and_recorded_with_its_digest(tmp_path: Path) -> None:
    spec = tmp_path / "specs" / "main.rnn"
    spec.parent.mkdir()
    spec.write_bytes(b"\xef\xbb\xbfrnn 1\r\n")
    reader = Reader.for_spec(spec)
    source = reader.read_text(reader.spec)
    assert (source.name, source.text) == ("main.rnn", "rnn 1\r\n")
    assert reader.read_text(spec) is source
    [file] = reader.files
    assert (file.path, file.kind, file.location) == ("main.rnn", "spec", spec)
    assert file.sha256 == hashlib.sha256(spec.read_bytes()).hexdigest()


def test_names_do_not_depend_on_where_the_project_lies(tmp_path: Path) -> None:
    names: list[list[str]] = []
    for place in ("here", "there/deep"):
        project = tmp_path / place
        (project / "specs").mkdir(parents=True)
        (project / "pyproject.toml").touch()
        (project / "cells.rnn").write_text("rnn 1")
        (project / "specs" / "main.rnn").write_text("rnn 1")
        reader = Reader.for_spec(project / "specs" / "main.rnn")
        reader.read_text(reader.spec)
        reader.read_text(reader.resolve_import("../cells.rnn", reader.spec, HERE), HERE)
        names.append([file.path for file in reader.files])
    assert names == [["main.rnn", "../cells.rnn"]] * 2


@pytest.mark.parametrize("marker", ["rnndsl.toml", "pyproject.toml", ".git"])
def test_the_root_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / marker).touch()
    assert find_root(tmp_path / "a" / "b" / "main.rnn") == tmp_path / "a"


def test_a_link_does_not_lead_out_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "rnndsl.toml").touch()
    (tmp_path / "secret.rnn").write_text("rnn 1")
    (project / "inside.rnn").symlink_to(tmp_path / "secret.rnn")
    reader = Reader.for_spec(project / "main.rnn")
    assert refused(reader, reader.resolve_import("inside.rnn", reader.spec, HERE), HERE) == "RNN0726"
    assert refused(reader, reader.resolve_import("../secret.rnn", reader.spec, HERE), HERE) == "RNN0726"


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.rnn").write_bytes(b"rnn 1\0")
    (tmp_path / "latin.rnn").write_bytes(b"\xef\xbb\xbf# \xe9")
    os.mkfifo(tmp_path / "pipe.rnn")
    (tmp_path / "loop.rnn").symlink_to(tmp_path / "loop.rnn")
    reader = Reader(tmp_path)
    codes = [refused(reader, tmp_path / name) for name in ("zero.rnn", "latin.rnn", "pipe.rnn", "loop.rnn", "none.rnn", ".")]
    assert codes == ["RNN0724", "RNN0725", "RNN0727", "RNN0728", "RNN0720", "RNN0721"]
    assert refused(reader, Path("/dev/zero")) == "RNN0727"
    assert refused(reader, tmp_path / "a\0b") == "RNN0720"
    assert refused(reader, tmp_path / ("n" * 300)) == "RNN0728"
    assert reader.files == []


def test_the_offset_of_a_wrong_byte_counts_the_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "latin.rnn").write_bytes(b"\xef\xbb\xbf# \xe9")
    with pytest.raises(SpecError, match=r"byte 0xe9 on line 1 \(offset 5\)"):
        Reader(tmp_path).read_text(tmp_path / "latin.rnn")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(path: object, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "main.rnn").touch()
    monkeypatch.setattr(reading.os, "open", forbid)  # root may read everything
    assert refused(Reader(tmp_path), tmp_path / "main.rnn") == "RNN0722"


def test_a_module_of_the_standard_library(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert reader.read_std("core").name == "std/core.rnn"
    assert reader.shown("std/core.rnn") == "std/core.rnn"
    for name in ("../core", "nothing", "core.rnn"):
        with pytest.raises(SpecError, match="there is no module"):
            reader.read_std(name)
