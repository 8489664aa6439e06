"""Each pass by example: `cases/PASS/NAME.plan` is a plan, a line `---->`, and the plan that the pass makes of it.

For `make_stream` it may also be the reason why there is none, or the fault.
`UPDATE_CASES=1 pytest tests/passes` rewrites the second half. Every case is verified before and after, and must mean the same
(of a stream see test_make_stream.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rnndsl import passes
from rnndsl.meaning.verifier import verify
from rnndsl.plan.model import Plan
from rnndsl.plan.printer import print_plan
from rnndsl.text.diagnostics import SpecError
from tests.passes.oracle import assert_same_meaning
from tests.plan.reading import read_plan
from tests.plan.whole import as_plan, over, stream_of

HERE = Path(__file__).parent / "cases"
STREAM = "make_stream"
FUNCTIONS = {**dict(passes.PASSES), STREAM: None}
CASES = sorted(p for p in HERE.glob("*/*.plan") if p.parent.name in FUNCTIONS)
ARROW = "\n---->\n\n"


def changed(plan: Plan, name: str) -> Plan | str:
    """What the pass `name` makes of `plan`."""
    if name != STREAM:
        return over(plan, FUNCTIONS[name])
    try:
        step = stream_of(plan)
    except SpecError as error:
        return str(error)
    return step if isinstance(step, str) else as_plan(step, plan)


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path):
    text, _, expected = path.read_text().partition(ARROW)
    before = read_plan(text)
    verify(before)
    after = changed(before, path.parent.name)
    if not isinstance(after, str):
        verify(after, path.parent.name)
    found = f"none: {after}\n" if isinstance(after, str) else print_plan(after)
    if os.environ.get("UPDATE_CASES"):
        path.write_text(text.rstrip() + "\n" + ARROW + found)
        return
    assert found == expected
    for seed in range(3 if path.parent.name != STREAM else 0):
        assert_same_meaning(before, after, seed)


def test_every_pass_has_a_case():
    assert {p.parent.name for p in CASES} == set(FUNCTIONS)
