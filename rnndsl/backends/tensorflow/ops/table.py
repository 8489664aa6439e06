"""All lowerings, by family. Importing this module fills the table."""

from rnndsl.backends.tensorflow.ops import axes as ops_axes
from rnndsl.backends.tensorflow.ops import elementwise as ops_elementwise
from rnndsl.backends.tensorflow.ops import losses as ops_losses
from rnndsl.backends.tensorflow.ops import products as ops_products
from rnndsl.backends.tensorflow.ops import random as ops_random
from rnndsl.backends.tensorflow.ops import reductions as ops_reductions
from rnndsl.backends.tensorflow.ops import shapes as ops_shapes
from rnndsl.backends.tensorflow.ops.registry import LOWERINGS

FAMILIES = (ops_elementwise, ops_products, ops_shapes, ops_axes, ops_random, ops_reductions, ops_losses)

__all__ = ["FAMILIES", "LOWERINGS"]
