"""Whether a backend has recurrences compiled before it runs them."""

from __future__ import annotations

from typing import Literal

Jit = Literal["auto", "always", "never"]
"""`auto`: those of training steps, which are called often, and which nobody differentiates."""
JITS: tuple[Jit, ...] = ("auto", "always", "never")
