"""The error function, for which StableHLO has no operation: rational functions, to the last bits of f64.

Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969), in three parts: of |x| up to 0.46875, up to
4, and beyond. Coefficients are those of the highest degree first, numerator and denominator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnndsl.backends.stablehlo.frame import Frame
from rnndsl.backends.stablehlo.writer import Tensor

_NEAR = 0.46875
_FAR = 4.0
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
        8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
    ),
    (
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ),
)  # fmt: skip
_LARGE = (
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3,
    ),
)  # fmt: skip


def erf(f: Frame, x: Tensor) -> Tensor:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    size = f.op("abs", x)
    square = f.op("multiply", x, x)
    small = f.op("multiply", x, _rational(f, square, _SMALL))
    falling = f.op("exponential", f.op("negate", square))
    middle = f.op("multiply", falling, _rational(f, size, _MIDDLE))
    far = f.op("maximum", size, f.filled(_FAR, size))
    less = f.op("divide", f.filled(1, far), f.op("multiply", far, far))
    rest = f.op("multiply", less, _rational(f, less, _LARGE))
    rest = f.op("divide", f.op("subtract", f.filled(1 / math.sqrt(math.pi), rest), rest), far)
    large = f.op("multiply", falling, rest)
    beyond = f.select(f.compare("LE", size, f.filled(_FAR, size)), middle, large)
    whole = f.op("multiply", f.op("sign", x), f.op("subtract", f.filled(1, beyond), beyond))
    return f.select(f.compare("LE", size, f.filled(_NEAR, size)), small, whole)


def _rational(f: Frame, x: Tensor, of: Sequence[Sequence[float]]) -> Tensor:
    above, below = (_polynomial(f, x, coefficients) for coefficients in of)
    return f.op("divide", above, below)


def _polynomial(f: Frame, x: Tensor, coefficients: Sequence[float]) -> Tensor:
    found = f.filled(coefficients[0], x)
    for c in coefficients[1:]:
        found = f.op("add", f.op("multiply", found, x), f.filled(c, x))
    return found
