"""Least squares problems of Moré, Garbow & Hillstrom 1981, "Testing unconstrained optimization software": as models, each with its
start and the least sum of squares, by its number there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Problem:
    """`residuals` are expressions of x, an unknown [n], or with `data` one that is about inputs [batch]. `least` is the global
    minimum of the sum of squares."""

    number: int
    name: str
    start: Sequence[float]
    residuals: Sequence[str]
    least: float
    data: dict[str, Sequence[float]] = field(default_factory=dict)

    def spec(self, factor: float, options: str) -> str:
        start = ", ".join(repr(factor * value) for value in self.start)
        inputs = "".join(f"  input {name}: f64[batch]\n" for name in self.data)
        text = self.residuals[0] if self.data else f"stack([{', '.join(self.residuals)}])"
        return (
            f"model problem with (dtype = f64) {{\n{inputs}  param x: [{len(self.start)}] ~ values([{start}])\n"
            f"  residual r = {text}\n  train fit = levenberg_marquardt({options})\n}}\n"
        )

    def feeds(self) -> dict[str, np.ndarray]:
        return {name: np.array(values, "f8") for name, values in self.data.items()}


def _sum(terms: Sequence[str]) -> str:
    return f"({' + '.join(terms)})"


def _watson(n: int) -> list[str]:
    found: list[str] = []
    for i in range(1, 30):
        t = i / 29
        slope = _sum([f"{(j - 1) * t ** (j - 2)!r} * x[{j - 1}]" for j in range(2, n + 1)])
        value = _sum([f"{t ** (j - 1)!r} * x[{j - 1}]" for j in range(1, n + 1)])
        found.append(f"{slope} - square({value}) - 1.0")
    return [*found, "x[0]", "x[1] - square(x[0]) - 1.0"]


def _chebyquad(n: int) -> list[str]:
    """Means of shifted Chebyshev polynomials less their integrals."""
    found: list[str] = []
    for k in range(1, n + 1):
        exact = 0.0 if k % 2 else -1.0 / (k * k - 1)
        mean = _sum([_chebyshev(k, f"(2.0 * x[{j}] - 1.0)") for j in range(n)])
        found.append(f"{mean} / {float(n)!r} - {exact!r}")
    return found


def _chebyshev(k: int, y: str) -> str:
    """By its coefficients."""
    powers = np.polynomial.chebyshev.cheb2poly([0.0] * k + [1.0])
    return _sum([f"{c!r} * {y} ** {i}" if i else repr(c) for i, c in enumerate(map(float, powers)) if c])


def _trigonometric(n: int) -> list[str]:
    cosines = _sum([f"cos(x[{j}])" for j in range(n)])
    return [f"{float(n)!r} - {cosines} + {i + 1.0!r} * (1.0 - cos(x[{i}])) - sin(x[{i}])" for i in range(n)]


def _almost_linear(n: int) -> list[str]:
    whole = _sum([f"x[{j}]" for j in range(n)])
    product = " * ".join(f"x[{j}]" for j in range(n))
    return [*(f"x[{i}] + {whole} - {n + 1.0!r}" for i in range(n - 1)), f"{product} - 1.0"]


def _integral(n: int) -> list[str]:
    h = 1 / (n + 1)
    t = [h * (i + 1) for i in range(n)]
    cubes = [f"(x[{j}] + {t[j] + 1!r}) ** 3" for j in range(n)]
    found: list[str] = []
    for i in range(n):
        before = _sum([f"{(1 - t[i]) * t[j] * h / 2!r} * {cubes[j]}" for j in range(i + 1)])
        after = [f"{t[i] * (1 - t[j]) * h / 2!r} * {cubes[j]}" for j in range(i + 1, n)]
        found.append(f"x[{i}] + {before}" + (f" + {_sum(after)}" if after else ""))
    return found


def _boundary(n: int) -> list[str]:
    h = 1 / (n + 1)
    found: list[str] = []
    for i in range(n):
        sides = [f"- x[{j}]" for j in (i - 1, i + 1) if 0 <= j < n]
        found.append(f"2.0 * x[{i}] {' '.join(sides)} + {h * h / 2!r} * (x[{i}] + {h * (i + 1) + 1!r}) ** 3")
    return found


def _broyden(n: int) -> list[str]:
    found: list[str] = []
    for i in range(n):
        sides = "".join(f" - {c} * x[{j}]" for c, j in (("1.0", i - 1), ("2.0", i + 1)) if 0 <= j < n)
        found.append(f"(3.0 - 2.0 * x[{i}]) * x[{i}]{sides} + 1.0")
    return found


def _dimensioned(n: int) -> list[str]:
    whole = _sum([f"{j + 1.0!r} * (x[{j}] - 1.0)" for j in range(n)])
    return [*(f"x[{i}] - 1.0" for i in range(n)), whole, f"square({whole})"]


_BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)
_GAUSS = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009)
_MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)
_KOWALIK = (
    (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
    (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625),
)
_OSBORNE_1 = (
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580,
    0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
)  # fmt: skip
_OSBORNE_2 = (
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626,
    0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391,
    0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625,
    0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
)  # fmt: skip


def _numbers(count: int, first: float = 1.0, step: float = 1.0) -> list[float]:
    return [first + step * k for k in range(count)]


_T = [0.1 * k for k in range(1, 14)]
_PEAK = "x[{0}] * exp(-square(s - x[{2}]) * x[{1}])"

PROBLEMS = (
    Problem(1, "Rosenbrock", (-1.2, 1.0), ("10.0 * (x[1] - square(x[0]))", "1.0 - x[0]"), 0.0),
    Problem(
        2,
        "Freudenstein and Roth",
        (0.5, -2.0),
        (
            "-13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1]",
            "-29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1]",
        ),
        0.0,
    ),
    Problem(3, "Powell badly scaled", (0.0, 1.0), ("1e4 * x[0] * x[1] - 1.0", "exp(-x[0]) + exp(-x[1]) - 1.0001"), 0.0),
    Problem(4, "Brown badly scaled", (1.0, 1.0), ("x[0] - 1e6", "x[1] - 2e-6", "x[0] * x[1] - 2.0"), 0.0),
    Problem(
        5,
        "Beale",
        (1.0, 1.0),
        tuple(f"{y!r} - x[0] * (1.0 - x[1] ** {i})" for i, y in ((1, 1.5), (2, 2.25), (3, 2.625))),
        0.0,
    ),
    Problem(
        6,
        "Jennrich and Sampson",
        (0.3, 0.4),
        ("2.0 + 2.0 * s - (exp(s * x[0]) + exp(s * x[1]))",),
        124.362182,
        {"s": _numbers(10)},
    ),
    Problem(
        7,
        "helical valley",
        (-1.0, 0.0, 0.0),
        (
            "10.0 * x[2] - 100.0 * (atan(x[1] / x[0]) / 6.283185307179586 + where(x[0] < 0.0, 0.5, 0.0))",
            "10.0 * (sqrt(square(x[0]) + square(x[1])) - 1.0)",
            "x[2]",
        ),
        0.0,
    ),
    Problem(
        8,
        "Bard",
        (1.0, 1.0, 1.0),
        ("y - (x[0] + u / ((16.0 - u) * x[1] + minimum(u, 16.0 - u) * x[2]))",),
        8.21487730657897e-3,
        {"y": _BARD, "u": _numbers(15)},
    ),
    Problem(
        9,
        "Gaussian",
        (0.4, 1.0, 0.0),
        ("x[0] * exp(-x[1] * square(s - x[2]) / 2.0) - y",),
        1.12793276961871e-8,
        {"y": _GAUSS, "s": _numbers(15, 3.5, -0.5)},
    ),
    Problem(
        10,
        "Meyer",
        (0.02, 4000.0, 250.0),
        ("x[0] * exp(x[1] / (s + x[2])) - y",),
        87.9458551706672,
        {"y": _MEYER, "s": _numbers(16, 50.0, 5.0)},
    ),
    Problem(
        12,
        "box three-dimensional",
        (0.0, 10.0, 20.0),
        ("exp(-s * x[0]) - exp(-s * x[1]) - x[2] * (exp(-s) - exp(-10.0 * s))",),
        0.0,
        {"s": _T[:10]},
    ),
    Problem(
        13,
        "Powell singular",
        (3.0, -1.0, 0.0, 1.0),
        (
            "x[0] + 10.0 * x[1]",
            "2.23606797749979 * (x[2] - x[3])",
            "square(x[1] - 2.0 * x[2])",
            "3.1622776601683795 * square(x[0] - x[3])",
        ),
        0.0,
    ),
    Problem(
        14,
        "Wood",
        (-3.0, -1.0, -3.0, -1.0),
        (
            "10.0 * (x[1] - square(x[0]))",
            "1.0 - x[0]",
            "9.486832980505138 * (x[3] - square(x[2]))",
            "1.0 - x[2]",
            "3.1622776601683795 * (x[1] + x[3] - 2.0)",
            "(x[1] - x[3]) / 3.1622776601683795",
        ),
        0.0,
    ),
    Problem(
        15,
        "Kowalik and Osborne",
        (0.25, 0.39, 0.415, 0.39),
        ("y - x[0] * (square(u) + u * x[1]) / (square(u) + u * x[2] + x[3])",),
        3.07505603849238e-4,
        {"y": _KOWALIK[0], "u": _KOWALIK[1]},
    ),
    Problem(
        16,
        "Brown and Dennis",
        (25.0, 5.0, -5.0, -1.0),
        ("square(x[0] + s * x[1] - exp(s)) + square(x[2] + x[3] * sin(s) - cos(s))",),
        85822.2016263563,
        {"s": _numbers(20, 0.2, 0.2)},
    ),
    Problem(
        17,
        "Osborne 1",
        (0.5, 1.5, -1.0, 0.01, 0.02),
        ("y - (x[0] + x[1] * exp(-s * x[3]) + x[2] * exp(-s * x[4]))",),
        5.46489469748294e-5,
        {"y": _OSBORNE_1, "s": _numbers(33, 0.0, 10.0)},
    ),
    Problem(
        18,
        "Biggs EXP6",
        (1.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        (
            "x[2] * exp(-s * x[0]) - x[3] * exp(-s * x[1]) + x[5] * exp(-s * x[4])"
            " - (exp(-s) - 5.0 * exp(-10.0 * s) + 3.0 * exp(-4.0 * s))",
        ),
        0.0,
        {"s": _T},
    ),
    Problem(
        19,
        "Osborne 2",
        (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5),
        (f"y - (x[0] * exp(-s * x[4]) + {' + '.join(_PEAK.format(k, k + 4, k + 7) for k in (1, 2, 3))})",),
        4.01377362935478e-2,
        {"y": _OSBORNE_2, "s": _numbers(65, 0.0, 0.1)},
    ),
    Problem(20, "Watson, 6", (0.0,) * 6, _watson(6), 2.28767005355236e-3),
    Problem(20, "Watson, 9", (0.0,) * 9, _watson(9), 1.39976013809806e-6),
    Problem(25, "variably dimensioned", tuple(1 - (j + 1) / 10 for j in range(10)), _dimensioned(10), 0.0),
    Problem(26, "trigonometric", (0.2,) * 5, _trigonometric(5), 0.0),
    Problem(27, "Brown almost linear", (0.5,) * 10, _almost_linear(10), 0.0),
    Problem(28, "discrete boundary value", tuple((j + 1) / 11 * ((j + 1) / 11 - 1) for j in range(10)), _boundary(10), 0.0),
    Problem(29, "discrete integral equation", tuple((j + 1) / 11 * ((j + 1) / 11 - 1) for j in range(10)), _integral(10), 0.0),
    Problem(30, "Broyden tridiagonal", (-1.0,) * 10, _broyden(10), 0.0),
    Problem(35, "Chebyquad, 7", tuple((j + 1) / 8 for j in range(7)), _chebyquad(7), 0.0),
    Problem(35, "Chebyquad, 8", tuple((j + 1) / 9 for j in range(8)), _chebyquad(8), 3.51687372567814e-3),
)
