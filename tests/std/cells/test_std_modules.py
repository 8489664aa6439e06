"""The cells of the smaller modules of the library against NumPy written from their papers, in the interpreter."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from rnndsl.names.reading import STD
from tests.compiling import plan_of
from tests.plan.interpreting import interpret
from tests.std.cells import oracle_continuous, oracle_linear_rnn, oracle_memory, oracle_regularised, oracle_ssm, test_std_cells
from tests.std.cells.cell_oracle import Array, Case, Weights
from tests.std.cells.test_std_cells import data_of, output_name, text, values_of

CASES: tuple[Case, ...] = (
    *oracle_continuous.CASES,
    *oracle_linear_rnn.CASES,
    *oracle_memory.CASES,
    *oracle_regularised.CASES,
    *oracle_ssm.CASES,
)
ELSEWHERE = {"core", "tf1"}
"""Modules whose cells are held to others: to the loops of `tests/conformance`, to the equations and numbers of `tests/std/tf1`."""
DATA = data_of(np.float64)


@cache
def results() -> tuple[dict[str, Array], dict[str, Array]]:
    """The variables, and what one model of all cells gives."""
    plan = plan_of(text("f64", cases=CASES))
    values = values_of(plan, np.float64)
    found = interpret(plan, {x.name: DATA[x.name] for x in plan.inputs}, values)
    return values, {name: value for (title, _, name), value in found.items() if title == "outputs"}


def weights_of(case: Case) -> Weights:
    values, _ = results()
    prefix = f"{case.name}/"
    return Weights({path.removeprefix(prefix): v for path, v in values.items() if path.startswith(prefix)})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_outputs_and_final_states_are_the_papers(case: Case) -> None:
    weights = weights_of(case)
    outputs, finals = case.oracle(weights, DATA)
    assert weights.read == set(weights), "the oracle and the cell have different variables"
    assert set(case.states.split()) == set(finals)
    for name, expected in {"out": outputs, **finals}.items():
        found = results()[1][output_name(case, name)]
        assert found.shape == expected.shape, name
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("case", [c for c in CASES if c.parallel], ids=lambda case: case.name)
def test_the_form_without_a_recurrence(case: Case) -> None:
    assert case.parallel is not None
    expected = case.parallel(weights_of(case), DATA)
    np.testing.assert_allclose(results()[1][output_name(case, "out")], expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("module", sorted(path.stem for path in STD.glob("*.rnn") if path.stem not in ELSEWHERE))
def test_every_cell_has_an_oracle(module: str) -> None:
    cells = set(re.findall(r"^cell (\w+)", (STD / f"{module}.rnn").read_text(encoding="utf-8"), re.MULTILINE))
    held = {case.definition for case in (*CASES, *test_std_cells.CASES) if case.module == f"std.{module}"}
    assert cells == held | (test_std_cells.ELSEWHERE if module == "cells" else set())


def test_the_solver_of_ltc_approaches_its_equation() -> None:
    """Its error is of the first order in the length of a part."""
    case = next(c for c in CASES if c.name == "ltc_fine")
    exact = oracle_continuous.exact_ltc(weights_of(case), DATA, 60)
    found = results()[1][output_name(case, "out")]
    assert np.abs(found - exact).max() < 0.02
    coarse, _ = oracle_continuous.ltc(20)(weights_of(case), DATA)
    assert np.abs(coarse - exact).max() == pytest.approx(2 * np.abs(found - exact).max(), rel=0.1)
