"""Jacobians of whole models, with scans that have everything a scan can have: by columns, by rows, by central differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.derive.derivatives.checking import numbers_for
from tests.derive.derivatives.test_cases import CASES, INPUTS, RAGGED
from tests.derive.least_squares.jacobians import Derived


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
@pytest.mark.parametrize("inputs", [INPUTS, RAGGED], ids=["some", "an_empty_row"])
def test_of_what_a_loss_is_made_of(path: Path, inputs: dict[str, np.ndarray]) -> None:
    """Of the loss as if it were a residual, column by column."""
    plan = plan_of(path)
    feeds, variables = {x.name: inputs[x.name] for x in plan.inputs}, numbers_for(plan)
    paths = [v.path for v in plan.variables if v.trainable]
    columns, rows = (Derived(plan, plan.losses[0].value, paths, forward=way) for way in (True, False))
    j, _ = columns.matrix(feeds, variables)
    assert j.shape == (1, sum(variables[p].size for p in paths))
    size = max(1.0, float(np.abs(j).max()))
    np.testing.assert_allclose(rows.matrix(feeds, variables)[0], j, rtol=0, atol=1e-12 * size)
    random = np.random.default_rng(2)
    for _ in range(2):
        way = random.normal(size=j.shape[1]) / np.sqrt(j.shape[1])
        np.testing.assert_allclose(j @ way, columns.difference(feeds, variables, way), rtol=0, atol=1e-8 * size)
