"""Any text is answered quickly, with one diagnostic for the limit that it passes."""

from __future__ import annotations

import time

import pytest

from rnndsl.text.sink import MAX_FOUND
from tests.syntax.support import read

DEEP = {
    "parentheses": "const a = " + "(" * 10_000 + "1" + ")" * 10_000,
    "braces": "block B { " + "if a {" * 5_000 + "}" * 5_001,
    "minus": "const a = " + "- " * 5_000 + "1",
    "not": "const a = " + "not " * 5_000 + "b",
    "attributes": "const a = b" + ".c" * 5_000,
    "calls": "const a = f" + "()" * 5_000,
    "indices": "const a = f" + "[0]" * 5_000,
    "power": "const a = " + "b ** " * 5_000 + "b",
    "conditionals": "const a = " + "if b then c else " * 5_000 + "d",
    "conditions": "const a = " + "if " * 5_000,
    "else if": "block B { if a { }" + " else if b { }" * 5_000 + "}",
    "mixed": "const a = " + "-(-" * 60 + "1" + ")" * 60,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_nesting_is_one_diagnostic(text: str) -> None:
    started = time.process_time()
    _, found = read("rnn 1\n" + text)
    assert [d.code for d in found] == ["RNN0901"]
    assert time.process_time() - started < 2


def test_nesting_up_to_the_limit() -> None:
    _, found = read("rnn 1\nconst a = " + "(" * 100 + "1" + ")" * 100)
    assert found == []


def test_long_chains() -> None:
    _, found = read("rnn 1\nconst a = " + "b + " * 1_000 + "b")
    assert found == []
    _, found = read("rnn 1\nconst a = " + "b + " * 5_000 + "b")
    assert [d.code for d in found] == ["RNN0903"]


def test_operators_are_counted_for_each_expression() -> None:
    _, found = read("rnn 1\nblock B {\n" + "  y = a + b - c * d\n" * 600 + "  output [" + "a + b, " * 1_100 + "]\n}\n")
    assert found == []


def test_long_number() -> None:
    _, found = read("rnn 1\nconst a = " + "9" * 5_000)
    assert [d.code for d in found] == ["RNN0902"]


def test_large_number() -> None:
    _, found = read("rnn 1\nconst a = 1e400")
    assert [d.code for d in found] == ["RNN0904"]


@pytest.mark.parametrize("text", ["$ " * 5_000, "const a = 3 3\n" * 3_000], ids=["characters", "statements"])
def test_many_faults(text: str) -> None:
    _, found = read("rnn 1\n" + text)
    assert [d.code for d in found].count("RNN0905") == 1
    assert len(found) == MAX_FOUND + 1


LONG = [" " * 300_000, "\n" * 300_000, '"' + "\\" * 100_000, "# " * 100_000, "a" * 100_000, "*/" * 50_000]


@pytest.mark.parametrize("text", LONG)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    read("rnn 1\n" + text)
    assert time.process_time() - started < 2
