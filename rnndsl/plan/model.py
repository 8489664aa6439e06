"""The plan: everything that the graph will hold, known before any tensor exists.

Two layers. Equations are data: a `Graph` of `Node`s in static single assignment, a `Scan` being a node with a graph of its own
for one step. These are slotted dataclasses, for speed. Around them stands a pydantic model, `Plan`: variables, inputs,
updates, losses, training, signatures, provenance.

Every value has a `TensorType`: dtype, *named leading axes* (lengths known at run time, in the plan's order of axes) and
*trailing dims* (integers). A tensor is laid out as its axes, then its dims. Values meet by axis name and by right-aligned
broadcasting of trailing dims; no node spells out the expansion.

Training and inference share one graph. `if_training(a, b)` is `a` in a training graph and `b` otherwise; `dropout` is its
argument outside training. A backend lowers on demand from the results that a signature needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rnndsl.records import Immutable, record

DType = Literal["f16", "bf16", "f32", "f64", "i32", "i64", "bool"]
Attr = Any
"""What an attribute of a node may hold: JSON, that is int, float, str, bool, None, and lists of them."""


@record
class TensorType(Immutable):
    dtype: DType
    axes: tuple[str, ...] = ()
    dims: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join((*self.axes, *map(str, self.dims)))}]"


@record
class Node(Immutable):
    """One operation. `id` is unique in the plan, bodies of scans included; `args` are ids defined before it in the same graph
    (its inputs, its earlier nodes). `op` is a name in `rnndsl.language.ops`. `place` is `file:line:col` of the equation."""

    id: str
    op: str
    args: tuple[str, ...]
    attrs: dict[str, Attr]
    type: TensorType
    place: str = ""


@record
class GraphInput(Immutable):
    """A value that a graph is given. At the top its `id` is the input's name; in the body of a scan it is generated."""

    id: str
    type: TensorType


@record
class ScanInput(Immutable):
    """`outer` (with the scan's axis) is read step by step as `inner` (without it). For `given`: the same at every step."""

    outer: str
    inner: str


@record
class ScanState(Immutable):
    """A carried value. `initial` is an id of the enclosing graph, broadcast to the type of `old`; `old` an input of the body;
    `new` an id of the body, broadcast too. Delays beyond one step are states of their own, named `h[t-2]`."""

    name: str
    initial: str
    old: str
    new: str


@record
class ScanVariable(Immutable):
    """A `var` that the body updates. In training it is carried from `initial` (an id of the enclosing graph), read by the body as
    `old`, written as `new`; the update of the variable is the scan's result `variable`. In inference `old` is the variable's
    value."""

    path: str
    initial: str
    old: str
    new: str


@record
class Scan(Immutable):
    """A recurrence over `axis`. Results are read by `Node(op="result", args=(scan.id,), attrs={"of": ..., "name": ...})`:

    - `output`: the body's outputs stacked along `axis` (`name`: an id in `outputs`), zero (or held) at masked steps;
    - `last`: the output of the last valid step (`name` likewise), zeros where no step is valid;
    - `final`: a state's final value (`name`: the state's name);
    - `variable`: a carried variable's final value (`name`: its path).

    `lengths` (i32 [axes]) and `mask` (bool [axes, axis]) are ids of the enclosing graph. `reverse` goes from the end, each sequence
    within its own length; outputs stay aligned in time with the inputs. `steps` is an int or an id (i32 []) for a scan
    without scanned inputs. `until` is the name of a bool state that ends a row. `hold`: masked outputs repeat the last valid one.
    `carry`: states start from the local variables `path/state` (see `Plan.variables`, kind `carried`) in training and prediction.
    """

    id: str
    path: str
    axis: str
    scanned: tuple[ScanInput, ...]
    given: tuple[ScanInput, ...]
    states: tuple[ScanState, ...]
    variables: tuple[ScanVariable, ...]
    outputs: tuple[str, ...]
    body: Graph
    lengths: str | None = None
    mask: str | None = None
    reverse: bool = False
    steps: int | str | None = None
    until: str | None = None
    hold: bool = False
    carry: bool = False
    place: str = ""

    def outer_ids(self) -> Iterator[str]:
        """The ids of the enclosing graph that this scan reads."""
        yield from (x.outer for x in (*self.scanned, *self.given))
        yield from (x.initial for x in (*self.states, *self.variables))
        yield from (x for x in (self.lengths, self.mask, self.steps) if isinstance(x, str))


@record
class Graph(Immutable):
    """Inputs and nodes in an order in which each is defined before it is used."""

    inputs: tuple[GraphInput, ...] = ()
    nodes: tuple[Node | Scan, ...] = ()


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Initializer(Model):
    """A ready recipe: a name of the language and numbers. `values` holds nested lists under `value`."""

    name: str
    arguments: dict[str, Attr] = {}


class Variable(Model):
    """A variable of the model. `shape` are its trailing dims; `axes` unknown leading ones (carried states only).

    kind: `param` and `var` as declared; `carried`: a state kept between calls; `counter`: the call counter of random draws;
    `optimizer`: an optimizer's own (`train/NAME/...`), made by the backend.
    `initializer_origin` says why this initializer: `declared`, `selector`, `inherited` or `default`, and where.
    `not_trainable` says why an optimizer leaves it alone; None if it is trainable.
    """

    path: str
    kind: Literal["param", "var", "carried", "counter", "optimizer"]
    dtype: DType
    shape: tuple[int, ...]
    axes: tuple[str, ...] = ()
    initializer: Initializer
    initializer_origin: str
    trainable: bool
    not_trainable: str | None = None
    collections: tuple[str, ...]
    device: str | None = None
    rate: float = 1.0
    place: str = ""


class PlanInput(Model):
    """`kind` is `input` or `target`; the graph's input of the same name has the type."""

    name: str
    kind: Literal["input", "target"]
    type: TensorType
    doc: str | None = None


class Named(Model):
    """A named value of the graph: an output, a metric, a residual, a loss (which has its collection)."""

    name: str
    value: str
    collection: str | None = None
    place: str = ""


class Update(Model):
    """`variable` gets the value `value` (an id of the top graph) in training, as an op named `name` in each of `collections`.
    In the order of the list; a later update of one variable reads what the earlier one wrote."""

    name: str
    variable: str
    value: str
    collections: tuple[str, ...]
    place: str = ""


OBJECTIVE = ("losses", "regularization_losses")
"""Collections whose losses a `train` without `on` minimises the sum of, and `gradients` differentiates."""


class Schedule(Model):
    """A learning-rate schedule: `cosine(rate, steps, alpha)`, `exponential_decay(rate, steps, decay, staircase)`,
    `piecewise(boundaries, values)`."""

    name: str
    arguments: dict[str, Attr]


class Optimizer(Model):
    """`arguments` are numbers and booleans. `rate` is a number, a schedule, or the name of a scalar input."""

    name: str
    rate: float | Schedule | str
    arguments: dict[str, Attr] = {}
    clip_norm: float | None = None
    clip_value: float | None = None
    average: float | None = None


class Train(Model):
    """One training signature: minimise the sum of `losses` over `variables`.

    `updates` are the names of the updates that run with a step; `order` says whether the optimizer's assignments come
    `after` them (which then read the values from before the step) or `before` (which then read what the optimizer wrote).
    """

    name: str
    optimizer: Optimizer
    losses: tuple[str, ...] = ()
    residuals: tuple[str, ...] = ()
    variables: tuple[str, ...]
    updates: tuple[str, ...] = ()
    order: Literal["after", "before"] = "after"
    place: str = ""


class Signature(Model):
    """A function of the artefact. `inputs` and `outputs` are the names in the artefact (no `/` or `.`); for the custom kind,
    `outputs` are names of the model's outputs. `absent` says why the model has no such signature."""

    name: str
    kind: Literal["predict", "evaluate", "train", "initialize", "reset", "reset_states", "stream", "custom", "apply", "gradients"]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    absent: str | None = None


class Plan(Model):
    """A model, ready to be lowered.

    `axes` gives the order of leading axes. `collections` lists every collection in order, predeclared ones included, with the
    paths of variables (in plan order) or the names of updates and losses that are in it.
    """

    format_version: Literal[1] = 1
    name: str
    dtype: DType
    seed: int
    parameters: dict[str, Attr] = {}
    axes: tuple[str, ...] = ("batch", "time")
    inputs: tuple[PlanInput, ...] = ()
    variables: tuple[Variable, ...] = ()
    graph: Graph = field(default_factory=Graph)
    outputs: tuple[Named, ...] = ()
    losses: tuple[Named, ...] = ()
    metrics: tuple[Named, ...] = ()
    residuals: tuple[Named, ...] = ()
    updates: tuple[Update, ...] = ()
    trains: tuple[Train, ...] = ()
    collections: dict[str, tuple[str, ...]] = {}
    signatures: tuple[Signature, ...] = ()

    def variable(self, path: str) -> Variable:
        """The variable at `path`. Raises KeyError."""
        for variable in self.variables:
            if variable.path == path:
                return variable
        raise KeyError(path)

    def signature(self, name: str) -> Signature:
        """The signature `name`. Raises KeyError."""
        for signature in self.signatures:
            if signature.name == name:
                return signature
        raise KeyError(name)


def all_nodes(graph: Graph) -> Iterator[Node | Scan]:
    """Every node of `graph` and of the bodies of its scans, outer ones first."""
    for node in graph.nodes:
        yield node
        if isinstance(node, Scan):
            yield from all_nodes(node.body)
