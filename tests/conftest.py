"""Settings of all tests: generated examples are the same in every run, and none is timed."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

WITHOUT_TENSORFLOW = re.compile(r"not tf( and not \w+)*")
NEEDS_TENSORFLOW = re.compile(r"^pytestmark = .*\bpytest\.mark\.tf\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m "not tf and …"` no module is imported whose tests all need TensorFlow, which takes half a gigabyte."""
    if WITHOUT_TENSORFLOW.fullmatch(config.option.markexpr) is None or collection_path.suffix != ".py":
        return None
    return True if NEEDS_TENSORFLOW.search(collection_path.read_text(encoding="utf-8")) else None
