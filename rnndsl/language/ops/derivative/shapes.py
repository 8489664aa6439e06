"""Derivatives of what moves numbers: back is where they came from."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.language.ops.derivative.writing import (
    Derivative,
    Local,
    V,
    apply,
    back_to,
    jointly,
    keep_dims,
    linear,
    on_axes,
    reshape,
    spread,
    told,
    total,
    with_dims,
)
from rnndsl.plan.attributes import Along, Dim, Over, Renamed, Scatter, Shifted, Steps, ToDType
from rnndsl.plan.graph import TensorType
from rnndsl.plan.indices import All, At, Index, Item, Part, Placed
from rnndsl.plan.stretches import Exchanged


def _index_of(n: Local, dim: int, item: Item) -> Index:
    items: list[Item] = [All()] * len(n.whole.dims)
    items[dim] = item
    return Index(tuple(items))


def _concat(n: Local, d: V, at: int) -> V:
    dim = told(n, Dim).dim
    start = sum(n.type(i).dims[dim] for i in range(at))
    part = _index_of(n, dim, Part(start, start + n.type(at).dims[dim]))
    return on_axes(apply("index", spread(d, n.whole), told=part), n.type(at), n.whole.axes)


def _stack(n: Local, d: V, at: int) -> V:
    part = apply("index", spread(d, n.whole), told=_index_of(n, -1, At(at)))
    return back_to(part, n.type(at), TensorType(n.whole.dtype, n.whole.axes, n.whole.dims[:-1]))


def _index(n: Local, d: V, at: int) -> V:
    return apply("place", with_dims(d, n.whole.dims), told=Placed(told(n, Index).items, n.type(0).dims))


def _softmax(n: Local, d: V, at: int) -> V:
    """y * (d - sum(d * y))."""
    return n.y * (d - _along(n, d * n.y))


def _log_softmax(n: Local, d: V, at: int) -> V:
    """d - exp(y) * sum(d)."""
    return d - apply("exp", n.y) * _along(n, spread(d, n.whole))


def _along(n: Local, x: V) -> V:
    """The sum of `x`, of the type of the value, along what the node is told, ready to broadcast."""
    along = told(n, Along)
    if along.over is not None:
        return total(x, [along.over])
    dim = -1 if along.dim is None else along.dim
    return keep_dims(total(x, (), [dim]), n.whole, [dim])


def _softmax_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    """The Jacobian is its own transpose."""
    return None if tangents[0] is None else _softmax(n, tangents[0], 0)


def _log_softmax_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    """t - sum(softmax * t)."""
    t = tangents[0]
    return None if t is None else t - _along(n, apply("exp", n.y) * t)


def _cast(n: Local, d: V, at: int) -> V:
    return apply("cast", d, told=ToDType(n.type(0).dtype))


def _table(n: Local, d: V, at: int) -> V | None:
    """Rows added to where they were looked up."""
    if at == 1:
        return None
    table, ids = n.type(0), n[1]
    return apply("scatter", ids, spread(d, n.whole), told=Scatter(table.dims[0], table.axes))


def _gather_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    return None if tangents[0] is None else apply("gather", spread(tangents[0], n.type(0)), n[1])


def _shift(n: Local, d: V, at: int) -> V:
    steps = told(n, Steps)
    return apply("shift", spread(d, n.whole), told=Steps(steps.over, -steps.steps))


def _of_steps(n: Local, d: V, at: int) -> V | None:
    """Linear in the first argument, and its own transpose: what is not valid is not seen, and what is turned twice is as it was."""
    if at:
        return None
    by = [n[i] for i in range(1, n.count)]
    return back_to(apply(n.node.op, spread(d, n.whole), *by, told=n.node.attrs), n.type(0), n.whole)


def _of_steps_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    if tangents[0] is None:
        return None
    return apply(n.node.op, spread(tangents[0], n.type(0)), *[n[i] for i in range(1, n.count)], told=n.node.attrs)


def _rename(n: Local, d: V, at: int) -> V:
    names = told(n, Renamed)
    return apply("rename", d, told=Renamed(names.new, names.old)) if names.new in d.type.axes else d


def _place(n: Local, d: V, at: int) -> V:
    return apply("index", with_dims(d, n.whole.dims), told=Index(told(n, Placed).items))


def _scatter(n: Local, d: V, at: int) -> V | None:
    return None if at == 0 else on_axes(apply("gather", spread(d, n.whole), n[0]), n.type(1), n.type(1).axes)


def _scatter_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    t = tangents[1]
    return None if t is None else apply("scatter", n[0], spread(t, n.type(1)), told=n.node.attrs)


cast = linear(_cast)
concat = jointly(_concat)
stack = jointly(_stack)
index = linear(_index)
reshape_ = linear(lambda n, d, at: reshape(with_dims(d, n.whole.dims), n.type(0).dims))
broadcast = linear(lambda n, d, at: back_to(d, n.type(0), n.whole))
transpose = linear(lambda n, d, at: apply("transpose", with_dims(d, n.whole.dims)))
roll = linear(lambda n, d, at: apply("roll", with_dims(d, n.whole.dims), told=Shifted(-told(n, Shifted).shift)))
gather = Derivative(_table, _gather_forward)
scatter = Derivative(_scatter, _scatter_forward)
place = linear(_place)
softmax = Derivative(_softmax, _softmax_forward)
log_softmax = Derivative(_log_softmax, _log_softmax_forward)
shift = linear(_shift)
reverse = linear(lambda n, d, at: apply("reverse", spread(d, n.whole), told=told(n, Over)))
rename = linear(_rename)
as_dim = linear(lambda n, d, at: apply("as_axis", spread(d, n.whole), told=told(n, Exchanged)))
as_axis = linear(lambda n, d, at: apply("as_dim", spread(d, n.whole), told=told(n, Exchanged)))
turn = valid_steps = Derivative(_of_steps, _of_steps_forward)
