"""What is noted while a model is elaborated: variables as declared, the step of a scan in the making and its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.environment import Defaults
from rnndsl.elaborate.state.values import InitializerValue, MappedCell, Tensor
from rnndsl.plan.attributes import Shape
from rnndsl.plan.model import DType, TensorType
from rnndsl.plan.tables import Bounds
from rnndsl.records import field, mutable
from rnndsl.text.source import Span


@mutable
class StateRecordInProgress:
    """A state of the scan in the making. `define` computes the new value, once all equations can be asked for.

    `steps[k]` is the value k steps back; `make_initial(k)` what it is before the start. `base` is what the delay is written of.
    """

    name: str
    base: str
    old: Tensor
    initial: Tensor
    define: Callable[[], Tensor]
    span: Span
    new: Tensor | None = None
    steps: dict[int, Tensor] = field(default_factory=dict[int, Tensor])
    make_initial: Callable[[int], Tensor] | None = None
    read: Callable[[Tensor], Tensor] | None = None
    """What products read of a past value, under `map_recurrent`."""
    of_loop: bool = False
    """Whether it is of a closed loop, not of a cell: nobody gives it or reads it by name."""


@mutable
class StepContext:
    """One step of a scan in the making: the body's graph, the enclosing one, and the states met so far by dotted name."""

    body: GraphBuilder
    outer: GraphBuilder
    axes: tuple[str, ...]
    initial: dict[str, Tensor]
    initial_spans: dict[str, Span]
    span: Span
    states: dict[str, StateRecordInProgress] = field(default_factory=dict[str, StateRecordInProgress])
    stepped: dict[int, Span] = field(default_factory=dict[int, Span])
    recurrent: list[MappedCell] = field(default_factory=list[MappedCell])
    """The `map_recurrent` around the cell that is being stepped, the outermost first."""
    read_as: dict[str, str] = field(default_factory=dict[str, str])
    """By the id of a past value, that of what products read for it."""
    valid: Callable[[], tuple[Tensor, ...]] = tuple
    """Which rows count at this step: see `rnndsl.elaborate.time.counting`."""
    given: dict[str, tuple[Tensor, Span]] = field(default_factory=dict[str, "tuple[Tensor, Span]"])
    """What a cell made of cells hands on to these, by the names of their `given` inputs, and where it is written."""
    handed: set[str] = field(default_factory=set[str])
    """The names in `given` that a cell has taken."""
    used_initials: set[str] = field(default_factory=set[str])
    ahead: dict[str, tuple[Tensor, Span]] = field(default_factory=dict[str, "tuple[Tensor, Span]"])
    """What states of cells that are not applied yet were one step back, by dotted name, and where that is read."""

    def old(self, type: TensorType, initial: Tensor) -> Tensor:
        """What a state was one step back: an input of the body; in a single `step` the initial value itself."""
        if self.body is not self.outer:
            return self.body.input(type)
        if initial.type.dims == type.dims:
            return initial
        return self.body.add("broadcast", [initial], self.span, Shape(type.dims))


@mutable
class VariableRecord:
    """A declared variable. `initializer` is the declaration's own; selectors and inheritance come at the end."""

    path: str
    kind: Literal["param", "var"]
    dtype: DType
    shape: tuple[int, ...]
    initializer: InitializerValue | None
    inherits: bool
    frozen: bool
    collections: tuple[str, ...]
    defaults: Defaults
    span: Span
    device: str | None = None
    owner: str = ""
    """The key of the layer that declares it."""
    bounds: Bounds | None = None
