"""Normal equations of residuals, damped: (J'J + damping D) step = -J'r (Marquardt 1963, equations 8 and 24 to 26).

They are solved in units in which D is the identity, so that their conditioning is that of the scaled Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.least_squares.jacobian import Rows
from rnndsl.language.ops.derivative.writing import V, added, apply, compare, contract, number, reshape, spread, total, where
from rnndsl.plan.attributes import Dim, Reduction
from rnndsl.plan.graph import TensorType
from rnndsl.plan.indices import At, Index, Part
from rnndsl.plan.tables import LeastSquares
from rnndsl.records import Immutable, record

FADES = 0.5
"""So much of its last value an entry of the scaling keeps at least. Moré (1978, section 4) keeps all of the largest; then a start
far off, where derivatives are large, holds the steps small for ever."""


@record
class Equations(Immutable):
    """`matrix`: J'J, or the triangle R of [J r] = Q R, scaled. `right`: J'r, scaled. `squares`: the sum of squares, or the robust
    cost. `flat`: that its slope is zero. `unit`: what a step of 1 is in each variable, and `scale` the D that it comes from, unless
    that is the identity."""

    matrix: V
    right: V
    squares: V
    flat: V
    unit: V | None
    scale: V | None


def cost(residuals: Sequence[V], told: LeastSquares) -> V:
    """The sum of squares of all places of all `residuals`, or what stands for the squares where the cost is robust."""
    found = added([total(_counted(x, told), x.type.axes, range(-len(x.type.dims), 0)) for x in residuals])
    assert found is not None  # something is fitted
    return found


def _counted(x: V, told: LeastSquares) -> V:
    """Huber (1964): beyond delta a straight line. Cauchy: delta^2 log(1 + (x / delta)^2)."""
    if told.robust == "none":
        return apply("square", x)
    if told.robust == "cauchy":
        return apply("log1p", apply("square", x / told.delta)) * told.delta**2
    size = apply("abs", x)
    line = (size * 2.0 - told.delta) * told.delta
    return where(compare("le", size, told.delta), apply("square", x), line)


def _weighted(x: Rows, told: LeastSquares) -> Rows:
    """Rows whose squares have the slope of the cost: each by the root of its weight (Holland & Welsch 1977, table 1)."""
    if told.robust == "none":
        return x
    size = apply("abs", x.residual)
    if told.robust == "cauchy":
        root = apply("rsqrt", apply("square", size / told.delta) + 1.0)
    else:
        root = apply("rsqrt", apply("maximum", size / told.delta, number(size, 1.0)))
    return Rows(x.jacobian * reshape(root, (1, *root.type.dims)), x.residual * root)


@record
class Sums(Immutable):
    """What rows add up to. `parts`: J'J, J'r and the diagonal of J'J, or the triangle R of [J r] = Q R alone. `squares`: the sum of
    squares, or the robust cost."""

    parts: tuple[V, ...]
    squares: V


def sums(rows: Sequence[Rows], told: LeastSquares) -> Sums:
    """Of all `rows`."""
    weighted = [_weighted(x, told) for x in rows]
    parts = (_triangle(weighted),) if told.solver == "qr" else _products(weighted)
    return Sums(parts, cost([x.residual for x in rows], told))


def both(a: Sums, b: Sums, told: LeastSquares) -> Sums:
    """Of the rows of both."""
    pairs = list(zip(a.parts, b.parts, strict=True))
    parts = [_stacked(pair) for pair in pairs] if told.solver == "qr" else [x + y for x, y in pairs]
    return Sums(tuple(parts), a.squares + b.squares)


@record
class Box(Immutable):
    """The unknowns as one vector, and their bounds, infinite where there is none."""

    values: V
    low: V
    high: V

    def free(self, right: V) -> V:
        """1 for each unknown, 0 for those at a bound that the steepest descent, against `right`, would cross (Bertsekas 1982,
        without his margin)."""
        down = apply("and", compare("le", self.values, self.low), compare("gt", right, 0.0))
        up = apply("and", compare("ge", self.values, self.high), compare("lt", right, 0.0))
        return where(apply("or", down, up), number(right, 0.0), number(right, 1.0))


def equations(found: Sums, told: LeastSquares, last: V | None, box: Box | None) -> Equations:
    """`last`: the scale of the last step, if there is a scale. In a `box`, unknowns that cannot move have no equation."""
    squares = found.squares
    matrix, right, diagonal = _of_triangle(*found.parts) if told.solver == "qr" else found.parts
    if box is not None:
        free = box.free(right)
        matrix = _in_columns(matrix, free) if told.solver == "qr" else matrix * free * reshape(free, (free.type.dims[0], 1))
        right = right * free
    steepest = apply("sqrt", diagonal) * apply("sqrt", squares)
    flat = apply("all", compare("le", apply("abs", right), steepest * told.tolerance), told=Reduction((), (-1,)))
    if last is None:
        return Equations(matrix, right, squares, flat, None, None)
    known = compare("eq", diagonal - diagonal, 0.0)  # not so of infinities
    scale = where(known, apply("maximum", diagonal, last * FADES), last)
    unit = apply("rsqrt", where(compare("gt", scale, 0.0), scale, 1.0))
    scaled = _in_columns(matrix, unit) if told.solver == "qr" else matrix * unit * reshape(unit, (unit.type.dims[0], 1))
    return Equations(scaled, right * unit, squares, flat, unit, scale)


def _products(rows: Sequence[Rows]) -> tuple[V, V, V]:
    """J'J, J'r and the diagonal of J'J."""
    matrix = added([contract(x.jacobian, x.jacobian, "pk,qk->pq", x.jacobian.type.axes) for x in rows])
    right = added([contract(x.jacobian, x.residual, "pk,k->p", x.jacobian.type.axes) for x in rows])
    diagonal = added([total(apply("square", x.jacobian), x.jacobian.type.axes, (-1,)) for x in rows])
    assert matrix is not None and right is not None and diagonal is not None
    return matrix, right, diagonal


def _triangle(rows: Sequence[Rows]) -> V:
    """The triangle R of [J r]."""
    found = [_triangle_of(x) for x in rows]
    return found[0] if len(found) == 1 else _stacked(found)


def _stacked(triangles: Sequence[V]) -> V:
    """The triangle of all their rows (Golub & Van Loan 2013, section 6.5.3)."""
    return apply("triangle", apply("concat", *triangles, told=Dim(-2)), told=Reduction((), ()))


def _of_triangle(whole: V) -> tuple[V, V, V]:
    """The triangle itself, J'r and the diagonal of J'J."""
    n = whole.type.dims[0] - 1
    columns = apply("index", whole, told=Index((Part(0, n), Part(0, n))))
    last = apply("index", whole, told=Index((Part(0, n), At(n))))
    return whole, contract(columns, last, "kp,k->p", ()), total(apply("square", columns), (), (-2,))


def _triangle_of(x: Rows) -> V:
    j, r = apply("transpose", x.jacobian), reshape(x.residual, (*x.residual.type.dims, 1))
    wide = [spread(part, part.type.with_axes({*j.type.axes, *r.type.axes}, j.w.order)) for part in (j, r)]
    return apply("triangle", apply("concat", *wide, told=Dim(-1)), told=Reduction(j.type.axes, ()))


def _in_columns(whole: V, unit: V) -> V:
    """The triangle of [J r], J in other units."""
    return whole * apply("concat", unit, spread(number(unit, 1.0), TensorType(unit.type.dtype, (), (1,))), told=Dim(-1))


def damped_step(writer: GraphWriter, matrix: V, right: V, damping: V, told: LeastSquares) -> V:
    """The step, in units of the scale, away from the residuals: what is to be subtracted."""
    n = right.type.dims[0]
    identity = V(writer, writer.identity(n, right.type.dtype))
    if told.solver == "cholesky":
        return apply("solve_positive", matrix + identity * damping, right)
    nothing = spread(number(right, 0.0), TensorType(right.type.dtype, (), (n, 1)))
    below = apply("concat", identity * apply("sqrt", damping), nothing, told=Dim(-1))
    whole = apply("triangle", apply("concat", matrix, below, told=Dim(-2)), told=Reduction((), ()))
    columns = apply("index", whole, told=Index((Part(0, n), Part(0, n))))
    return apply("solve_triangle", columns, apply("index", whole, told=Index((Part(0, n), At(n)))))


def length(x: V) -> V:
    """The norm of a vector."""
    return apply("sqrt", total(apply("square", x), (), (-1,)))
