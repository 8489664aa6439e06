"""One subject at a time: tests of one cell run together, so that its plans and modules are made once and then let go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.discovery import cases, representatives, variants
from tests.conformance.subject import Subject, subject


@pytest.fixture(scope="session", params=[*cases(), *variants()], ids=lambda case: case.id)
def planned(request: pytest.FixtureRequest) -> Subject:
    """Each cell, and each with one of its boolean parameters turned."""
    return subject(request.param)


def _dear() -> list[object]:
    """Every cell; a few stand for all where `slow` tests are left out."""
    few = representatives()
    return [case if case.id in few else pytest.param(case, marks=pytest.mark.slow) for case in cases()]


@pytest.fixture(scope="session", params=_dear(), ids=lambda case: case.id)
def built(request: pytest.FixtureRequest) -> Iterator[object]:
    """Each cell, in a model that TensorFlow runs."""
    from tests.conformance.build import Built

    made = Built(subject(request.param), request.param.id in representatives())
    yield made
    made.close()
