"""Derivatives of what normal equations are made of (Giles 2008, "Collected matrix derivative results", 2.3 and 2.4, and for a
Cholesky factor, which the triangle of a QR decomposition is, Murray 2016, equations 8 and 10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnndsl.language.ops.derivative.writing import (
    Derivative,
    Local,
    V,
    apply,
    contract,
    linear,
    on_axes,
    spread,
    told,
    with_dims,
)
from rnndsl.plan.attributes import Reduction


def _upper(n: Local, d: V, at: int) -> V:
    return apply("upper", with_dims(d, n.whole.dims))


# ---- the triangle of a QR decomposition: R with R'R = x'x


def _triangle(n: Local, d: V, at: int) -> V:
    """x (s + s'), s being the cotangent of x'x: half of inv(R) (m + m') inv(R'), m the lower half of R d'."""
    lead = _lead(n, 2)
    product = contract(n.y, spread(d, n.whole), f"{lead}ac,{lead}bc->{lead}ab", [])
    lower = _transposed(_upper_half(_transposed(product)))
    both = lower + _transposed(lower)
    left = apply("solve_triangle", n.y, both)
    s = apply("solve_triangle", n.y, _transposed(left))
    return contract(n[0], s, f"{lead}ka,{lead}ab->{lead}kb", [])


def _triangle_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    """m R, m the upper half of inv(R') (t'x + x't) inv(R)."""
    t = tangents[0]
    if t is None:
        return None
    lead = _lead(n, 2)
    half = contract(spread(t, n.type(0)), n[0], f"{lead}ka,{lead}kb->{lead}ab", told(n, Reduction).axes)
    right = _right_divided(half + _transposed(half), n.y)  # ... inv(R), and transposed the same from the left
    whole = _right_divided(_transposed(right), n.y)
    return contract(_upper_half(whole), n.y, f"{lead}ab,{lead}bc->{lead}ac", [])


def _right_divided(x: V, r: V) -> V:
    """x inv(r)."""
    return _transposed(apply("solve", _transposed(r), _transposed(x)))


def _upper_half(x: V) -> V:
    """The upper triangle with half of the diagonal."""
    strictly = x - _transposed(apply("upper", _transposed(x)))
    return (apply("upper", x) + strictly) * 0.5


def _transposed(x: V) -> V:
    return apply("transpose", x)


def _lead(n: Local, own: int) -> str:
    """Letters for the dims before the last `own`."""
    return "ABCDEFG"[: len(n.whole.dims) - own]


# ---- solutions of equations


def _solve_triangle(n: Local, d: V, at: int) -> V:
    """b's is solve(upper(a)', d), a's the upper triangle of the outer product of that with -x."""
    g = apply("solve", _transposed(apply("upper", n[0])), spread(d, n.whole))
    return on_axes(g, n.type(1), n.whole.axes) if at == 1 else apply("upper", _outer(n, g))


def _solve_triangle_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    return _moved(n, tangents, "solve_triangle", lambda t: apply("upper", t))


def _solve_positive(n: Local, d: V, at: int) -> V:
    """b's is solve(a, d), a's the outer product of that with -x, made symmetric."""
    g = apply("solve_positive", n[0], spread(d, n.whole))
    if at == 1:
        return on_axes(g, n.type(1), n.whole.axes)
    return _symmetric(_outer(n, g))


def _solve_positive_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    return _moved(n, tangents, "solve_positive", _symmetric)


def _symmetric(x: V) -> V:
    return (x + _transposed(x)) * 0.5


def _outer(n: Local, g: V) -> V:
    """-g x', of the type of a."""
    axes = [a for a in n.whole.axes if a not in n.type(0).axes]
    left, right, own = _letters(n)
    return -contract(g, n.y, f"{left},{right}->{own}nm", axes)


def _moved(n: Local, tangents: Sequence[V | None], op: str, seen: Callable[[V], V]) -> V | None:
    """The solution for db - da x. `seen`: what of da counts."""
    a, b = tangents
    right = None if b is None else spread(b, n.whole)
    if a is not None:
        out, x, own = _letters(n)
        moved = contract(seen(spread(a, n.type(0))), n.y, f"{own}nm,{x}->{out}", [])
        right = -moved if right is None else right - moved
    return None if right is None else apply(op, n[0], right)


def _letters(n: Local) -> tuple[str, str, str]:
    """Letters for a value like the right side by rows n, for the solution by rows m, for what stands before a's last two dims."""
    column = "" if len(n.type(1).dims) == 1 else "k"
    lead, own = _lead(n, len(column) + 1), "ABCDEFG"[: len(n.type(0).dims) - 2]
    return f"{lead}n{column}", f"{lead}m{column}", own


upper = linear(_upper)
triangle = Derivative(_triangle, _triangle_forward)
solve_triangle = Derivative(_solve_triangle, _solve_triangle_forward)
solve_positive = Derivative(_solve_positive, _solve_positive_forward)
