"""Whatever is done to a valid spec, it is either fine or gets diagnostics, few and soon: nothing else is ever raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnndsl.syntax import parse
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile
from tests.elaborate.checking import check_text
from tests.elaborate.mutating import one_token
from tests.memory import in_a_process

HOLD = """
from tests.elaborate.mutating import failures
sys.exit(failures(range(int(sys.argv[1]), int(sys.argv[2]))))
"""


def test_a_mutated_spec_raises_nothing_but_diagnostics() -> None:
    in_a_process(HOLD, "0", "60")


@pytest.mark.slow
def test_many_mutated_specs_raise_nothing_but_diagnostics() -> None:
    in_a_process(HOLD, "1000", "2500", timeout=1_800)


def syntax_errors(text: str) -> int:
    sink = Sink()
    parse(SourceFile("spec.rnn", text), sink)
    return sum(d.severity == "error" for d in sink.found)


def test_one_wrong_token_is_one_fault_of_syntax() -> None:
    """Of 600 specs with one token left out, put in or replaced; brackets and keywords are among them."""
    counts = [syntax_errors(one_token(seed)) for seed in range(600)]
    assert sum(count <= 1 for count in counts) >= 600 * 0.95
    assert sum(count <= 2 for count in counts) >= 600 * 0.99
    assert max(counts) <= 5


def test_one_wrong_token_is_few_faults_of_the_spec(tmp_path: Path) -> None:
    """With names, types and shapes, which one token can leave wrong in several places."""
    counts = [len(check_text(tmp_path, one_token(seed)).errors) for seed in range(5_000, 5_080)]
    assert sum(count <= 1 for count in counts) >= 80 * 0.85
    assert sum(count <= 3 for count in counts) >= 80 * 0.97
