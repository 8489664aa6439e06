"""Derivatives of products and of linear algebra (Petersen & Pedersen, The Matrix Cookbook, 2012, equations 40, 57 and 60)."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

from rnndsl.language.ops.derivative.writing import (
    Derivative,
    Local,
    V,
    apply,
    back_to,
    compare,
    contract,
    linear,
    on_axes,
    reshape,
    spread,
    where,
    with_dims,
)
from rnndsl.plan.attributes import Contraction, Einsum, Reduction
from rnndsl.plan.graph import TensorType


def _terms(n: Local) -> tuple[list[str], str]:
    """Letters for the trailing dims of each argument, and for those of the result."""
    letters = iter(ascii_lowercase)
    match n.node.attrs:
        case Einsum(equation) | Contraction(equation):
            left, _, right = equation.replace(" ", "").partition("->")
            return left.split(","), right
        case _:
            first = "".join(next(letters) for _ in n.type(0).dims)
            second = "".join(next(letters) for _ in n.type(1).dims)
            return _named(n, first, second)


def _named(n: Local, a: str, b: str) -> tuple[list[str], str]:
    if len(a) + len(b) == len(n.whole.dims):  # every pair
        return [a, b], a + b
    b = a[-1] + b[1:]
    return [a, b], a[:-1] + b[1:]


def _product(n: Local, d: V, at: int) -> V:
    """The sum of the cotangent with the other factors, over all that the argument lacks."""
    terms, result = _terms(n)
    d = with_dims(d, n.whole.dims)
    if _is_matrix(n, at):
        return on_axes(apply("matmul", d, apply("transpose", n[1])), n.type(0), _united(n, [d.type, n.type(0)]))
    factors = [(n[i], term) for i, term in enumerate(terms) if i != at]
    wanted, eyes = _distinct(terms[at], n.type(at), d)
    value, letters = d, result
    rest = [*factors, *eyes]
    while rest:
        factor, term = rest.pop(0)
        needed = {*wanted, *(c for _, other in rest for c in other)}
        kept = "".join(dict.fromkeys(c for c in (letters + term if rest else wanted) if c in needed and c in letters + term))
        axes = [] if rest else [a for a in {*value.type.axes, *factor.type.axes} if a not in n.type(at).axes]
        factor = _seen(value, letters, factor, term)
        value = contract(factor, value, f"{term},{letters}->{kept}", _united_names(n, axes))
        letters = kept
    return _broadcast(value, letters, wanted, n.type(at))


def _is_matrix(n: Local, at: int) -> bool:
    """Whether `at` is what is multiplied by a plain matrix, so that the cotangent is multiplied by its transpose."""
    return n.node.op == "matmul" and at == 0 and len(n.type(1).dims) == 2 and not n.type(1).axes


def _distinct(term: str, t: TensorType, d: V) -> tuple[str, list[tuple[V, str]]]:
    """`term` with each letter once, and identity matrices for those that it has twice."""
    spare = iter(c for c in ascii_uppercase)
    seen: list[str] = []
    eyes: list[tuple[V, str]] = []
    for letter, size in zip(term, t.dims, strict=True):
        if letter not in seen:
            seen.append(letter)
            continue
        other = next(spare)
        eyes.append((V(d.w, d.w.identity(size, t.dtype)), letter + other))
        seen.append(other)
    return "".join(seen), eyes


def _seen(d: V, letters: str, factor: V, term: str) -> V:
    """`factor`, zero in rows whose cotangent is: what is not finite there is not seen."""
    if d.w.is_finite(factor.id) or not d.w.is_selected(d.id):
        return factor
    own = [i - len(letters) for i, c in enumerate(letters) if c not in term]
    axes = [a for a in d.type.axes if a not in factor.type.axes]
    rows = apply("any", compare("ne", d, 0.0), told=Reduction(tuple(axes), tuple(own)))
    shared = [c for c in letters if c in term]
    if shared != [c for c in term if c in shared]:
        return factor  # another order of dims: nothing but an einsum does that
    dims = tuple(size if c in shared else 1 for c, size in zip(term, factor.type.dims, strict=True))
    return where(reshape(rows, dims), factor, 0.0)


def _broadcast(value: V, letters: str, wanted: str, t: TensorType) -> V:
    """What nothing else has is broadcast."""
    if letters == wanted:
        return value
    sizes = dict(zip(letters, value.type.dims, strict=True))
    value = reshape(value, tuple(sizes.get(c, 1) for c in wanted))
    return with_dims(value, t.dims)


def _united(n: Local, types: Sequence[TensorType]) -> tuple[str, ...]:
    return _united_names(n, [a for t in types for a in t.axes])


def _united_names(n: Local, names: Sequence[str]) -> tuple[str, ...]:
    """Axes in the order of the node's own."""
    every = dict.fromkeys([*n.whole.axes, *(a for i in range(n.count) for a in n.type(i).axes)])
    return tuple(a for a in every if a in names)


def _dot(n: Local, d: V, at: int) -> V:
    other = n[1 - at]
    wide = reshape(with_dims(d, n.whole.dims), (*n.whole.dims, 1)) * other
    return _back(wide, n, at)


def _back(d: V, n: Local, at: int) -> V:
    dims = tuple(max(a, b) for a, b in zip(d.type.dims, (*n.whole.dims, n.type(at).dims[-1]), strict=True))
    return back_to(d, n.type(at), TensorType(d.type.dtype, n.whole.axes, dims))


def _lead(t: TensorType, own: int) -> str:
    """Letters for the dims before the last `own`, right-aligned."""
    return ascii_uppercase[: len(t.dims) - own][::-1]


def _inverse(n: Local, d: V, at: int) -> V:
    """-y' d y'."""
    lead = _lead(n.whole, 2)
    half = contract(n.y, with_dims(d, n.whole.dims), f"{lead}ca,{lead}ce->{lead}ae", [])
    return -contract(half, n.y, f"{lead}ae,{lead}be->{lead}ab", [])


def _inverse_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    """-y t y."""
    t = tangents[0]
    if t is None:
        return None
    lead = _lead(n.whole, 2)
    half = contract(n.y, spread(t, n.type(0)), f"{lead}ac,{lead}ce->{lead}ae", [])
    return -contract(half, n.y, f"{lead}ae,{lead}eb->{lead}ab", [])


def _solve(n: Local, d: V, at: int) -> V:
    """b's is solve(a', d), a's the outer product of that with -x."""
    g = apply("solve", apply("transpose", n[0]), spread(d, n.whole))
    if at == 1:
        return on_axes(g, n.type(1), n.whole.axes)
    vector = len(n.type(1).dims) == 1
    lead, own = _lead(n.whole, 1 if vector else 2), _lead(n.type(0), 2)
    column = "" if vector else "k"
    axes = [a for a in n.whole.axes if a not in n.type(0).axes]
    return -contract(g, n.y, f"{lead}n{column},{lead}m{column}->{own}nm", axes)


def _solve_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    """solve(a, db - da x)."""
    a, b = tangents
    right = None if b is None else spread(b, n.whole)
    if a is not None:
        vector = len(n.type(1).dims) == 1
        lead, own = _lead(n.whole, 1 if vector else 2), _lead(n.type(0), 2)
        column = "" if vector else "k"
        moved = contract(spread(a, n.type(0)), n.y, f"{own}nm,{lead}m{column}->{lead}n{column}", [])
        right = -moved if right is None else right - moved
    return None if right is None else apply("solve", n[0], right)


def _logdet(n: Local, d: V, at: int) -> V:
    """inv(a)' d."""
    lead = n.whole.dims
    return apply("transpose", apply("inv", n[0])) * reshape(with_dims(d, lead), (*lead, 1, 1))


def _logdet_forward(n: Local, tangents: Sequence[V | None]) -> V | None:
    t = tangents[0]
    if t is None:
        return None
    lead = _lead(n.type(0), 2)
    return contract(apply("inv", n[0]), spread(t, n.type(0)), f"{lead}ab,{lead}ba->{lead}", [])


matmul = linear(_product)
dot = linear(_dot)
outer = linear(_product)
einsum = linear(_product)
contract_ = linear(_product)
inv = Derivative(_inverse, _inverse_forward)
solve = Derivative(_solve, _solve_forward)
logdet = Derivative(_logdet, _logdet_forward)
