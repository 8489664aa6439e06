"""Linear equations: elimination with pivots, factors of positive definite and of orthogonal kind, written as loops over columns
where StableHLO has no operation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.reductions import argmax
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.attributes import Over, Reduction
from rnndsl.plan.model import Node, TensorType


def _is(f: Frame, x: Tensor, at: int, place: Tensor) -> Tensor:
    """Where in `x` the place along the dim `at` is the scalar `place`."""
    return f.compare("EQ", f.iota(x.shape, at), f.spread(place, x.shape, []))


def _line(f: Frame, x: Tensor, place: Tensor, at: int) -> Tensor:
    """`x` at one place along the dim `at`, which has a length of 1 then."""
    one = f.sum(f.select(_is(f, x, at, place), x, f.filled(0, x)), [at])
    return f.reshape(one, (*x.shape[:at], 1, *x.shape[at + 1 :]))


def _eliminated(f: Frame, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """a [.., n, n], b [.., n, k] -> x with a x = b, and log |det a| [..]: Gauss & Jordan, the largest of a column its pivot."""
    rows, columns, n = len(a.shape) - 2, len(a.shape) - 1, a.shape[-1]

    def step(at: Tensor, carried: Sequence[Tensor]) -> list[Tensor]:
        left, logs = carried
        size = f.op("abs", _line(f, left, at, columns))
        below = f.compare("GE", f.iota(size.shape, rows), f.spread(at, size.shape, []))
        pivot = argmax(f, f.select(below, size, f.filled(-1, size)), rows)
        left = _exchanged(f, left, at, f.reshape(pivot, (*a.shape[:rows], 1, 1)), rows)
        top = _line(f, left, at, rows)
        number = _line(f, top, at, columns)
        scaled = f.widen(f.op("divide", top, f.widen(number, top.shape)), left.shape)
        less = f.op("multiply", f.widen(_line(f, left, at, columns), left.shape), scaled)
        left = f.select(_is(f, left, rows, at), scaled, f.op("subtract", left, less))
        return [left, f.op("add", logs, f.reshape(f.op("log", f.op("abs", number)), logs.shape))]

    start = f.writer.constant(0, a.dtype, a.shape[:rows])
    both, logs = f.writer.loop(n, [f.concatenate([a, b], columns), start], step)
    return f.slice(both, columns, n, both.shape[-1]), logs


def _exchanged(f: Frame, x: Tensor, at: Tensor, other: Tensor, rows: int) -> Tensor:
    """`x` with its row `at` in the place of the row `other` [.., 1, 1], which each matrix has its own of, and that one in its."""
    there = f.compare("EQ", f.iota(x.shape, rows), f.widen(other, x.shape))
    chosen = f.sum(f.select(there, x, f.filled(0, x)), [rows])
    chosen = f.widen(f.reshape(chosen, (*x.shape[:rows], 1, x.shape[-1])), x.shape)
    moved = f.select(there, f.widen(_line(f, x, at, rows), x.shape), x)
    return f.select(_is(f, x, rows, at), chosen, moved)


def _systems(f: Frame, node: Node, a: Operand, b: Operand) -> tuple[Tensor, Tensor, bool]:
    """Matrices and right sides [.., n, k] of the same leading dims, and whether a right side is a vector."""
    vector = len(b.type.dims) == 1
    dims = (*b.type.dims, 1) if vector else b.type.dims
    columns = Operand(
        f.reshape(b.tensor, (*b.tensor.shape, 1)) if vector else b.tensor, TensorType(b.type.dtype, b.type.axes, dims)
    )
    outer = max(a.type.dims[:-2], dims[:-2], key=len)
    axes = node.type.axes
    left = f.fit(a, TensorType(a.type.dtype, axes, (*outer, *a.type.dims[-2:])))
    return left, f.fit(columns, TensorType(b.type.dtype, axes, (*outer, *dims[-2:]))), vector


def _ended(f: Frame, x: Tensor, vector: bool) -> Tensor:
    return f.reshape(x, x.shape[:-1]) if vector else x


def solve(f: Frame, node: Node, a: Operand, b: Operand) -> Tensor:
    left, right, vector = _systems(f, node, a, b)
    return _ended(f, _eliminated(f, left, right)[0], vector)


def inv(f: Frame, node: Node, a: Operand) -> Tensor:
    rank = len(a.tensor.shape)
    same = f.compare("EQ", f.iota(a.tensor.shape, rank - 2), f.iota(a.tensor.shape, rank - 1))
    return _eliminated(f, a.tensor, f.cast(same, a.tensor.dtype))[0]


def logdet(f: Frame, node: Node, a: Operand) -> Tensor:
    return _eliminated(f, a.tensor, f.slice(a.tensor, len(a.tensor.shape) - 1, 0, 1))[1]


def _substituted(f: Frame, a: Tensor, b: Tensor, *, lower: bool, turned: bool = False) -> Tensor:
    """`b` solved by a triangle; `turned`: by its transpose."""
    told = f"left_side = true, lower = {str(lower).lower()}, transpose_a = #stablehlo<transpose {'' if turned else 'NO_'}TRANSPOSE>"
    return f.writer.op("triangular_solve", [a, b], b.dtype, b.shape, f"{told}, unit_diagonal = false")


def solve_triangle(f: Frame, node: Node, a: Operand, b: Operand) -> Tensor:
    left, right, vector = _systems(f, node, a, b)
    return _ended(f, _substituted(f, left, right, lower=False), vector)


def solve_positive(f: Frame, node: Node, a: Operand, b: Operand) -> Tensor:
    left, right, vector = _systems(f, node, a, b)
    last = len(left.shape) - 1
    sum_ = f.op("add", left, f.move(left, last, last - 1))
    half = f.op("multiply", sum_, f.filled(0.5, sum_))
    factor = f.writer.op("cholesky", [half], half.dtype, half.shape, "lower = true")
    forth = _substituted(f, factor, right, lower=True)
    return _ended(f, _substituted(f, factor, forth, lower=True, turned=True), vector)


def upper(f: Frame, node: Node, x: Operand) -> Tensor:
    shape = x.tensor.shape
    below = f.compare("GT", f.iota(shape, len(shape) - 2), f.iota(shape, len(shape) - 1))
    return f.select(below, f.filled(0, x.tensor), x.tensor)


def triangle(f: Frame, node: Node, x: Operand) -> Tensor:
    """Column by column, each made orthogonal to those before (Gram & Schmidt, modified); the diagonal is not negative."""
    axes, n = node.told(Reduction).axes, x.type.dims[-1]
    kept = [a for a in x.type.axes if a not in axes]
    places = [*map(x.type.axes.index, (*kept, *axes))]
    lead = len(x.type.dims) - 2
    dims = range(len(places), len(places) + lead)
    last = len(places) + lead
    moved = f.transpose(x.tensor, [*places[: len(kept)], *dims, *places[len(kept) :], last, last + 1])
    outer = moved.shape[: len(kept) + lead]
    matrix = f.reshape(moved, (*outer, math.prod(moved.shape[len(outer) : -1]), n))
    rows = len(outer)

    def step(at: Tensor, carried: Sequence[Tensor]) -> list[Tensor]:
        left, found = carried
        column = _line(f, left, at, rows + 1)
        norm = f.op("sqrt", f.sum(f.op("multiply", column, column), [rows]))
        norm = f.reshape(norm, (*outer, 1, 1))
        some = f.compare("NE", norm, f.filled(0, norm))
        unit = f.op("divide", column, f.widen(f.select(some, norm, f.filled(1, norm)), column.shape))
        along = f.reshape(f.sum(f.op("multiply", f.widen(unit, left.shape), left), [rows]), (*outer, 1, n))
        along = f.select(f.compare("LT", f.iota(along.shape, rows + 1), f.spread(at, along.shape, [])), f.filled(0, along), along)
        less = f.op("multiply", f.widen(unit, left.shape), f.widen(along, left.shape))
        row = f.select(_is(f, found, rows, at), f.widen(along, found.shape), found)
        return [f.op("subtract", left, less), row]

    return f.writer.loop(n, [matrix, f.writer.constant(0, matrix.dtype, (*outer, n, n))], step)[1]


def each_place(f: Frame, node: Node, like: Operand) -> Tensor:
    size = math.prod(like.tensor.shape)
    same = f.compare("EQ", f.iota((size, size), 0), f.iota((size, size), 1))
    places = f.reshape(f.cast(same, node.type.dtype), (size, *like.tensor.shape))
    return f.move(places, 0, node.type.axes.index(node.told(Over).over))


LOWERINGS: Mapping[str, Lower] = {
    "solve": solve,
    "inv": inv,
    "logdet": logdet,
    "solve_triangle": solve_triangle,
    "solve_positive": solve_positive,
    "upper": upper,
    "triangle": triangle,
    "each_place": each_place,
}
