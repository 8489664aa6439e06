"""What normal equations are made of: Jacobians as matrices, and the solution of linear least squares."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, tensors, traits
from rnndsl.language.rules import least_squares as rules
from rnndsl.language.rules import products
from rnndsl.plan.attributes import Reduction
from rnndsl.plan.ordering import Places

_INTERNAL = traits("internal")
_OF_MATRIX = traits("internal", "heavy", "singular")

ROWS: tuple[Op, ...] = (
    Op(
        "each_place",
        "structure",
        tensors("like"),
        rules.each_place,
        ".least_squares:each_place",
        "along a new axis, for each place of a value one that is 1 there and 0 elsewhere",
        symbol="jacobian = reverse",
        gradient="none",
        traits=_INTERNAL,
        attributes=Places,
    ),
    Op(
        "upper",
        "structure",
        tensors("x"),
        rules.upper,
        ".least_squares:upper",
        "x with zeros below its diagonal",
        traits=_INTERNAL,
        derivative=".least_squares:upper",
    ),
    Op(
        "triangle",
        "structure",
        tensors("x"),
        rules.triangle,
        ".least_squares:triangle",
        "R of x = Q R, upper triangular with R'R = x'x: of all rows, which lie along leading axes too",
        symbol="solver = qr",
        traits=_OF_MATRIX,
        attributes=Reduction,
        derivative=".least_squares:triangle",
    ),
    Op(
        "solve_triangle",
        "structure",
        tensors("a", "b"),
        products.solve,
        ".least_squares:solve_triangle",
        "x with upper(a) x = b",
        traits=_OF_MATRIX,
        derivative=".least_squares:solve_triangle",
    ),
    Op(
        "solve_positive",
        "structure",
        tensors("a", "b"),
        products.solve,
        ".least_squares:solve_positive",
        "x with (a + a') x = 2 b, a + a' positive definite; no number otherwise",
        traits=_OF_MATRIX,
        derivative=".least_squares:solve_positive",
    ),
)
