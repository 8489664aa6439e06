"""All lowerings, by name of the operation. A family is one file, whose `LOWERINGS` has its part of the table."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.backends.stablehlo.frame import Lower
from rnndsl.backends.stablehlo.ops import axes, elementwise, products, reductions, shapes

__all__ = ["LOWERINGS"]

LOWERINGS: Mapping[str, Lower] = {
    **elementwise.LOWERINGS,
    **products.LOWERINGS,
    **reductions.LOWERINGS,
    **shapes.LOWERINGS,
    **axes.LOWERINGS,
}
"""What has no form here yet is told where it is asked for: random draws, convolutions, sorting, ctc, linear algebra, erf."""
