"""What the tests of faults share."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def saying(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[], object]], str]:
    """Does it, and returns what it prints to standard error. A module whose faults are raised has one of its own."""

    def say(act: Callable[[], object]) -> str:
        act()
        return capsys.readouterr().err

    return say
