"""What breaks section 6, one expression at a time, and what is said of it: `faults.txt`.

ACCEPT=1 in the environment writes what is said. Read it before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.language.section_1_6.functions import DEFINITIONS
from tests.language.section_1_6.meaning import model_of, said_of

FAULTS = Path(__file__).parent / "faults.txt"


def _faults() -> dict[str, str]:
    lines = [line for line in FAULTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {expression: said.strip() for expression, said in zip(lines[::2], lines[1::2], strict=True)}


def _said(expression: str) -> str:
    found = said_of(model_of({"y": expression}, DEFINITIONS)).diagnostics
    return " // ".join(f"{d.code}: {d.message}" for d in found if d.severity == "error")


@pytest.mark.parametrize("expression", _faults())
def test_a_faulty_expression(expression: str) -> None:
    said = _said(expression)
    if os.environ.get("ACCEPT"):
        text = FAULTS.read_text(encoding="utf-8").replace(
            f"{expression}\n    {_faults()[expression]}\n", f"{expression}\n    {said}\n"
        )
        FAULTS.write_text(text, encoding="utf-8")
    assert said == _faults()[expression]
