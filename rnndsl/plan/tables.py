"""What a plan says beside its equations: variables, inputs, named values, updates, training, signatures."""

from __future__ import annotations

from typing import Any, Literal

from rnndsl.plan.graph import DType, Graph, TensorType
from rnndsl.plan.layouts import Layout
from rnndsl.records import Immutable, field, record
from rnndsl.text.source import Span

Json = Any
"""What JSON can say: int, float, str, bool, None, lists of them."""


@record
class Initializer(Immutable):
    """A ready recipe: a name of the language and numbers. `values` holds nested lists under `value`; `loaded` names the `file` that
    has the values."""

    name: str
    arguments: dict[str, Json] = field(default_factory=dict[str, Json])


Bounds = tuple[float | None, float | None]


@record
class Variable(Immutable):
    """A variable of the model. `shape` are its trailing dims; `axes` unknown leading ones (carried states only).

    kind: `param` and `var` as declared; `carried`: a state kept between calls; `counter`: the call counter of random draws;
    `optimizer`: an optimizer's own (`train/NAME/...`).
    `initializer_origin` says why this initializer: `declared`, `selector`, `inherited` or `default`, and where.
    `not_trainable` says why an optimizer leaves it alone; None if it is trainable.
    `like` is the path of the variable whose initial value it starts with, if it has none of its own.
    `bounds`: the least and the largest number that an optimizer makes of it, each if there is one.
    """

    path: str
    kind: Literal["param", "var", "carried", "counter", "optimizer"]
    dtype: DType
    shape: tuple[int, ...]
    initializer: Initializer
    initializer_origin: str
    trainable: bool
    collections: tuple[str, ...]
    axes: tuple[str, ...] = ()
    not_trainable: str | None = None
    device: str | None = None
    rate: float = 1.0
    like: str | None = None
    bounds: Bounds | None = None
    place: str = ""

    @property
    def type(self) -> TensorType:
        """Of its value."""
        return TensorType(self.dtype, self.axes, self.shape)


@record
class PlanInput(Immutable):
    """An input of the model or of one of its functions; the graph's input of the same name has the type.

    `state`, in `stream` alone: of which scan's state it is the value, `enc/lstm/h`; `initial` is where that starts, or None for
    an expression over the model's params.
    """

    name: str
    kind: Literal["input", "target", "state", "cotangent", "replicas"]
    type: TensorType
    doc: str | None = None
    state: str | None = None
    initial: Json = None


@record
class Named(Immutable):
    """A named value of the graph: an output, a metric, a residual, a loss (which has its collection)."""

    name: str
    value: str
    collection: str | None = None
    place: str = ""


@record
class Update(Immutable):
    """`variable` gets the value `value` (an id of the top graph) in training, as an op named `name` in each of `collections`.
    In the order of the list; a later update of one variable reads what the earlier one wrote."""

    name: str
    variable: str
    value: str
    collections: tuple[str, ...]
    place: str = ""


OBJECTIVE = ("losses", "regularization_losses")
"""Collections whose losses a `train` without `on` minimises the sum of, and `gradients` differentiates."""


@record
class Slot(Immutable):
    """What an optimizer keeps beside a variable, and the id of what it is after a step. It starts by `initializer`, or as the
    variable does if that is None."""

    name: str
    type: TensorType
    initializer: Initializer | None
    value: str


INPUT = "input/"
"""Before the name of an input of the model, among the inputs of a rule."""


@record
class Rule(Immutable):
    """An optimizer's equations for `variables`, all of one type: `value` is the id of what the variable is after a step.

    The inputs of `graph` are `value`, `gradient` and `step`, each slot by its name, and `input/NAME`, inputs of the model.
    """

    variables: tuple[str, ...]
    graph: Graph
    value: str
    slots: tuple[Slot, ...] = ()


@record
class LeastSquares(Immutable):
    """The method of Levenberg and Marquardt, for residuals.

    A step solves (A + damping D) step = -g, A being J'J and g J'r. `scaled`: D is the diagonal of A, or half of what it was if that
    is more; else the identity. The damping stays within `lowest` and `highest`; `increase` and `decrease` are the factors by which
    it moves, by Nielsen's rule or the `plain` one. At most `attempts` are made in a call, each at a step no longer than `reach`
    times the variables. A `robust` cost counts residuals beyond `delta` for less than their squares. `solver` takes J'J or a QR
    decomposition of J; `forward`: J is made of columns, else of rows; `auto`: as their numbers say. `apart`: rows
    of the batch do not meet between variables and residuals. `chunk`: of so many rows of the batch there is a Jacobian at a
    time; none: of all. `dtype`: of the equations.
    """

    damping: float
    increase: float
    decrease: float
    lowest: float
    highest: float
    attempts: int
    rule: Literal["nielsen", "plain"]
    scaled: bool
    reach: float
    tolerance: float
    robust: Literal["none", "huber", "cauchy"]
    delta: float
    solver: Literal["cholesky", "qr"]
    forward: bool
    auto: bool
    apart: bool
    chunk: int | None
    dtype: DType


DAMPING, GROWTH, SCALE = "damping", "growth", "scale"
"""What the method keeps for the next call, under `train/NAME`: the damping, by Nielsen's rule the factor by which it grows next,
and the diagonal of D."""


@record
class Optimizer(Immutable):
    """`arguments` are those of its definition: numbers, booleans and strings, and of what is none of these the text. `clip_norm`
    bounds the global norm of the gradients (Pascanu et al. 2013), `clip_value` each component; `average` is the decay of moving
    averages of the weights. Each variable is in one of the `rules`, or all are stepped together by `least_squares`."""

    name: str
    arguments: dict[str, Json] = field(default_factory=dict[str, Json])
    rules: tuple[Rule, ...] = ()
    clip_norm: float | None = None
    clip_value: float | None = None
    average: float | None = None
    least_squares: LeastSquares | None = None


@record
class Train(Immutable):
    """One training signature: minimise the sum of `losses`, or the sum of squares of `residuals`, over `variables`.

    `updates` are the names of the updates that run with a step; `order` says whether the optimizer's assignments come
    `after` them (which then read the values from before the step) or `before` (which then read what the optimizer wrote).
    """

    name: str
    optimizer: Optimizer
    variables: tuple[str, ...]
    losses: tuple[str, ...] = ()
    residuals: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    order: Literal["after", "before"] = "after"
    place: str = ""


@record
class Signature(Immutable):
    """A function that the text asks for by name: `outputs` are names of the model's outputs."""

    name: str
    outputs: tuple[str, ...] = ()


@record
class Load(Immutable):
    """Variables whose initial values are tensors of the file `source`, a path as it is written at `source_span`.

    `keys` is each variable's path with the name of its tensor, counted from `at` if that is given; a `layout` has equations for
    them instead. `optional`: a variable whose tensor the file lacks is initialised as any other.
    """

    source: str
    source_span: Span
    at: str | None
    keys: tuple[tuple[str, str], ...]
    optional: bool
    span: Span
    layout: Layout | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The variables that it gives their values."""
        return self.layout.paths if self.layout is not None else tuple(path for path, _ in self.keys)


@record
class Receipt(Immutable):
    """Where the value of a variable comes from: `file`, as the manifest lists it, and the tensors there by `keys`; `origin` is
    that in words. `equation`: of the layout that was solved for it, if it is not the tensor itself. `sha256` is of the value's
    bytes, in C order and little-endian, in hexadecimal."""

    file: str
    keys: tuple[str, ...]
    origin: str
    sha256: str
    equation: str | None = None
