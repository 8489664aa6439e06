"""Every operator and function of section 6 with its argument forms, by the tables of `functions`."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.ops import functions
from tests.language.section_1_6.functions import DEFINITIONS, ROWS
from tests.language.section_1_6.meaning import VALUES, inputs_of, model_of, value_of

DRAWN = {"dropout", "bernoulli", "random_uniform", "random_normal", "categorical"}
TOLERANCE = {"float16": 1e-2, "float32": 1e-5}


def agrees(found, expected) -> None:
    expected = np.asarray(expected)
    found = np.asarray(found)
    assert found.shape == expected.shape
    assert found.dtype.kind == expected.dtype.kind
    tolerance = TOLERANCE.get(found.dtype.name, 1e-9)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("expression", ROWS)
def test_an_expression_is_worth_what_numpy_says(expression: str) -> None:
    agrees(value_of(expression, DEFINITIONS), ROWS[expression](VALUES))


def test_every_function_of_the_language_is_in_the_table() -> None:
    text = " ".join(ROWS)
    assert {name for name in functions() if f"{name}(" not in text} <= DRAWN | {"ctc", "eye", "if_training"}


@pytest.mark.tf
def test_tensorflow_agrees_with_every_row() -> None:
    from rnndsl.backend.module import build
    from tests.compiling import plan_of

    names = {f"y{n}": expression for n, expression in enumerate(ROWS)}
    plan = plan_of(model_of(names, DEFINITIONS))
    needed = next(s for s in plan.signatures if s.name == "predict").inputs
    given = {name: value for name, value in inputs_of(plan).items() if name in needed}
    found = {name: value.numpy() for name, value in build(plan).predict(**given).items()}
    for name, expression in names.items():
        try:
            agrees(found[name], ROWS[expression](VALUES))
        except AssertionError as error:
            raise AssertionError(f"{expression}: {error}") from None
