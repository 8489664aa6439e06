"""Products of matrices and vectors, linear algebra."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from string import ascii_letters
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, expand, fit, meet, move, unite, wide
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Contraction, Einsum, Over, Reduction, Scatter
from rnndsl.plan.model import Node, TensorType


def rows(x: Any, width: int) -> Any:
    """`x` as a matrix [product of all dims but the last, width]."""
    if x.shape.rank == 2:
        return x
    return tf.reshape(x, [-1, width] if width else [tf.reduce_prod(tf.shape(x)[:-1]), 0])  # -1 cannot be told from no elements


def matmul(frame: Frame, node: Node, x: Operand, w: Operand) -> Any:
    """[..., n] @ [n, ...]. A weight without leading axes makes one 2-D product of all positions: [T * B, n] @ [n, u]."""
    if w.type.axes:
        return _einsum_of_axes(node, x, w)
    n = x.type.dims[-1]
    weight = w.tensor if len(w.type.dims) == 2 else tf.reshape(w.tensor, [n, math.prod(w.type.dims[1:])])
    product = tf.cast(tf.matmul(wide(rows(x.tensor, n)), wide(weight)), x.tensor.dtype)
    if x.tensor.shape.rank == 2 and len(w.type.dims) == 2:
        return product
    return tf.reshape(product, leading(x.tensor, node.type))


def leading(x: Any, t: TensorType) -> Any:
    """The shape of `t`, whose axes are the first dims of `x`."""
    count = len(t.axes)
    static = x.shape.as_list()[:count]
    unknown = static.count(None)
    if unknown == 0 or (unknown == 1 and 0 not in (*static, *t.dims)):
        return [*(-1 if size is None else size for size in static), *t.dims]
    return tf.concat([tf.shape(x)[:count], tf.constant(t.dims, tf.int32, [len(t.dims)])], 0)


def _einsum_of_axes(node: Node, x: Operand, w: Operand) -> Any:
    """A batched product: axes are letters of an einsum, aligned by name."""
    letters = iter(ascii_letters)
    left = [next(letters) for _ in x.type.dims]
    right = [left[-1], *(next(letters) for _ in w.type.dims[1:])]
    terms = ["".join(left), "".join(right)]
    return einsum_of([x, w], terms, "".join((*left[:-1], *right[1:])), node.type.axes)


def einsum_of(operands: list[Operand], terms: list[str], result: str, axes: tuple[str, ...]) -> Any:
    """Einstein's sum over trailing dims; leading axes are letters of their own, summed unless in `axes`."""
    free = iter(c for c in ascii_letters if c not in "".join(terms))
    letter = {axis: next(free) for axis in dict.fromkeys(axis for x in operands for axis in x.type.axes)}
    left = ",".join("".join(letter[a] for a in x.type.axes) + term for x, term in zip(operands, terms, strict=True))
    product = tf.einsum(f"{left}->{''.join(letter[axis] for axis in axes)}{result}", *(wide(x.tensor) for x in operands))
    return tf.cast(product, operands[0].tensor.dtype)


def einsum(frame: Frame, node: Node, *operands: Operand) -> Any:
    left, _, result = node.told(Einsum).equation.replace(" ", "").partition("->")
    return einsum_of(list(operands), left.split(","), result, node.type.axes)


def contract(frame: Frame, node: Node, a: Operand, b: Operand) -> Any:
    """Einstein's sum, over leading axes too. Of a weight's gradient it is one 2-D product: [n, T * B] @ [T * B, u]."""
    told = node.told(Contraction)
    left, _, result = told.equation.partition("->")
    terms = left.split(",")
    outer = not set(terms[0]) & set(terms[1]) and result == terms[0] + terms[1] and len(result) == 2
    if outer and not node.type.axes and a.type.axes == b.type.axes and len(a.type.axes) > 0:
        x, y = (wide(rows(each.tensor, each.type.dims[-1])) for each in (a, b))
        return tf.cast(tf.matmul(x, y, transpose_a=True), a.tensor.dtype)
    return einsum_of([a, b], terms, result, node.type.axes)


def dot(frame: Frame, node: Node, *operands: Operand) -> Any:
    a, b = meet(operands, frame.context.order)
    return tf.reduce_sum(a * b, -1)


def outer(frame: Frame, node: Node, a: Operand, b: Operand) -> Any:
    first = a.tensor.shape.rank
    widened = expand(a.tensor, range(first, first + len(b.type.dims)))
    left = Operand(widened, TensorType(a.type.dtype, a.type.axes, (*a.type.dims, *(1 for _ in b.type.dims))))
    return tf.multiply(*meet([left, b], frame.context.order))


def inv(frame: Frame, node: Node, a: Operand) -> Any:
    return tf.cast(tf.linalg.inv(wide(a.tensor)), a.tensor.dtype)


def logdet(frame: Frame, node: Node, a: Operand) -> Any:
    return tf.cast(tf.linalg.slogdet(wide(a.tensor))[1], a.tensor.dtype)


def solve(frame: Frame, node: Node, a: Operand, b: Operand) -> Any:
    return _solved(frame, a, b, tf.linalg.solve)


def _solved(frame: Frame, a: Operand, b: Operand, solver: Callable[[Any, Any], Any]) -> Any:
    """a [.., n, n] x = b [.., n, k], or b [n], which is one column."""
    vector = len(b.type.dims) == 1
    widened = TensorType(b.type.dtype, b.type.axes, (*b.type.dims, 1))
    columns = Operand(b.tensor[..., tf.newaxis], widened) if vector else b
    axes = unite([a.type, b.type], frame.context.order)
    batch = columns.type.dims[:-2] if len(columns.type.dims) >= len(a.type.dims) else a.type.dims[:-2]
    left = fit(a, TensorType(a.type.dtype, axes, (*batch, *a.type.dims[-2:])), frame.sizes)
    right = fit(columns, TensorType(b.type.dtype, axes, (*batch, *columns.type.dims[-2:])), frame.sizes)
    solution = tf.cast(solver(wide(left), wide(right)), left.dtype)
    return solution[..., 0] if vector else solution


# ---- what normal equations are made of


def each_place(frame: Frame, node: Node, like: Operand) -> Any:
    count = tf.size(like.tensor)
    places = tf.reshape(tf.eye(count, dtype=like.tensor.dtype), tf.concat([[count], tf.shape(like.tensor)], 0))
    return move(places, 0, node.type.axes.index(node.told(Over).over), like.tensor.shape.rank + 1)


def upper(frame: Frame, node: Node, x: Operand) -> Any:
    return tf.linalg.band_part(x.tensor, 0, -1)


def triangle(frame: Frame, node: Node, x: Operand) -> Any:
    """The diagonal is not negative; zeros stand for rows that are missing."""
    axes, rank = node.told(Reduction).axes, x.tensor.shape.rank
    kept = [a for a in x.type.axes if a not in axes]
    places, lead = [*map(x.type.axes.index, (*kept, *axes))], len(x.type.dims) - 2
    outer = [*places[: len(kept)], *range(rank - 2 - lead, rank - 2)]
    moved = tf.transpose(x.tensor, [*outer, *places[len(kept) :], rank - 2, rank - 1])
    n, shape = x.type.dims[-1], tf.shape(moved)
    count = tf.reduce_prod(shape[len(outer) : -1])
    rows = wide(tf.reshape(moved, tf.concat([shape[: len(outer)], [count, n]], 0)))
    missing = tf.zeros(tf.concat([shape[: len(outer)], [tf.maximum(n - count, 0), n]], 0), rows.dtype)
    _, found = tf.linalg.qr(tf.concat([rows, missing], -2))
    signs = tf.where(tf.linalg.diag_part(found) < 0, -tf.ones([], rows.dtype), tf.ones([], rows.dtype))
    result = tf.cast(found * signs[..., tf.newaxis], x.tensor.dtype)
    result.set_shape([*(None for _ in outer[: len(kept)]), *x.type.dims[:lead], n, n])
    return result


def solve_triangle(frame: Frame, node: Node, a: Operand, b: Operand) -> Any:
    return _solved(frame, a, b, lambda left, right: tf.linalg.triangular_solve(left, right, lower=False))


def solve_positive(frame: Frame, node: Node, a: Operand, b: Operand) -> Any:
    return _solved(frame, a, b, _by_cholesky)


def _by_cholesky(a: Any, b: Any) -> Any:
    """TensorFlow's factor of what is not positive definite is no number."""
    half = (a + tf.linalg.matrix_transpose(a)) / 2
    return tf.linalg.cholesky_solve(tf.linalg.cholesky(half), b)


# ---- rows of tables


def gather(frame: Frame, node: Node, table: Operand, ids: Operand) -> Any:
    """Rows of `table`. A table with leading axes of its own is indexed position by position."""
    if not table.type.axes:
        return tf.gather(table.tensor, ids.tensor)
    axes = node.type.axes
    full_table = fit(table, TensorType(table.type.dtype, axes, table.type.dims), frame.sizes)
    full_ids = fit(ids, TensorType(ids.type.dtype, axes, ids.type.dims), frame.sizes)
    return tf.gather(full_table, full_ids, batch_dims=len(axes))


def scatter(frame: Frame, node: Node, ids: Operand, values: Operand) -> Any:
    """The rows of each id, summed over all positions; a table with leading axes of its own is one for each of their places."""
    axes = unite([ids.type, values.type], frame.context.order)
    places = fit(ids, TensorType(ids.type.dtype, axes, ids.type.dims), frame.sizes)
    full = fit(values, TensorType(values.type.dtype, axes, values.type.dims), frame.sizes)
    rest = list(node.type.dims[1:])
    count, kept = node.told(Scatter).rows, node.type.axes
    flat = tf.reshape(full, tf.stack([tf.size(places), *rest]))
    if not kept:
        return tf.math.unsorted_segment_sum(flat, tf.reshape(places, [-1]), count)
    shape, own = tf.shape(places), tf.zeros_like(places)
    for axis in kept:
        at = axes.index(axis)
        where = [1] * at + [-1] + [1] * (places.shape.rank - at - 1)
        own = own * tf.cast(shape[at], own.dtype) + tf.reshape(tf.range(shape[at], dtype=own.dtype), where)
    sizes = [frame.sizes[axis] for axis in kept]
    segments = tf.reshape(own * count + places, [-1])
    total = tf.cast(tf.reduce_prod(tf.stack(sizes)) * count, segments.dtype)
    return tf.reshape(tf.math.unsorted_segment_sum(flat, segments, total), tf.stack([*sizes, count, *rest]))


def distinct(frame: Frame, node: Node, ids: Operand) -> Any:
    return tf.unique(tf.reshape(ids.tensor, [-1])).y


def rows_of(frame: Frame, node: Node, distinct: Operand, ids: Operand, rows: Operand) -> Any:
    """The sum of the rows of each distinct id."""
    axes = unite([ids.type, rows.type], frame.context.order)
    places = fit(ids, TensorType(ids.type.dtype, axes, ids.type.dims), frame.sizes)
    full = fit(rows, TensorType(rows.type.dtype, axes, rows.type.dims), frame.sizes)
    flat = tf.reshape(full, tf.stack([tf.size(places), *node.type.dims]))
    if axes == ids.type.axes:  # what is distinct, in the same order
        own = tf.unique(tf.reshape(places, [-1])).idx
    else:
        own = tf.unique(tf.concat([distinct.tensor, tf.reshape(places, [-1])], 0)).idx[tf.size(distinct.tensor) :]
    return tf.math.unsorted_segment_sum(flat, own, tf.size(distinct.tensor))


def with_rows(frame: Frame, node: Node, table: Operand, ids: Operand, rows: Operand) -> Any:
    return tf.tensor_scatter_nd_update(table.tensor, ids.tensor[:, tf.newaxis], rows.tensor)


LOWERINGS: Mapping[str, Lower] = {
    "distinct": distinct,
    "rows_of": rows_of,
    "with_rows": with_rows,
    "matmul": matmul,
    "einsum": einsum,
    "dot": dot,
    "outer": outer,
    "inv": inv,
    "logdet": logdet,
    "solve": solve,
    "each_place": each_place,
    "upper": upper,
    "triangle": triangle,
    "solve_triangle": solve_triangle,
    "solve_positive": solve_positive,
    "gather": gather,
    "contract": contract,
    "scatter": scatter,
}
