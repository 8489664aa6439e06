"""What normal equations are made of, in NumPy."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value
from rnndsl.language.ops.meaning.products import solved
from rnndsl.plan.attributes import Over, Reduction
from rnndsl.plan.model import Node


def each_place(frame: Frame, node: Node, like: Value) -> Array:
    places = np.eye(like.array.size).reshape([like.array.size, *like.array.shape])
    return np.moveaxis(places, 0, node.type.axes.index(node.told(Over).over))


def upper(frame: Frame, node: Node, x: Value) -> Array:
    return np.triu(x.array)


def triangle(frame: Frame, node: Node, x: Value) -> Array:
    """The diagonal is not negative; what lacks rows is as if zeros stood there."""
    axes = node.told(Reduction).axes
    kept = [a for a in x.type.axes if a not in axes]
    places = [*map(x.type.axes.index, (*kept, *axes))]
    lead = len(x.type.dims) - 2
    dims = range(len(places), len(places) + lead)
    order = [*places[: len(kept)], *dims, *places[len(kept) :], len(places) + lead, len(places) + lead + 1]
    moved = np.transpose(x.array, order)
    n, outer = x.type.dims[-1], moved.shape[: len(kept) + lead]
    count = int(np.prod(moved.shape[len(outer) : -1]))
    rows = np.zeros([*outer, max(count, n), n], moved.dtype)
    rows[..., :count, :] = moved.reshape([*outer, count, n])
    if not np.all(np.isfinite(rows)):
        return np.full([*outer, n, n], np.nan)
    found = np.asarray(np.linalg.qr(rows, mode="r"))
    signs = np.where(np.diagonal(found, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return found * signs[..., np.newaxis]


def solve_triangle(frame: Frame, node: Node, a: Value, b: Value) -> Array:
    """From the last row up; infinite, or no number, where the diagonal has a zero."""
    return solved(frame, a, b, _back_substituted)


def _back_substituted(a: Array, b: Array) -> Array:
    x = np.zeros_like(b)
    for i in reversed(range(b.shape[-2])):
        known = np.einsum("...j,...jk->...k", a[..., i, i + 1 :], x[..., i + 1 :, :])
        x[..., i, :] = (b[..., i, :] - known) / a[..., i, i, np.newaxis]
    return x


def solve_positive(frame: Frame, node: Node, a: Value, b: Value) -> Array:
    return solved(frame, a, b, _by_cholesky)


def _by_cholesky(a: Array, b: Array) -> Array:
    half = (a + np.swapaxes(a, -1, -2)) / 2
    factors = np.empty_like(half)
    for at in np.ndindex(*half.shape[:-2]):
        try:
            factors[at] = np.linalg.cholesky(half[at])
        except np.linalg.LinAlgError:
            factors[at] = np.nan
    turned = np.ascontiguousarray(np.flip(factors, (-1, -2)))  # a lower triangle from its end is an upper one
    forth = np.flip(_back_substituted(turned, np.flip(b, -2)), -2)
    return _back_substituted(np.swapaxes(factors, -1, -2), forth)
