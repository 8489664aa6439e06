"""Wrong specs as users write them, and all that is said about each: `errors/NAME.rnn` and `errors/NAME.txt` beside it.

ACCEPT=1 in the environment writes what is said. Read each expectation before committing it: the code and the place are right,
independent faults are all told, and none is told that merely follows from another.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.elaborate.checking import check, check_text

FOLDER = Path(__file__).parent / "errors"
CASES = sorted(path.stem for path in FOLDER.glob("*.rnn"))


@pytest.mark.parametrize("name", CASES)
def test_wrong_spec(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    started = time.process_time()
    found = check(FOLDER / f"{name}.rnn")
    assert time.process_time() - started < 5  # well under a second, on a machine that does nothing else
    assert found.errors or "warning" in found.text
    expected = FOLDER / f"{name}.txt"
    if os.environ.get("ACCEPT"):
        expected.write_text(found.text, encoding="utf-8")
    assert found.text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_no_place_is_marked_twice_for_one_reason(name: str) -> None:
    places = [(d.code, d.span, d.notes) for d in check(FOLDER / f"{name}.rnn").diagnostics]
    assert len(places) == len(set(places))


def test_definitions_without_a_model_are_checked_too(tmp_path: Path) -> None:
    found = check_text(tmp_path, "rnn 1\n\nblock Scaled(by: float) {\n  input x\n  output bye * x\n}\n")
    assert found.codes == ["RNN0101"]
    assert re.search(r"spec\.rnn:5:10\n", found.text)


def test_name_faults_and_shape_faults_are_told_together(tmp_path: Path) -> None:
    found = check_text(
        tmp_path,
        "rnn 1\n\nmodel m {\n  input x: f32[batch, 3]\n  input z: f32[batch, 4]\n  output a = tahn(x)\n  output b = x + z\n}\n",
    )
    assert found.codes == ["RNN0101", "RNN0201"]


@pytest.mark.parametrize("written", ["valid", '"valid"'])
def test_the_padding_is_a_word_with_quotes_or_without(tmp_path: Path, written: str) -> None:
    model = "rnn 1\n\nmodel m {\n  input x: f32[batch, 9, 3]\n  param k: [3, 3, 4]\n"
    found = check_text(tmp_path, f"{model}  output y = conv(x, k, padding = {written})\n}}\n")
    assert found.text == ""
    assert found.models == 1
