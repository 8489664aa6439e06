"""Products: Einstein's sums of two operands at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_letters

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.attributes import Einsum
from rnndsl.plan.model import Node, TensorType


def einsum_of(frame: Frame, operands: Sequence[Operand], terms: Sequence[str], result: str, axes: Sequence[str]) -> Tensor:
    """Einstein's sum over trailing dims; leading axes are letters of their own, summed unless in the `axes` of the result."""
    free = iter(c for c in ascii_letters if c not in "".join(terms))
    letter = {axis: next(free) for axis in dict.fromkeys(axis for x in operands for axis in x.type.axes)}
    whole = ["".join(letter[a] for a in x.type.axes) + term for x, term in zip(operands, terms, strict=True)]
    end = "".join(letter[a] for a in axes) + result
    found, term = _once(frame, operands[0].tensor, whole[0])
    for at in range(1, len(operands)):
        later = "".join(whole[at + 1 :]) + end
        found, term = _two(frame, found, term, *_once(frame, operands[at].tensor, whole[at]), later)
    found, term = _without(frame, found, term, end)
    return frame.transpose(found, [term.index(c) for c in end])


def _once(frame: Frame, x: Tensor, term: str) -> tuple[Tensor, str]:
    """`x` with each letter once: of one that is there twice, the diagonal."""
    twice = next((c for c in term if term.count(c) > 1), None)
    if twice is None:
        return x, term
    first, second = term.index(twice), term.rindex(twice)
    same = frame.compare("EQ", frame.iota(x.shape, first), frame.iota(x.shape, second))
    diagonal = frame.sum(frame.select(same, x, frame.filled(0, x)), [second])
    return _once(frame, diagonal, term[:second] + term[second + 1 :])


def _without(frame: Frame, x: Tensor, term: str, kept: str) -> tuple[Tensor, str]:
    """`x` summed over the letters that are not `kept`."""
    gone = [i for i, c in enumerate(term) if c not in kept]
    return (frame.sum(x, gone) if gone else x), "".join(c for c in term if c in kept)


def _two(frame: Frame, a: Tensor, left: str, b: Tensor, right: str, later: str) -> tuple[Tensor, str]:
    """The product of two, summed over the letters that nothing reads `later`."""
    a, left = _without(frame, a, left, right + later)
    b, right = _without(frame, b, right, left + later)
    both = [c for c in left if c in right]
    batch, summed = [c for c in both if c in later], [c for c in both if c not in later]
    term = [*batch, *(c for c in left if c not in both), *(c for c in right if c not in both)]
    sizes = {**dict(zip(left, a.shape, strict=True)), **dict(zip(right, b.shape, strict=True))}
    numbers = (
        f"lhs_batching_dimensions = {[left.index(c) for c in batch]}, rhs_batching_dimensions = {[right.index(c) for c in batch]}, "
        f"lhs_contracting_dimensions = {[left.index(c) for c in summed]}, "
        f"rhs_contracting_dimensions = {[right.index(c) for c in summed]}"
    )
    told = f"dot_dimension_numbers = #stablehlo.dot<{numbers}>"
    return frame.writer.op("dot_general", [a, b], a.dtype, [sizes[c] for c in term], told), "".join(term)


def matmul(frame: Frame, node: Node, x: Operand, w: Operand) -> Tensor:
    letters = iter(ascii_letters)
    left = "".join(next(letters) for _ in x.type.dims)
    right = "".join(next(letters) for _ in w.type.dims[1:])
    return einsum_of(frame, [x, w], [left, left[-1] + right], left[:-1] + right, node.type.axes)


def einsum(frame: Frame, node: Node, *operands: Operand) -> Tensor:
    left, _, result = node.told(Einsum).equation.replace(" ", "").partition("->")
    return einsum_of(frame, operands, left.split(","), result, node.type.axes)


def dot(frame: Frame, node: Node, a: Operand, b: Operand) -> Tensor:
    wide = TensorType(node.type.dtype, node.type.axes, max(a.type.dims, b.type.dims, key=len))
    product = frame.op("multiply", frame.fit(a, wide), frame.fit(b, wide))
    return frame.sum(product, [len(product.shape) - 1])


def outer(frame: Frame, node: Node, a: Operand, b: Operand) -> Tensor:
    ones = tuple(1 for _ in b.type.dims)
    t = TensorType(a.type.dtype, a.type.axes, (*a.type.dims, *ones))
    wide = Operand(frame.reshape(a.tensor, (*a.tensor.shape, *ones)), t)
    return frame.op("multiply", frame.fit(wide, node.type), frame.fit(b, node.type))


LOWERINGS: Mapping[str, Lower] = {"matmul": matmul, "einsum": einsum, "contract": einsum, "dot": dot, "outer": outer}
