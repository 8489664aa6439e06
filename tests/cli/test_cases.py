"""Command lines by example: each file of `cases/` is a command, the files that it finds, and all that it says.

A case is made of sections: `$ rnndsl ...` is the command, `status N` its exit status, and then, each below a line of its own,
`--- stdout`, `--- stderr`, `--- file NAME` (text) and `--- made NAME` (a Python expression: text or bytes). A name that ends in
`/` is a folder. None of these commands may import TensorFlow, and each has a second.

`UPDATE_CASES=1 pytest tests/cli` writes status and output anew: read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
RUN = """
import os, pathlib, sys, time
from rnndsl.cli.main import main
status = main(sys.argv[1:])
pathlib.Path(os.environ["CASE_SECONDS"]).write_text(str(time.process_time()))
sys.exit(99 if "tensorflow" in sys.modules else status)
"""
SECONDS = 1.0  # of processor time: the machine may be busy
BUG_FILE = re.compile(r"`[^`]*rnndsl-bug-\w+\.txt`")


@dataclass
class Case:
    command: str
    status: int = 0
    stdout: str = ""
    stderr: str = ""
    files: list[tuple[str, str, str]] = field(default_factory=list)  # kind, name, content

    def text(self) -> str:
        parts = [f"$ {self.command}\nstatus {self.status}\n"]
        parts += [f"--- {kind} {name}\n{content}" for kind, name, content in self.files]
        parts += [f"--- {name}\n{text}" for name, text in (("stdout", self.stdout), ("stderr", self.stderr)) if text]
        return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def read_case(path: Path) -> Case:
    head, *sections = re.split(r"^--- ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    command, *rest = head.splitlines()
    case = Case(command.removeprefix("$ "), int(rest[0].removeprefix("status ")) if rest else 0)
    for section in sections:
        title, _, content = section.partition("\n")
        kind, _, name = title.partition(" ")
        if kind in ("stdout", "stderr"):
            setattr(case, kind, content)
        else:
            case.files.append((kind, name, content))
    return case


def lay_out(case: Case, folder: Path) -> None:
    for kind, name, content in case.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
            continue
        value = eval(content) if kind == "made" else content
        path.write_bytes(value if isinstance(value, bytes) else value.encode())


def run_case(case: Case, folder: Path, seconds: Path) -> Case:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "TMPDIR": str(folder), "CASE_SECONDS": str(seconds)}
    words = shlex.split(case.command)[1:]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    stderr = BUG_FILE.sub("`BUG-FILE`", done.stderr)
    return Case(case.command, done.returncode, done.stdout, stderr, case.files)


@pytest.mark.parametrize("path", CASES, ids=[p.stem for p in CASES])
def test_case(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "rnndsl.toml").touch()
    lay_out(case, folder)
    found = run_case(case, folder, tmp_path / "seconds")
    assert float((tmp_path / "seconds").read_text()) < SECONDS
    if os.environ.get("UPDATE_CASES"):
        path.write_text(found.text(), encoding="utf-8")
    assert found.text() == case.text()
    assert "Traceback" not in found.stderr
