"""The inverses that rows name: what an argument is where the value of a node is known, written in functions, as derivatives are.

A layout's equations are solved by them. Each is exact, up to the rounding of the arithmetic that it does; what has no inverse for
all values, or loses some of what it is given, has none here.
"""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.language.ops.derivative.writing import Local, V, apply, told
from rnndsl.plan.attributes import Dim, Dims, Shifted
from rnndsl.plan.indices import All, At, Index, Item, Part
from rnndsl.records import Immutable, record


@record
class Inverse(Immutable):
    """of: from a node, its value and the place of an argument to that argument. Where it is not `of_each`, all other arguments have
    to be known; elsewhere every argument follows from the value alone."""

    of: Callable[[Local, V, int], V]
    of_each: bool = False


def _part(n: Local, y: V, dim: int, item: Item) -> V:
    items: list[Item] = [All()] * len(n.whole.dims)
    items[dim] = item
    return apply("index", y, told=Index(tuple(items)))


def _concat(n: Local, y: V, at: int) -> V:
    dim = told(n, Dim).dim
    start = sum(n.type(i).dims[dim] for i in range(at))
    return _part(n, y, dim, Part(start, start + n.type(at).dims[dim]))


def _sub(n: Local, y: V, at: int) -> V:
    return y + n[1] if at == 0 else n[0] - y


def _div(n: Local, y: V, at: int) -> V:
    return y * n[1] if at == 0 else n[0] / y


concat = Inverse(_concat, of_each=True)
stack = Inverse(lambda n, y, at: _part(n, y, -1, At(at)), of_each=True)
transpose = Inverse(lambda n, y, at: apply("transpose", y))
reshape = Inverse(lambda n, y, at: apply("reshape", y, told=Dims(n.type(0).dims)))
roll = Inverse(lambda n, y, at: apply("roll", y, told=Shifted(-told(n, Shifted).shift)))
linear = Inverse(lambda n, y, at: y)
neg = Inverse(lambda n, y, at: -y)
add = Inverse(lambda n, y, at: y - n[1 - at])
sub = Inverse(_sub)
mul = Inverse(lambda n, y, at: y / n[1 - at])
div = Inverse(_div)
