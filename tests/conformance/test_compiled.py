"""Recurrences compiled by XLA: the numbers of the uncompiled ones, for every cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.conformance.discovery import cases, representatives
from tests.conformance.subject import subject

pytestmark = pytest.mark.tf

SHOWN = representatives()
CASES = [pytest.param(c, id=c.id, marks=() if c.id in SHOWN else pytest.mark.slow) for c in cases()]


@pytest.fixture(scope="module", params=CASES)
def built(request: pytest.FixtureRequest) -> Iterator[Any]:
    from tests.conformance.build import Built

    made = Built(subject(request.param))
    yield made
    made.close()


def test_outputs_agree(built: Any) -> None:
    built.same(built.apply(built.subject.data, built.compiled), built.apply(built.subject.data), 1e-11)


def test_gradients_agree(built: Any) -> None:
    """XLA has a Philox of its own: a cell that draws in training draws other numbers, the same at each call of one counter."""
    data = built.subject.data
    found = built.gradients(data, built.compiled)
    expected = built.gradients(data, built.compiled if built.draws else None)
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-12)
    built.same(found["gradients"], expected["gradients"], 1e-10)
    assert all(np.any(g) for g in found["gradients"].values())
