"""The derivative of a draw by what it depends on smoothly. The argument of a dropout is a factor of its own by then."""

from __future__ import annotations

from rnndsl.language.ops.derivative.writing import elementwise

dropout = elementwise(lambda n: None, lambda n: n.y / (1.0 - n[1]), singular=True)
