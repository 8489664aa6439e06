"""Products and linear algebra in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value, aligned, met, unite
from rnndsl.plan.attributes import Einsum
from rnndsl.plan.model import Node, TensorType


def matmul(frame: Frame, node: Node, x: Value, w: Value) -> Array:
    if not w.type.axes:
        return np.tensordot(x.array, w.array, 1)
    letters = iter(ascii_letters)
    left = "".join(next(letters) for _ in x.type.dims)
    right = "".join(next(letters) for _ in w.type.dims[1:])
    return einsum_of([x, w], [left, left[-1] + right], left[:-1] + right, node.type.axes)


def einsum_of(operands: Sequence[Value], terms: Sequence[str], result: str, axes: Sequence[str]) -> Array:
    """Einstein's sum over trailing dims; leading axes are letters of their own, summed unless in the `axes` of the result."""
    free = iter(c for c in ascii_letters if c not in "".join(terms))
    letter = {axis: next(free) for axis in dict.fromkeys(axis for x in operands for axis in x.type.axes)}
    left = ",".join("".join(letter[a] for a in x.type.axes) + term for x, term in zip(operands, terms, strict=True))
    return np.einsum(f"{left}->{''.join(letter[a] for a in axes)}{result}", *(x.array for x in operands), optimize=True)


def einsum(frame: Frame, node: Node, *operands: Value) -> Array:
    left, _, result = node.told(Einsum).equation.replace(" ", "").partition("->")
    return einsum_of(operands, left.split(","), result, node.type.axes)


def contract(frame: Frame, node: Node, *operands: Value) -> Array:
    return einsum(frame, node, *operands)


def dot(frame: Frame, node: Node, a: Value, b: Value) -> Array:
    left, right = met([a, b], frame.order)
    return np.sum(left * right, -1)


def outer(frame: Frame, node: Node, a: Value, b: Value) -> Array:
    ones = [1 for _ in b.type.dims]
    wide = Value(a.array.reshape([*a.array.shape, *ones]), TensorType(a.type.dtype, a.type.axes, (*a.type.dims, *ones)))
    left, right = met([wide, b], frame.order)
    return left * right


def inv(frame: Frame, node: Node, a: Value) -> Array:
    return np.linalg.inv(_regular(a.array))


def logdet(frame: Frame, node: Node, a: Value) -> Array:
    return np.linalg.slogdet(a.array)[1]


def solve(frame: Frame, node: Node, a: Value, b: Value) -> Array:
    return solved(frame, Value(_regular(a.array), a.type), b, np.linalg.solve)


def solved(frame: Frame, a: Value, b: Value, solver: Callable[[Array, Array], Array]) -> Array:
    """a [.., n, n] x = b [.., n, k], or b [n], which is one column."""
    vector = len(b.type.dims) == 1
    wide = TensorType(b.type.dtype, b.type.axes, (*b.type.dims, 1))
    columns = Value(b.array[..., np.newaxis], wide) if vector else b
    axes = unite([a.type, b.type], frame.order)
    ndims = max(len(a.type.dims), len(columns.type.dims))
    left, right = aligned(a, axes, ndims), aligned(columns, axes, ndims)
    outer = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left, right = np.broadcast_to(left, (*outer, *left.shape[-2:])), np.broadcast_to(right, (*outer, *right.shape[-2:]))
    found = solver(left, right)
    return found[..., 0] if vector else found


def _regular(a: Array) -> Array:
    """`a`, if NumPy can invert each of its matrices. Raises ValueError otherwise."""
    if a.size and np.any(np.linalg.det(a) == 0):
        raise ValueError("a matrix has no inverse")
    return a
