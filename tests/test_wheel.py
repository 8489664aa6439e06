"""The wheel: it holds the grammar, the parser's tables and the standard library, and works from where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
LEFT_OUT = {".git", ".venv", "build", "dist", "rnndsl.egg-info", "__pycache__", ".ruff_cache", ".pytest_cache", ".hypothesis"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("wheel")
    # A copy, since setuptools builds in the source folder, where the tests of another process may be running.
    shutil.copytree(ROOT, root / "source", ignore=lambda _, names: LEFT_OUT & set(names))
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(root), str(root / "source")]
    subprocess.run(command, check=True)
    return next(root.glob("rnndsl-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    target = wheel.parent / "site"
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    return target


def test_it_holds_all_that_is_not_python(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {"rnndsl/grammar/rnn.lark", "rnndsl/syntax/tables.json", "rnndsl/py.typed"} <= held
    assert {f"rnndsl/std/{path.name}" for path in (ROOT / "rnndsl" / "std").glob("*.rnn")} <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_it_holds_every_module_and_no_test(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    assert held == {path.relative_to(ROOT).as_posix() for path in (ROOT / "rnndsl").rglob("*.py")}


def run(installed: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # Without `site` (-S) no .pth file is read: the editable install would lend the wheel whatever it lacks.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), sysconfig.get_path("purelib")])}
    code = "import rnndsl, sys; from rnndsl.cli.main import main; print(rnndsl.__file__); sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-S", "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_it_checks_a_spec(installed: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "specs" / "sunspots.rnn", tmp_path)
    done = run(installed, "check", "sunspots.rnn", folder=tmp_path)
    assert done.stdout == f"{installed}/rnndsl/__init__.py\nsunspots.rnn: ok (model sunspots, 18 variables)\n"
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.tf
def test_it_compiles_a_spec(installed: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "specs" / "sunspots.rnn", tmp_path)
    done = run(installed, "compile", "sunspots.rnn", "-o", "out", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "saved_model.pb").is_file()
