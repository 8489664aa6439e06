"""Text to tree and back: `parse` and `format_module`."""

from __future__ import annotations

from rnndsl.syntax.read import parse

__all__ = ["parse"]
