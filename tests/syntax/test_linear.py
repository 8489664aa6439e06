"""Time and memory of a check grow with the length of the text, whatever it repeats, nests, leaves open or has the wrong way round.

A text that took time in the square of its length would be over the bound a hundred times.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rnndsl.syntax import tables
from rnndsl.text.sink import MAX_FOUND
from tests.elaborate.checking import check_text
from tests.memory import alone, in_a_process
from tests.syntax.support import read

LENGTH = 20_000
SECONDS = 1.0
"""For 20,000 characters: a plain text of that length takes 0.1."""

CASES = Path(__file__).parent / "cases"
STATEMENTS = [
    line.strip()
    for name in ("good_everything", "good_layout", "good_whole_model", "habits")
    for line in (CASES / f"{name}.rnn").read_text(encoding="utf-8").splitlines()
    if line.strip()
]
OPEN = ["(", "[", "{", "f(a, ", "x[", "{a, ", "x = (", "layer l = f(", "scope s {", "if a {", "for k in 0..3 {", "block B {"]
OPEN += ["-", "not ", "a + ", "a ** ", "if a then b else ", "a.", "(]", "[)", "{)", "(}", "} {", ") (", "x = f({", "Dropout( {"]
OPEN += [
    "else if a { } ",
    "} else {",
    "model m(a: int ( {",
    "cell C(state: int,",
    "scope s layer l = x }",
    "if a:",
    "1.",
    "1_",
    "é",
    "'",
]


def pieces() -> Iterator[str]:
    """What is repeated: every word and sign, every statement, its beginnings, and its tokens in reverse."""
    data = tables.load()
    marks = {action for row in data.rows for action in row if not action[0].isalpha() and action[0] not in "<$"}
    yield from sorted(data.words | marks)
    yield from OPEN
    for statement in STATEMENTS:
        tokens = re.findall(r'"[^"]*"|\w+|\S', statement)
        yield statement
        yield " ".join(reversed(tokens))
        yield from (" ".join(tokens[:n]) for n in range(1, len(tokens)))


def texts(pieces: Sequence[str]) -> Iterator[str]:
    """Each piece repeated on lines and on one line, at the top and in a body; a body with names of their own for the lines."""
    for piece in pieces:
        for end in ("\n", " "):
            repeated = (piece + end) * (LENGTH // (len(piece) + 1))
            yield f"rnn 1\n{repeated}"
            yield f"rnn 1\nmodel m {{\n{repeated}\n}}\n"
        numbered = (re.sub(r"\b([a-z])\b", rf"\g<1>{i}", piece) + "\n" for i in range(LENGTH // (len(piece) + 5)))
        yield f"rnn 1\ncell C {{\n{''.join(numbered)}}}\n"


PIECES = list(dict.fromkeys(pieces()))
SOME = random.Random(0).sample(PIECES, 20)


def seconds(action: Callable[..., object], *arguments: object) -> float:
    started = time.process_time()
    action(*arguments)
    return time.process_time() - started


def test_reading_takes_time_in_the_length() -> None:
    with alone():
        assert [text[:60] for text in texts(SOME) if seconds(read, text) > SECONDS] == []


def test_checking_takes_time_in_the_length(tmp_path: Path) -> None:
    with alone():
        assert [text[:60] for text in texts(SOME[:5]) if seconds(check_text, tmp_path, text) > 4 * SECONDS] == []


@pytest.mark.slow
def test_any_repeated_text_takes_time_in_the_length(tmp_path: Path) -> None:
    with alone():
        assert [text[:60] for text in texts(PIECES) if seconds(read, text) > SECONDS] == []
        assert [text[:60] for text in texts(PIECES[::5]) if seconds(check_text, tmp_path, text) > 4 * SECONDS] == []


@pytest.mark.parametrize("line", ["}", ")", "y = a", "axis A", "x = (1", "laier l = D()"])
def test_no_more_faults_are_told_than_anybody_reads(line: str, tmp_path: Path) -> None:
    found = check_text(tmp_path, "rnn 1\nmodel m {\n" + f"{line}\n" * 3_000 + "}\n").diagnostics
    assert sum(d.severity == "error" for d in found) <= MAX_FOUND + 1
    assert len(found) <= 2 * MAX_FOUND + 2


CHECK = """
from rnndsl.cli.main import main
from tests.memory import peak
status = main(["check", sys.argv[1]])
print(status, round(peak()))
"""
LARGE = {
    "open": ("", "( ", 4_000_000),
    "lines": ("", "\n", 9_000_000),
    "comments": ("", "#\n", 4_000_000),
    "names": ("", "x ", 4_000_000),
    "statements": ("", "const a = 1\n", 45_000),
    "faults": ("", "?", 9_000_000),
    "string": ('"', "a", 9_000_000),
}


@pytest.mark.parametrize("start, piece, times", LARGE.values(), ids=LARGE)
def test_no_text_takes_more_than_half_a_gigabyte(start: str, piece: str, times: int, tmp_path: Path) -> None:
    spec = tmp_path / "spec.rnn"
    spec.write_text("rnn 1\n" + start + piece * times, encoding="utf-8")
    status, megabytes = map(int, in_a_process(CHECK, str(spec)).splitlines()[-1].split())
    assert status in (0, 1)
    assert megabytes < 512
