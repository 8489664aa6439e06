"""The commands that README and guide show are run, and say what is shown; a line `...` stands for any lines.

Only those that start with `rnndsl` and need no TensorFlow are run here; `make sunspots` is in tests/test_sunspots.py.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks

CHEAP = ("check", "inspect", "fmt", "new", "doc", "--version", "--help")
FUNCTIONS = ROOT / "docs" / "guide" / "functions.md"


def shown() -> list[tuple[str, str, str]]:
    """Place, command and output of each command in a block of `console`."""
    found: list[tuple[str, str, str]] = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((block.name, command, output))
    return found


CASES = [case for case in shown() if case[1].split()[0] == "rnndsl" and case[1].split()[1] in CHEAP]


@pytest.mark.parametrize(("place", "command", "output"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_it_says_what_is_shown(place: str, command: str, output: str) -> None:
    code = "import sys; from rnndsl.cli.main import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "110"}
    words = shlex.split(command)[1:]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in output.rstrip().splitlines())
    assert re.fullmatch(pattern, (done.stdout + done.stderr).rstrip() + "\n" * bool(pattern)), (
        f"{place}\n{done.stdout}{done.stderr}"
    )


def test_the_table_of_functions_is_current() -> None:
    """`UPDATE_CASES=1` writes it."""
    from tests.docs.functions_page import page

    if os.environ.get("UPDATE_CASES"):
        FUNCTIONS.write_text(page(), encoding="utf-8")
    assert FUNCTIONS.read_text(encoding="utf-8") == page()


@pytest.mark.tf
@pytest.mark.slow
def test_the_lines_of_the_readme_train_below_persistence(tmp_path: Path) -> None:
    (lines,) = [block.text for block in blocks("python") if "saved_model.load" in block.text and block.page.name == "README.md"]
    assert lines == (ROOT / "docs" / "examples" / "load_and_train.py").read_text(encoding="utf-8")
    assert len(lines.splitlines()) == 15
    compiler = [
        sys.executable,
        "-m",
        "rnndsl.cli.main",
        "compile",
        "specs/sunspots.rnn",
        "-o",
        str(tmp_path / "build" / "sunspots"),
    ]
    subprocess.run(compiler, cwd=ROOT, check=True)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    guard = "import sys; sys.modules['rnndsl'] = None\n"
    done = subprocess.run([sys.executable, "-c", guard + lines], cwd=tmp_path, check=True, capture_output=True, text=True)
    found = re.match(r"error ([\d.]+) after \d+ steps, below persistence's ([\d.]+)\n", done.stdout)
    assert found is not None
    assert float(found[1]) < float(found[2]) == pytest.approx(24.7, abs=0.06)
    assert "trainable_variables: 16 variables\n" in done.stdout


@pytest.mark.tf
@pytest.mark.slow
def test_the_python_of_the_guide_runs(tmp_path: Path) -> None:
    """In the guide's order, where `counter.rnn` is its first model, `build/sunspots` the artefact of the README, `build/machines`
    that of the page on federated training, and the specs of the page on warm starts have their names."""
    elsewhere = ("README.md", "16-resaving.md")  # whose artefacts are others: `test_resaving` has the page
    rest = [block for block in blocks("python") if block.page.name not in elsewhere]
    for name, page in (("counter", "first-model"), ("machines", "federated"), ("reader", "warm-start")):
        text = next(b.spec for b in blocks("rnn") if page in b.page.name)
        (tmp_path / f"{name}.rnn").write_text(text, encoding="utf-8")
    (tmp_path / "spread.rnn").write_text([b.spec for b in blocks("rnn") if "warm-start" in b.page.name][1], encoding="utf-8")
    sources = {"sunspots": str(ROOT / "specs" / "sunspots.rnn"), "machines": "machines.rnn"}
    build = "import rnndsl\n" + "".join(f"rnndsl.compile({x!r}, 'build/{name}')\n" for name, x in sources.items())
    (tmp_path / "build").mkdir()
    code = build + "\n".join(block.text for block in rest)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "(32, 1)" in done.stdout
    assert "(4, 1)" in done.stdout
    assert "'lstm/output_gate/wx'" in done.stdout and "sensors/gain" not in done.stdout
    warm, cold = re.findall(r"warm = \w+: ([\d.]+) (.*)", done.stdout)
    assert float(warm[0]) < float(cold[0]) / 2
    assert (warm[1], cold[1]) == ("['head', 'peak']", "['head', 'peak', 'total']")
