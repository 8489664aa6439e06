"""What a command says of its line, of models and settings, of files and of the machine: all in one process, without TensorFlow."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rnndsl
from rnndsl.arrays.files import check_output
from rnndsl.cli import artefacts
from rnndsl.cli import main as main_module
from rnndsl.cli.commands import new
from rnndsl.text.faults import command, files, settings
from tests.faults.provoking import Cases, every, provoke

SPECS = {
    "m.rnn": "rnn 1\nmodel m(units: int = 4, form: dtype = f32) {\n  input x: f32[batch, 3]\n  output y = 2 * x\n}\n",
    "needs.rnn": "rnn 1\nmodel m(units: int) {\n  input x: f32[batch, 3]\n  output y = units * x\n}\n",
    "two.rnn": "rnn 1\nmodel a {\n  input x: f32[batch]\n  output y = x\n}\nmodel b {\n  input x: f32[batch]\n  output y = x\n}\n",
    "none.rnn": "rnn 1\nconst a = 1\n",
}
COMMANDS = "help: the commands are check, compile, inspect, explain, run, train, plot, fmt, new, weights, doc\n"
FULL = OSError(errno.ENOSPC, "No space left on device")
GONE = FileNotFoundError(errno.ENOENT, "No such file or directory")


def line(*words: str) -> Callable[[], object]:
    return lambda: main_module.main(list(words))


def instead(of: Any, name: str, value: object, act: Callable[[], object]) -> Callable[[], object]:
    """`act`, with something of the machine being otherwise."""

    def done() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(of, name, value)
            act()

    return done


def raising(error: Exception) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


def finding(*names: str) -> Callable[..., object]:
    return lambda folder: {Path(str(i)): Namespace(name=name) for i, name in enumerate(names)}


def ending(error: Exception) -> Callable[[], object]:
    return instead(main_module, "_dispatch", raising(error), line("check", "m.rnn"))


COMMAND: Cases = {
    "no_command": (line("frob"), f"error: no command `frob`\n{COMMANDS}"),
    "nothing_asked": (line("--traceback"), f"error: no command is given\n{COMMANDS}"),
    "no_action": (line("weights", "lst"), "error: `weights` has no action `lst`\nhelp: did you mean `list`?\n"),
    "no_action_given": (line("weights"), "error: no action is given\nhelp: there are list, diff, map, export, verify\n"),
    "refused": (line("check"), "error: the following arguments are required: SPEC\nhelp: see `rnndsl check --help`\n"),
    "empty_argument": (
        line("check", ""),
        "error: an argument is empty or holds a zero character\nhelp: see `rnndsl check --help`\n",
    ),
    "no_option": (line("check", "--frmat", "json", "m.rnn"), "error: no option `--frmat`\nhelp: did you mean `--format`?\n"),
    "unexpected": (line("inspect", "m.rnn", "n.rnn"), "error: unexpected argument `n.rnn`\nhelp: see `rnndsl inspect --help`\n"),
    "no_pair": (line("check", "m.rnn", "--set", "units"), "error: --set wants NAME=VALUE, not `units`\n"),
    "set_twice": (line("check", "m.rnn", "--set", "a=1", "--set", "a=2"), "error: --set sets `a` twice\n"),
    "no_models": (line("compile", "none.rnn", "-o", "out"), "error: there is no model in none.rnn\n"),
    "no_loads": (
        line("weights", "export", "x.npz", "--spec", "m.rnn", "--to", "y.npz"),
        "error: `m.rnn` has no `load`, and no layer for a layout `--using`: nothing says how the file is to hold its variables\n",
    ),
    "using_alone": (
        line("weights", "export", "x.npz", "--using", "torch", "--to", "y.npz"),
        "error: --using wants a --spec: an artefact does not hold what its layers are\n",
    ),
    "no_model": (line("inspect", "two.rnn", "--model", "c"), "error: no model `c` in two.rnn\nhelp: the models are a, b\n"),
    "choose_model": (line("run", "two.rnn"), "error: two.rnn has 2 models: choose one by --model\n"),
    "with_parameters": (
        line("check", "m.rnn", "--set", "units=x"),
        "error: `units` is int, and 'x' is not\n"
        "help: model m takes units: int = 4, form: dtype = f32; give values by `--set NAME=VALUE`\n",
    ),
    "compiled_already": (
        line("inspect", "folder", "--model", "m"),
        "error: --set and --model belong to a spec; an artefact is already compiled\n",
    ),
    "no_numpy_weights": (
        line("run", "m.rnn", "--engine", "numpy", "--weights", "w.npz"),
        "error: --engine numpy takes the values that the spec starts with, and keeps none\nhelp: leave --engine numpy out\n",
    ),
    "no_numpy_artefact": (
        line("run", "folder", "--engine", "numpy"),
        "error: --engine numpy interprets a spec; an artefact holds TensorFlow's graphs alone\nhelp: give the spec itself\n",
    ),
    "not_in_folder": (
        instead(artefacts, "artefacts_in", finding("a", "b"), line("run", "folder", "--model", "c")),
        "error: `folder` holds no model `c`\nhelp: it holds `a`, `b`\n",
    ),
    "several_artefacts": (
        instead(artefacts, "artefacts_in", finding("a", "b"), line("run", "folder")),
        "error: `folder` holds 2 artefacts\nhelp: choose one by its folder or by --model: `a`, `b`\n",
    ),
    "no_output": (line("compile", "m.rnn"), "error: the folder to write is missing\nhelp: give it as `-o DIR`\n"),
    "no_stage": (
        line("compile", "m.rnn", "--opt-level", "0", "--print-after", "all"),
        "error: there is no stage `all` at level 0\nhelp: the stages are syntax, plan, functions\n",
    ),
    "no_whole_size": (
        line("compile", "m.rnn", "-o", "out", "--emit", "stablehlo", "--sizes", "batch=x"),
        "error: --sizes wants AXIS=N, N a whole number, and not `batch=x`\nhelp: as in --sizes batch=32,time=100\n",
    ),
    "sizes_alone": (
        line("compile", "m.rnn", "-o", "out", "--sizes", "batch=2"),
        "error: --sizes are those of --emit stablehlo, which is missing\n",
    ),
    "depfile_was_read": (
        line("compile", "m.rnn", "-o", "out", "--depfile", "m.rnn"),
        "error: `m.rnn` was read: the depfile would take its place\n",
    ),
    "depfile_in_artefact": (
        line("compile", "m.rnn", "-o", "out", "--depfile", "out/d"),
        "error: `out/d` lies in `out`, which is replaced as a whole\nhelp: give a file beside it, `out.d`\n",
    ),
    "no_depfile_form": (
        line("compile", "m.rnn", "-o", "a\tb", "--depfile", "d"),
        "error: a depfile has no form for the name `a\tb/manifest.json`\n",
    ),
    "not_in_library": (line("doc", "LSTN"), "error: the standard library has no `LSTN`\nhelp: did you mean `LSTM`?\n"),
    "in_modules": (
        instead(new, "find", lambda _: [Namespace(module="std.a"), Namespace(module="std.b")], line("new", "C")),
        "error: `C` is in std.a and std.b\nhelp: say which: `std.a.C`\n",
    ),
    "no_name": (
        line("new", "LSTM", "--as", "1x"),
        "error: `1x` is not a name\nhelp: a name is of letters of the Latin alphabet, digits and `_`\n",
    ),
    "word_of_language": (line("new", "LSTM", "--as", "cell"), "error: `cell` is a word of the language, and no name\n"),
    "used_by_definition": (
        line("new", "LSTM", "--as", "Gate"),
        "error: the definition of LSTM uses `Gate` itself\nhelp: give another name\n",
    ),
    "no_current_folder": (
        instead(main_module.Path, "cwd", raising(GONE), line("check", "m.rnn")),
        "error: the current folder cannot be used: No such file or directory\n",
    ),
    "no_temporary_folder": (
        instead(tempfile, "TemporaryDirectory", raising(FULL), line("run", "m.rnn", "x.csv")),
        "error: no temporary folder can be made: No space left on device\nhelp: set TMPDIR to a folder\n",
    ),
    "no_temporary_room": (
        instead(shutil, "disk_usage", raising(FULL), line("run", "m.rnn", "x.csv")),
        "error: there is no room to compile `m.rnn`: the disk of `HERE` is full\n"
        "help: make room there, or set TMPDIR to another folder\n",
    ),
    "closed_output": (instead(sys, "stdout", None, line("--version")), "error: standard output is closed\n"),
    "little_memory": (ending(MemoryError()), "error: there is too little memory\n"),
    "bug": (
        ending(LookupError("lost")),
        "error: this is a bug of rnndsl, not of your spec: LookupError: lost\n"
        "help: please report it to the project's issue tracker, with the spec and `BUG-FILE`\n",
    ),
}
SETTINGS: Cases = {
    "one_model": (
        lambda: rnndsl.compile("two.rnn", model="A"),
        "two.rnn has the models a, b: choose one by `model=`; did you mean `a`?",
    ),
    "no_parameter": (
        lambda: rnndsl.compile("m.rnn", steps=3),
        "the model m has no parameter `steps` (its parameters: units: int, form: dtype)",
    ),
    "lacking": (lambda: rnndsl.compile("needs.rnn"), "the model m needs a value for `units`"),
    "wrong_value": (lambda: rnndsl.compile("m.rnn", units=1.5), "`units` is int, and 1.5 is not"),
}
FILES: Cases = {
    "unreadable": (line("run", "m.rnn", "locked.csv"), "error: no permission to read `locked.csv`\n"),
    "unread": (line("run", "m.rnn", "loop.csv"), f"error: `loop.csv` cannot be read: {os.strerror(errno.ELOOP)}\n"),
    "missing": (line("run", "m.rnn", "none.csv"), "error: there is no file `none.csv`\n"),
    "folder": (line("run", "m.rnn", "folder.csv"), "error: `folder.csv` is a folder, not a file\n"),
    "special": (line("run", "m.rnn", "pipe.csv"), "error: `pipe.csv` is not a regular file\n"),
    "unwritable": (line("doc", "--html", "none/d.html"), "error: cannot write `none/d.html`: No such file or directory\n"),
    "unprinted": (ending(FULL), "error: cannot write: No space left on device\n"),
    "forbidden": (
        instead(os, "access", lambda *_: False, line("run", "m.rnn", "x.csv", "-o", "o.csv")),
        "error: no permission to write `o.csv`\n",
    ),
    "no_folder": (line("run", "m.rnn", "x.csv", "-o", "none/o.csv"), "error: `none/o.csv`: there is no folder `none`\n"),
    "nothing_made": (
        instead(shutil, "disk_usage", lambda _: Namespace(total=0), lambda: check_output(Path("o.csv"), [])),
        "`o.csv`: no file can be made in `HERE`",
    ),
    "is_input": (
        line("run", "m.rnn", "x.csv", "-o", "x.csv"),
        "error: `x.csv` is an input: the output would take its place\n",
    ),
    "exists": (line("new", "LSTM", "-o", "x.csv"), "error: `x.csv` exists\nhelp: give another file: nothing is overwritten\n"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name, text in {**SPECS, "x.csv": "1,2,3\n", "locked.csv": "1,2,3\n"}.items():
        Path(name).write_text(text)
    Path("folder").mkdir()
    Path("folder.csv").mkdir()
    Path("loop.csv").symlink_to("loop.csv")
    os.mkfifo("pipe.csv")
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, *a, **k: opened(_readable(path), *a, **k))  # root may read everything


def _readable(path: Any) -> Any:
    if str(path) == "locked.csv":
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return path


@pytest.fixture
def saying(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[Callable[[], object]], str]:
    """Does it, and returns what it prints to standard error, or the text of what it raises."""

    def say(act: Callable[[], object]) -> str:
        try:
            act()
        except ValueError as error:
            return str(error).replace(str(tmp_path), "HERE")
        except rnndsl.SettingError as error:
            return str(error)
        return re.sub(r"`[^`]*rnndsl-bug-\w+\.txt`", "`BUG-FILE`", capsys.readouterr().err).replace(str(tmp_path), "HERE")

    return say


@every(command, COMMAND)
def test_of_a_command(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(command, COMMAND, name, saying)


@every(settings, SETTINGS)
def test_of_settings(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(settings, SETTINGS, name, saying)


@every(files, FILES)
def test_of_files(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(files, FILES, name, saying)
