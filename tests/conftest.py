"""Settings of all tests: generated examples are the same in every run, none is timed, and what shares a build runs together."""

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of one file on one worker, so that what its fixtures and caches hold is built once; those of a cell of the
    conformance suite too, which stand in several files."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        case = params.get("built") or params.get("planned")
        item.add_marker(pytest.mark.xdist_group(case.id if case else item.location[0]))
