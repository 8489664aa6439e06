"""What an operation is told beyond its arguments: a small record for each kind of telling. A row of `rnndsl.language.ops` names
the one that its nodes have."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeVar

from rnndsl.records import Immutable, record

DType = Literal["f16", "bf16", "f32", "f64", "i32", "i64", "bool"]
Told = TypeVar("Told", bound="Attributes")
Number = int | float | bool
Value = Number | tuple["Value", ...]
"""A number, or numbers in nested tuples: a table by its first dim."""
Asked = Literal["output", "last", "final", "variable"]
"""What a result of a scan is: see `rnndsl.plan.graph.Scan`."""


class Attributes(Immutable):
    """The attributes of a node."""

    __slots__ = ()
    __field_defaults__: ClassVar[dict[str, Any]] = {}

    def told(self, kind: type[Told]) -> Told:
        """These attributes, which are of this `kind`. Raises TypeError if they are not."""
        if not isinstance(self, kind):
            raise TypeError(f"{self} is no {kind.__name__}")
        return self

    @property
    def about(self) -> tuple[str, ...]:
        """The leading axes that the operation works along: positions on other axes do not meet in it."""
        return ()

    def pairs(self) -> dict[str, Any]:
        """Values by name."""
        return {name: getattr(self, name) for name in self.__fields__}

    def said(self) -> dict[str, Any]:
        """Values by name, without those that are what they are unless said."""
        defaults = self.__field_defaults__
        return {name: value for name, value in self.pairs().items() if name not in defaults or value != defaults[name]}


@record
class Nothing(Attributes):
    """The arguments say all."""


NOTHING = Nothing()


def frozen(value: Any) -> Value:
    """A number, or nested lists of numbers, as a value."""
    return value if isinstance(value, int | float) else tuple(frozen(x) for x in value)


@record
class OfVariable(Attributes):
    """The path of a variable."""

    variable: str


@record
class Read(OfVariable):
    """Its value from before the call."""


@record
class Initial(OfVariable):
    """Its initial value."""


@record
class Carried(OfVariable):
    """What it has kept from the last call."""


@record
class OfCollection(Attributes):
    """The name of a collection, and the operation on each variable in it."""

    collection: str
    of: str


@record
class Constant(Attributes):
    """A value known at compile time."""

    value: Value


@record
class Size(Attributes):
    """The rows and columns of a square matrix."""

    n: int


@record
class ToDType(Attributes):
    """The dtype of the result."""

    dtype: DType


@record
class OneHot(Attributes):
    """The length of the vectors, and their dtype."""

    n: int
    dtype: DType


@record
class Dim(Attributes):
    """A trailing dim, counted from the end: -1 is the last."""

    dim: int


@record
class Along(Attributes):
    """A trailing dim, counted from the end, or a leading axis: one of them."""

    dim: int | None = None
    over: str | None = None

    @property
    def about(self) -> tuple[str, ...]:
        return () if self.over is None else (self.over,)


@record
class Dims(Attributes):
    """The trailing dims of the result."""

    dims: tuple[int, ...]


@record
class Shape(Dims):
    """And the leading axes that the result has beside the argument's own."""

    axes: tuple[str, ...] = ()


@record
class Scatter(Attributes):
    """The rows of the table, and its leading axes: all others are summed."""

    rows: int
    axes: tuple[str, ...]


@record
class Distinct(Attributes):
    """The leading axis of ids that each stand there once."""

    to: str

    @property
    def about(self) -> tuple[str, ...]:
        return (self.to,)


@record
class Shifted(Attributes):
    """By how many places along the last trailing dim."""

    shift: int


@record
class Over(Attributes):
    """A leading axis."""

    over: str

    @property
    def about(self) -> tuple[str, ...]:
        return (self.over,)


@record
class Steps(Over):
    """By how many steps along a leading axis."""

    steps: int


@record
class ValidSteps(Over):
    """The axis of a scan, and whether its `lengths` and its `mask`, in this order, are arguments."""

    lengths: bool
    mask: bool


@record
class Renamed(Attributes):
    """A leading axis, and what it is called in the result."""

    old: str
    new: str

    @property
    def about(self) -> tuple[str, ...]:
        return self.old, self.new


@record
class Draw(Attributes):
    """The stream of the draws, whether each step of a scan draws anew, and the leading axis for all of which there is one draw.
    `parted`: the last argument says how many rows of the outermost axis are drawn elsewhere, before these."""

    stream: int
    each_step: bool = True
    shared: str | None = None
    parted: bool = False

    @property
    def about(self) -> tuple[str, ...]:
        return () if self.shared is None else (self.shared,)


@record
class Reduction(Attributes):
    """The leading axes and the trailing dims, counted from the end, that are reduced."""

    axes: tuple[str, ...]
    dims: tuple[int, ...]

    @property
    def about(self) -> tuple[str, ...]:
        return self.axes


@record
class Slope(Attributes):
    """The factor of what is below zero."""

    alpha: float


@record
class Gelu(Attributes):
    """Whether tanh stands for the error function."""

    approximate: bool


@record
class Huber(Attributes):
    """Where the square ends and the straight line begins."""

    delta: float


@record
class Blank(Attributes):
    """The id of the blank label."""

    blank: int


@record
class Einsum(Attributes):
    """Einstein's notation: letters for trailing dims."""

    equation: str


@record
class Contraction(Einsum):
    """And the leading axes that are summed."""

    axes: tuple[str, ...]

    @property
    def about(self) -> tuple[str, ...]:
        return self.axes


@record
class Result(Attributes):
    """`at`: the position among the scan's outputs (of `output` and `last`), its states (`final`) or its variables (`variable`)."""

    of: Asked
    at: int
