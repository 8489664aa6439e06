"""How a derivative is written: values of a graph with the operators of Python, each of which adds a node.

What a rule computes with may be infinite, or no number, at places that the result does not depend on. There the cotangent is
zero, and so is what is made of it: see `where_seen`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Protocol, TypeVar

from rnndsl.plan.attributes import NOTHING, Attributes, Contraction, Dims, Reduction, Shape, ToDType
from rnndsl.plan.graph import DType, Node, TensorType
from rnndsl.records import Immutable, record

Told = TypeVar("Told", bound=Attributes)


class Writer(Protocol):
    """The graph that a derivative is written into."""

    @property
    def order(self) -> Sequence[str]:
        """The plan's order of axes."""
        ...

    def add(self, op: str, args: Sequence[str], attrs: Attributes = NOTHING) -> str:
        """A new node, of the type that its rule gives. Returns its id."""
        ...

    def literal(self, value: float, dtype: DType) -> str:
        """A constant."""
        ...

    def identity(self, n: int, dtype: DType) -> str:
        """The identity matrix [n, n]."""
        ...

    def type_of(self, name: str) -> TensorType:
        """The type of a value."""
        ...

    def is_finite(self, name: str) -> bool:
        """Whether a value is a number wherever the values that it is computed from are of the model's making."""
        ...

    def is_selected(self, name: str) -> bool:
        """Whether a cotangent may be zero at some places because a selection left them out."""
        ...

    def unselect(self, name: str) -> None:
        """From now on the places that a selection left out of a cotangent are known to hold nothing but finite numbers."""
        ...


@record
class V:
    """A value of the graph `w`."""

    w: Writer
    id: str

    @property
    def type(self) -> TensorType:
        return self.w.type_of(self.id)

    def __add__(self, other: V | float) -> V:
        return self._with("add", other)

    def __sub__(self, other: V | float) -> V:
        return self._with("sub", other)

    def __rsub__(self, other: float) -> V:
        return number(self, other)._with("sub", self)

    def __mul__(self, other: V | float) -> V:
        return self._with("mul", other)

    def __rmul__(self, other: float) -> V:
        return self._with("mul", other)

    def __truediv__(self, other: V | float) -> V:
        return self._with("div", other)

    def __rtruediv__(self, other: float) -> V:
        return number(self, other)._with("div", self)

    def __neg__(self) -> V:
        return apply("neg", self)

    def _with(self, op: str, other: V | float) -> V:
        return apply(op, self, other if isinstance(other, V) else number(self, other))


def apply(op: str, first: V, *rest: V, told: Attributes = NOTHING) -> V:
    """A node of `op`."""
    return V(first.w, first.w.add(op, [x.id for x in (first, *rest)], told))


def number(like: V, value: float) -> V:
    """A constant of the dtype of `like`."""
    return V(like.w, like.w.literal(value, like.type.dtype))


def where(condition: V, a: V | float, b: V | float) -> V:
    """`a` where the condition holds, else `b`; one of them is a value, of whose dtype a plain number is."""
    like = a if isinstance(a, V) else b
    assert isinstance(like, V)
    sides = [x if isinstance(x, V) else number(like, x) for x in (a, b)]
    return apply("where", condition, *sides)


def compare(op: str, a: V, b: V | float) -> V:
    """`a` compared with `b`."""
    return apply(op, a, b if isinstance(b, V) else number(a, b))


def total(x: V, axes: Sequence[str], dims: Sequence[int] = ()) -> V:
    """The sum over leading axes and trailing dims, counted from the end."""
    return apply("sum", x, told=Reduction(tuple(axes), tuple(dims))) if axes or dims else x


def reshape(x: V, dims: tuple[int, ...]) -> V:
    """`x` with other trailing dims."""
    return x if x.type.dims == dims else apply("reshape", x, told=Dims(dims))


def spread(x: V, t: TensorType) -> V:
    """`x` broadcast to the axes and dims of `t`."""
    if (x.type.axes, x.type.dims) == (t.axes, t.dims):
        return x
    return apply("broadcast", x, told=Shape(t.dims, t.axes))


def cast(x: V, dtype: DType) -> V:
    """`x` in a dtype."""
    return x if x.type.dtype == dtype else apply("cast", x, told=ToDType(dtype))


def with_dims(x: V, dims: tuple[int, ...]) -> V:
    """`x`, on its own axes, broadcast to trailing `dims`."""
    return spread(x, TensorType(x.type.dtype, x.type.axes, dims))


def keep_dims(x: V, whole: TensorType, dims: Sequence[int]) -> V:
    """`x`, which is what a reduction over `dims` of a `whole` leaves, with a length of 1 for each of these."""
    if not dims:
        return x
    gone = {len(whole.dims) + d for d in dims}
    return reshape(x, tuple(1 if i in gone else size for i, size in enumerate(whole.dims)))


def back_to(d: V, t: TensorType, whole: TensorType) -> V:
    """The cotangent of a value of the type `t` that was broadcast to the `whole`, whose cotangent is `d`: summed over what `t`
    lacks. `d` itself may be narrower: it is the same everywhere then."""
    axes = [a for a in whole.axes if a not in t.axes]
    lead = len(whole.dims) - len(t.dims)
    wide = [i for i, size in enumerate(whole.dims) if i < lead or (t.dims[i - lead] == 1 and size != 1)]
    have = (1,) * (len(whole.dims) - len(d.type.dims)) + d.type.dims
    if any(a not in d.type.axes for a in axes) or any(have[i] == 1 != whole.dims[i] for i in wide):
        d = spread(d, whole)
        have = whole.dims
    elif axes or wide:
        d = reshape(d, have)
    d = total(d, axes, [i - len(whole.dims) for i in wide])
    if not axes and not wide:
        return d if len(d.type.dims) <= len(t.dims) else reshape(d, d.type.dims[-len(t.dims) :] if t.dims else ())
    return reshape(d, tuple(1 if lead + i in wide else have[lead + i] for i in range(len(t.dims))))


def on_axes(d: V, t: TensorType, axes: Sequence[str]) -> V:
    """The cotangent `d`, which has the trailing dims of `t`, of a value of that type that was broadcast to the leading `axes`."""
    return back_to(d, t, TensorType(t.dtype, tuple(axes), t.dims))


def where_seen(d: V, factor: V, *, singular: bool = False) -> V:
    """`factor` where the cotangent `d` is not zero, else zero, if it may be no finite number there. `singular`: even for values of
    the model's making, as the derivative of a square root at zero."""
    w = d.w
    if not singular and (w.is_finite(factor.id) or not w.is_selected(d.id)):
        return factor
    return where(compare("ne", d, 0.0), factor, 0.0)


def contract(a: V, b: V, equation: str, axes: Sequence[str]) -> V:
    """Einstein's sum over trailing dims, and over leading `axes`."""
    return apply("contract", a, b, told=Contraction(equation, tuple(axes)))


class Local(Protocol):
    """A node that is differentiated. Its values are fetched when they are asked for, so a rule asks for what it needs alone."""

    @property
    def node(self) -> Node: ...

    @property
    def y(self) -> V:
        """Its value."""
        ...

    def __getitem__(self, at: int) -> V:
        """The value of an argument."""
        ...

    def type(self, at: int) -> TensorType:
        """The type of an argument."""
        ...

    @property
    def whole(self) -> TensorType:
        """The type of its value."""
        ...

    @property
    def count(self) -> int:
        """How many arguments it has."""
        ...


def told(n: Local, kind: type[Told]) -> Told:
    """What the node is told."""
    return n.node.told(kind)


Factor = Callable[[Local], "V | float | None"]
Backward = Callable[[Local, V, int], "V | None"]
"""From a node and the cotangent of its value to that of an argument, which is never wider than the argument; None is zero. A
cotangent that lacks an axis or has a length of 1 where the value has more is the same at all its places."""
Forward = Callable[[Local, "Sequence[V | None]"], "V | None"]
"""From a node and the tangents of its arguments to that of its value; None is zero."""


@record
class Derivative(Immutable):
    """Of one operation, in both directions."""

    backward: Backward
    forward: Forward


def elementwise(*factors: Factor, singular: bool = False) -> Derivative:
    """Of a function of each place: the factors are its partial derivatives, one an argument. None is zero."""

    def scaled(n: Local, d: V, at: int) -> V | None:
        factor = factors[at](n)
        if factor is None:
            return None
        if not isinstance(factor, V):
            return d if factor == 1.0 else -d if factor == -1.0 else d * factor
        return d * where_seen(d, factor, singular=singular)

    def backward(n: Local, d: V, at: int) -> V | None:
        scaled_d = scaled(n, d, at)
        return None if scaled_d is None else back_to(scaled_d, n.type(at), n.whole)

    def forward(n: Local, tangents: Sequence[V | None]) -> V | None:
        parts = [scaled(n, t, at) for at, t in enumerate(tangents) if t is not None]
        return added([x for x in parts if x is not None])

    return Derivative(backward, forward)


def linear(backward: Backward) -> Derivative:
    """Of an operation that is linear in each of its arguments: forward it is applied to a tangent in the place of the argument."""

    def forward(n: Local, tangents: Sequence[V | None]) -> V | None:
        parts: list[V] = []
        for at, t in enumerate(tangents):
            if t is not None:
                args = [spread(t, n.type(at)) if i == at else n[i] for i in range(n.count)]
                parts.append(apply(n.node.op, *args, told=n.node.attrs))
        return added(parts)

    return Derivative(backward, forward)


def jointly(backward: Backward) -> Derivative:
    """Of an operation that is linear in all of its arguments at once: forward it is applied to their tangents."""

    def forward(n: Local, tangents: Sequence[V | None]) -> V | None:
        some = next((t for t in tangents if t is not None), None)
        if some is None:
            return None
        args = [zeros(some.w, n.type(at)) if t is None else spread(t, n.type(at)) for at, t in enumerate(tangents)]
        return apply(n.node.op, *args, told=n.node.attrs)

    return Derivative(backward, forward)


def zeros(w: Writer, t: TensorType) -> V:
    """Zeros of the type `t`."""
    return spread(V(w, w.literal(0.0, t.dtype)), t)


def added(parts: Sequence[V]) -> V | None:
    """The sum of `parts`; None if there are none."""
    return reduce(V.__add__, parts) if parts else None
