"""Trailing dims: joined, cut, reshaped, placed among zeros; rows of tables."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.writer import Tensor, integers
from rnndsl.plan.attributes import Dim, OneHot, Scatter, Shifted
from rnndsl.plan.indices import All, At, Index, Item, Part, Placed
from rnndsl.plan.model import Node, TensorType


def concat(frame: Frame, node: Node, *values: Operand) -> Tensor:
    parts = [frame.fit(x, TensorType(x.type.dtype, node.type.axes, x.type.dims)) for x in values]
    return frame.concatenate(parts, len(parts[0].shape) + node.told(Dim).dim)


def stack(frame: Frame, node: Node, *values: Operand) -> Tensor:
    part = TensorType(node.type.dtype, node.type.axes, node.type.dims[:-1])
    parts = [frame.fit(x, part) for x in values]
    return frame.concatenate([frame.reshape(x, (*x.shape, 1)) for x in parts], len(parts[0].shape))


def _range(item: Item, size: int) -> tuple[int, int]:
    match item:
        case All():
            return 0, size
        case At(at):
            return at % size, at % size + 1
        case Part(start, stop):
            return start, stop


def index(frame: Frame, node: Node, x: Operand) -> Tensor:
    found, first = x.tensor, len(x.type.axes)
    for i, item in enumerate(node.told(Index).items):
        start, stop = _range(item, x.type.dims[i])
        if (start, stop) != (0, x.type.dims[i]):
            found = frame.slice(found, first + i, start, stop)
    return frame.reshape(found, frame.shape(node.type))


def place(frame: Frame, node: Node, x: Operand) -> Tensor:
    told, first = node.told(Placed), len(x.type.axes)
    ranges = [_range(item, size) for item, size in zip(told.items, told.dims, strict=True)]
    found = frame.reshape(x.tensor, [*x.tensor.shape[:first], *(stop - start for start, stop in ranges)])
    for i, (start, stop) in enumerate(ranges):
        if (start, stop) != (0, told.dims[i]):
            found = frame.pad(found, first + i, start, told.dims[i] - stop)
    return found


def reshape(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.reshape(x.tensor, frame.shape(node.type))


def broadcast(frame: Frame, node: Node, x: Operand) -> Tensor:
    return frame.fit(x, node.type)


def transpose(frame: Frame, node: Node, x: Operand) -> Tensor:
    last = len(x.tensor.shape) - 1
    return frame.move(x.tensor, last, last - 1)


def roll(frame: Frame, node: Node, x: Operand) -> Tensor:
    last, size = len(x.tensor.shape) - 1, x.tensor.shape[-1]
    at = size - node.told(Shifted).shift % size
    if at == size:
        return x.tensor
    return frame.concatenate([frame.slice(x.tensor, last, at, size), frame.slice(x.tensor, last, 0, at)], last)


def one_hot(frame: Frame, node: Node, x: Operand) -> Tensor:
    shape = (*x.tensor.shape, node.told(OneHot).n)
    ids = frame.spread(x.tensor, shape, range(len(x.tensor.shape)))
    return frame.compare("EQ", frame.iota(shape, len(shape) - 1, ids.dtype), ids)


def _places(frame: Frame, ids: Tensor, at: list[int]) -> Tensor:
    """[.., n]: for each of `ids`, its own places along its dims `at`, then itself."""
    columns = [frame.iota(ids.shape, i, ids.dtype) for i in at] + [ids]
    return frame.concatenate([frame.reshape(x, (*x.shape, 1)) for x in columns], len(ids.shape))


def gather(frame: Frame, node: Node, table: Operand, ids: Operand) -> Tensor:
    """An id that the table lacks looks up the nearest row."""
    t = node.type
    full = frame.fit(ids, TensorType(ids.type.dtype, t.axes, ids.type.dims))
    own = len(table.type.axes)
    starts = _places(frame, full, [t.axes.index(a) for a in table.type.axes])
    rest = table.tensor.shape[own + 1 :]
    offsets = range(len(full.shape), len(full.shape) + len(rest))
    numbers = (
        f"offset_dims = {list(offsets)}, collapsed_slice_dims = {list(range(own + 1))}, "
        f"start_index_map = {list(range(own + 1))}, index_vector_dim = {len(full.shape)}"
    )
    told = f"dimension_numbers = #stablehlo.gather<{numbers}>, indices_are_sorted = false, slice_sizes = "
    told += integers([*[1] * (own + 1), *rest])
    return frame.writer.op("gather", [table.tensor, starts], table.tensor.dtype, (*full.shape, *rest), told)


def scatter(frame: Frame, node: Node, ids: Operand, rows: Operand) -> Tensor:
    """An id that the table lacks adds to nothing."""
    t, axes = node.type, frame.unite(ids.type, rows.type)
    places = frame.fit(ids, TensorType(ids.type.dtype, axes, ids.type.dims))
    values = frame.fit(rows, TensorType(rows.type.dtype, axes, rows.type.dims))
    where = _places(frame, places, [axes.index(a) for a in t.axes])
    keys = list(range(len(t.axes) + 1))
    table = frame.writer.constant(0, values.dtype, frame.shape(TensorType(t.dtype, t.axes, (node.told(Scatter).rows, *t.dims[1:]))))
    numbers = (
        f"update_window_dims = {list(range(len(places.shape), len(values.shape)))}, inserted_window_dims = {keys}, "
        f"scatter_dims_to_operand_dims = {keys}, index_vector_dim = {len(places.shape)}"
    )
    return frame.writer.scatter(table, where, values, f"scatter_dimension_numbers = #stablehlo.scatter<{numbers}>")


LOWERINGS: Mapping[str, Lower] = {
    "concat": concat,
    "stack": stack,
    "index": index,
    "place": place,
    "reshape": reshape,
    "broadcast": broadcast,
    "transpose": transpose,
    "roll": roll,
    "one_hot": one_hot,
    "gather": gather,
    "scatter": scatter,
}
