"""Tests that need another framework have an environment of their own: `make test-peers` makes it and runs them there."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Passes over a peer's folder outside of the environment of its name."""
    if collection_path.parent == HERE and collection_path.is_dir() and Path(sys.prefix).name != collection_path.name:
        return True
    return None
