"""Text to tree and back: `parse` and `format_module`.

`parse(source, sink)` gives a `tree.Module` of any text; `format_module(module)` writes one that was read without errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnndsl.syntax.read import parse

if TYPE_CHECKING:
    from rnndsl.syntax.tree import Module

__all__ = ["format_module", "parse"]


def format_module(module: Module) -> str:
    """The canonical text of a module that was read without errors, comments kept."""
    from rnndsl.syntax.formatting.modules import format_module as formatted  # a compiler seldom needs it

    return formatted(module)
