"""All lowerings, by name of the operation. A family is one file, whose `LOWERINGS` has its part of the table."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.backends.stablehlo.frame import Lower
from rnndsl.backends.stablehlo.ops import (
    axes,
    convolution,
    ctc,
    elementwise,
    linear_algebra,
    ordering,
    products,
    random,
    reductions,
    shapes,
)

__all__ = ["LOWERINGS"]

LOWERINGS: Mapping[str, Lower] = {
    **elementwise.LOWERINGS,
    **products.LOWERINGS,
    **reductions.LOWERINGS,
    **shapes.LOWERINGS,
    **axes.LOWERINGS,
    **ordering.LOWERINGS,
    **random.LOWERINGS,
    **convolution.LOWERINGS,
    **linear_algebra.LOWERINGS,
    **ctc.LOWERINGS,
}
"""What has no form is told where it is asked for: states that are kept between calls."""
