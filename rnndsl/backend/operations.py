"""All lowerings, by family. Importing this module fills the table."""

from rnndsl.backend import (
    ops_axes,
    ops_elementwise,
    ops_losses,
    ops_products,
    ops_random,
    ops_reductions,
    ops_shapes,
)
from rnndsl.backend.registry import LOWERINGS

FAMILIES = (ops_elementwise, ops_products, ops_shapes, ops_axes, ops_random, ops_reductions, ops_losses)

__all__ = ["FAMILIES", "LOWERINGS"]
