"""Numbers in order: by a stable sort of their places."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.axes import reverse_along, running_sum
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


# ---- rows of tables: as many as there are ids, those behind the distinct ones for an id that no table has


def _runs(f: Frame, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Flat `ids` in rising order: their places, where a new id begins, and how many have begun before, itself not counted."""
    places = f.writer.order(ids, f.iota(ids.shape, 0), 0)
    rising = taken(f, ids, places, 0)
    size = ids.shape[0]
    other = f.compare("NE", f.slice(rising, 0, 1, size), f.slice(rising, 0, 0, size - 1))
    begins = f.concatenate([f.writer.constant(True, "bool", (1,)), other], 0)
    count = running_sum(f, f.cast(begins, "i32"), 0)
    return places, begins, f.op("subtract", count, f.filled(1, count))


def _added(f: Frame, whole: Tensor, at: Tensor, rows: Tensor, *, add: bool = True) -> Tensor:
    """`whole` with `rows` at the flat places `at`."""
    windows = list(range(1, len(rows.shape)))
    numbers = (
        f"update_window_dims = {windows}, inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"
    )
    places = f.reshape(at, (at.shape[0], 1))
    return f.writer.scatter(whole, places, rows, f"scatter_dimension_numbers = #stablehlo.scatter<{numbers}>", add=add)


def distinct(f: Frame, node: Node, ids: Operand) -> Tensor:
    flat = f.reshape(ids.tensor, (math.prod(ids.tensor.shape),))
    if not flat.shape[0]:
        return flat
    places, begins, own = _runs(f, flat)
    rising = taken(f, flat, places, 0)
    found = _added(f, f.filled(0, flat), own, f.select(begins, rising, f.filled(0, rising)))
    last = f.slice(own, 0, own.shape[0] - 1, own.shape[0])
    is_one = f.compare("LE", f.iota(own.shape, 0), f.widen(last, own.shape))
    return f.select(is_one, found, f.filled(2**31 - 1, found))


def rows_of(f: Frame, node: Node, distinct: Operand, ids: Operand, rows: Operand) -> Tensor:
    axes = f.unite(ids.type, rows.type)
    places = f.fit(ids, TensorType(ids.type.dtype, axes, ids.type.dims))
    values = f.fit(rows, TensorType(rows.type.dtype, axes, rows.type.dims))
    count = math.prod(places.shape)
    flat, each = f.reshape(places, (count,)), f.reshape(values, (count, *node.type.dims))
    found = f.writer.constant(0, each.dtype, f.shape(node.type))
    if not count:
        return found
    order, _, own = _runs(f, flat)
    return _added(f, found, _added(f, f.filled(0, own), order, own), each)


def set_rows(f: Frame, table: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
    """`table` with `rows` in the place of those of the distinct `ids`; none for an id that it lacks."""
    return _added(f, table, ids, rows, add=False)


def with_rows(f: Frame, node: Node, table: Operand, ids: Operand, rows: Operand) -> Tensor:
    return set_rows(f, table.tensor, ids.tensor, rows.tensor)


LOWERINGS: Mapping[str, Lower] = {
    "order": order,
    "largest": largest,
    "take": take,
    "put": put,
    "distinct": distinct,
    "rows_of": rows_of,
    "with_rows": with_rows,
}
