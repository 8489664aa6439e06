"""One subject at a time: tests of one cell run together, so that its plans and modules are made once and then let go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.conformance.discovery import Case, cases, representatives, variants
from tests.conformance.subject import Subject, forget, subject


def _slow(cases: Iterable[Case]) -> list[object]:
    return [pytest.param(case, marks=pytest.mark.slow) for case in cases]


def _dear() -> list[object]:
    """Every cell; a few stand for all where slow tests are left out."""
    few = representatives()
    return [*(c for c in cases() if c.id in few), *_slow(c for c in cases() if c.id not in few)]


@pytest.fixture(scope="session", params=[*cases(), *_slow(variants())], ids=lambda case: case.id)
def planned(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each cell, and each with one of its boolean parameters turned."""
    yield subject(request.param)
    forget()


@pytest.fixture(scope="session", params=_dear(), ids=lambda case: case.id)
def built(request: pytest.FixtureRequest) -> Iterator[object]:
    """Each cell, in a model that TensorFlow runs."""
    from tests.conformance.build import Built

    made = Built(subject(request.param), request.param.id in representatives())
    yield made
    made.close()
    forget()
