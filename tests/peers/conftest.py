"""Tests that need another framework have an environment of their own: `make test-peers` makes it and runs them there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Passes over a peer's folder where the peer is not installed."""
    if collection_path.parent == HERE and collection_path.is_dir() and importlib.util.find_spec(collection_path.name) is None:
        return True
    return None
