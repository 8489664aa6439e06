"""Whatever is done to a valid spec, it is either fine or gets diagnostics: nothing else is ever raised."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.elaborate.checking import check_text

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").glob("*.rnn")) + sorted((ROOT / "tests/elaborate/valid").glob("*.rnn"))
TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_][A-Za-z0-9_]*|[0-9.]+(?:e-?[0-9]+)?|#[^\n]*|\s+|.', re.S)
SEEDS = [TOKEN.findall(path.read_text(encoding="utf-8")) for path in SPECS]
INSERTED = [
    "0",
    "-1",
    "3",
    "0.5",
    "x",
    "t",
    "training",
    "batch",
    "time",
    "zeros",
    "LSTM(2)",
    "Dense",
    "mean",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
]


def _words(tokens: list[str]) -> list[int]:
    return [i for i, token in enumerate(tokens) if not token.isspace() and not token.startswith("#")]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid spec with one to three tokens left out, doubled, exchanged or replaced."""
    tokens = list(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 3))):
        words = _words(tokens)
        at, other = draw(st.sampled_from(words)), draw(st.sampled_from(words))
        match draw(st.sampled_from(["delete", "duplicate", "swap", "copy", "insert"])):
            case "delete":
                tokens[at] = " "
            case "duplicate":
                tokens[at] = f"{tokens[at]} {tokens[at]}"
            case "swap":
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case "copy":
                tokens[at] = tokens[other]
            case _:
                tokens[at] = draw(st.sampled_from(INSERTED))
    return "".join(tokens)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(mutated())
def test_a_mutated_spec_raises_nothing_but_diagnostics(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = check_text(Path(folder), text)
    assert found.errors or found.models >= 0


@pytest.mark.slow
@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(mutated())
def test_many_mutated_specs_raise_nothing_but_diagnostics(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_text(Path(folder), text)
