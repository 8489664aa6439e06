"""Numbers in order: by a stable sort of their places."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.axes import reverse_along
from rnndsl.backends.stablehlo.writer import Tensor, integers
from rnndsl.plan.attributes import Dim
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.ordering import Largest, Put


def order(f: Frame, node: Node, x: Operand) -> Tensor:
    at = len(x.tensor.shape) + node.told(Dim).dim
    return f.writer.order(x.tensor, f.iota(x.tensor.shape, at), at)


def largest(f: Frame, node: Node, x: Operand) -> Tensor:
    """Sorted from the end, so that the first of equals stays the first."""
    at, size = len(x.tensor.shape) - 1, x.tensor.shape[-1]
    turned = reverse_along(f, x.tensor, at)
    rising = f.writer.order(turned, f.iota(turned.shape, at), at)
    top = f.slice(reverse_along(f, rising, at), at, 0, node.told(Largest).k)
    return f.op("subtract", f.filled(size - 1, top), top)


def taken(f: Frame, x: Tensor, ids: Tensor, at: int) -> Tensor:
    """Along the dim `at`, the numbers of `x` at the places `ids`; both have the other dims."""
    keys = list(range(len(x.shape)))
    numbers = f"offset_dims = [], collapsed_slice_dims = {keys}, start_index_map = {keys}, index_vector_dim = {len(keys)}"
    told = (
        f"dimension_numbers = #stablehlo.gather<{numbers}>, indices_are_sorted = false, slice_sizes = {integers([1 for _ in keys])}"
    )
    return f.writer.op("gather", [x, _places(f, ids, at)], x.dtype, ids.shape, told)


def _places(f: Frame, ids: Tensor, at: int) -> Tensor:
    """[.., rank]: each place, but that of `ids` along the dim `at`."""
    columns = [ids if i == at else f.iota(ids.shape, i, ids.dtype) for i in range(len(ids.shape))]
    return f.concatenate([f.reshape(x, (*x.shape, 1)) for x in columns], len(ids.shape))


def _with_axes(f: Frame, node: Node, x: Operand) -> Tensor:
    return f.fit(x, TensorType(x.type.dtype, node.type.axes, x.type.dims))


def take(f: Frame, node: Node, x: Operand, ids: Operand) -> Tensor:
    places = _with_axes(f, node, ids)
    return taken(f, _with_axes(f, node, x), places, len(places.shape) + node.told(Dim).dim)


def put(f: Frame, node: Node, x: Operand, ids: Operand) -> Tensor:
    values, places = _with_axes(f, node, x), _with_axes(f, node, ids)
    at = len(places.shape) + node.told(Put).dim
    keys = list(range(len(places.shape)))
    numbers = (
        f"update_window_dims = [], inserted_window_dims = {keys}, scatter_dims_to_operand_dims = {keys}, "
        f"index_vector_dim = {len(keys)}"
    )
    whole = f.writer.constant(0, values.dtype, f.shape(node.type))
    return f.writer.scatter(whole, _places(f, places, at), values, f"scatter_dimension_numbers = #stablehlo.scatter<{numbers}>")


LOWERINGS: Mapping[str, Lower] = {"order": order, "largest": largest, "take": take, "put": put}
