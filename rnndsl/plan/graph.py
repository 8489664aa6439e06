"""Equations as data: a `Graph` of `Node`s in static single assignment, a `Scan` being a node with a graph of its own for one step.

Every value has a `TensorType`: dtype, *named leading axes* (lengths known at run time, in the plan's order of axes) and
*trailing dims* (integers). A tensor is laid out as its axes, then its dims. Values meet by axis name and by right-aligned
broadcasting of trailing dims; no node spells out the expansion. These are slotted records, for speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rnndsl.plan.attributes import Attributes, DType, Result, Told
from rnndsl.records import Immutable, record


@record
class TensorType(Immutable):
    dtype: DType
    axes: tuple[str, ...] = ()
    dims: tuple[int, ...] = ()

    def with_axes(self, axes: Iterable[str], order: Iterable[str]) -> TensorType:
        """This type with more leading axes, all in the plan's `order`."""
        present = {*self.axes, *axes}
        return TensorType(self.dtype, tuple(axis for axis in order if axis in present), self.dims)

    def without(self, axis: str) -> TensorType:
        """This type without one of its leading axes."""
        return TensorType(self.dtype, tuple(a for a in self.axes if a != axis), self.dims)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join((*self.axes, *map(str, self.dims)))}]"


@record
class Node(Immutable):
    """One operation. `id` is unique in the plan, bodies of scans included; `args` are ids defined before it in the same graph
    (its inputs, its earlier nodes). `op` is a name in `rnndsl.language.ops`. `place` is `file:line:col` of the equation."""

    id: str
    op: str
    args: tuple[str, ...]
    attrs: Attributes
    type: TensorType
    place: str = ""

    def told(self, kind: type[Told]) -> Told:
        """What the operation is told beyond its arguments, which is of this `kind`."""
        return self.attrs.told(kind)


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
    `old`, written as `new`; the update of the variable is the scan's result `variable`. In functions outside training there are
    none: `old` is given the variable's value."""

    path: str
    initial: str
    old: str
    new: str


@record
class Scan(Immutable):
    """A recurrence over `axis`. Results are read by `Node("result", (scan.id,), Result(of, at), ...)`, `at` being a position:

    - `output`: one of the body's `outputs`, stacked along `axis`, zero (or held) at masked steps;
    - `last`: the output of the last valid step, zeros where no step is valid;
    - `final`: the final value of one of `states`;
    - `variable`: the final value of one of `variables`; a step at which no row is valid leaves it.

    `lengths` (i32 [axes]) and `mask` (bool [axes, axis]) are ids of the enclosing graph. `reverse` goes from the end, each sequence
    within its own length; outputs stay aligned in time with the inputs. `steps` is an int or an id (i32 []) for a scan
    without scanned inputs. `until` is the name of a bool state that ends a row. `hold`: masked outputs repeat the last valid one.
    `same_draws`: what is drawn in the body is the same at every step, as in attempts at one thing. `first`: an id (i32 []), the
    number that draws take the first step for.
    `recompute`: a derivative keeps few of the states and runs the steps between them again; the scan is in no other, and how many
    steps it has follows from shapes. `again`: so of a scan over segments of those steps: a derivative runs its body again, and
    nothing that differs from step to step is moved out of it, so that its work takes the memory of one step.
    `carry`: states are kept between calls, in the local variables `path/state` (kind `carried`). In a `Function` no scan carries:
    there the initial value is a node `carried`, and what is kept is a step of the function.
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
    same_draws: bool = False
    first: str | None = None
    recompute: bool = False
    again: bool = False
    place: str = ""

    def source(self, result: Result) -> str:
        """The id of the body that a result is of: an output, or a state or variable as it is before a step. Raises IndexError."""
        match result.of:
            case "output" | "last":
                return self.outputs[result.at]
            case "final":
                return self.states[result.at].old
            case "variable":
                return self.variables[result.at].old

    def outer_ids(self) -> Iterator[str]:
        """The ids of the enclosing graph that this scan reads."""
        yield from (x.outer for x in (*self.scanned, *self.given))
        yield from (x.initial for x in (*self.states, *self.variables))
        yield from (x for x in (self.lengths, self.mask, self.steps, self.first) if isinstance(x, str))


@record
class Graph(Immutable):
    """Inputs and nodes in an order in which each is defined before it is used."""

    inputs: tuple[GraphInput, ...] = ()
    nodes: tuple[Node | Scan, ...] = ()


def all_nodes(graph: Graph) -> Iterator[Node | Scan]:
    """Every node of `graph` and of the bodies of its scans, outer ones first."""
    for node in graph.nodes:
        yield node
        if isinstance(node, Scan):
            yield from all_nodes(node.body)
