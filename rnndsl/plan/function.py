"""A function of the artefact: what a call takes, computes, gives and assigns, before any tensor exists.

The mode is settled here. In the graph of a function nothing asks whether it is training, every node is needed, and a `read` is of
the value from before the call. What a call changes is a list of steps in the order in which they are taken; `after` are the
names of the steps that must have been taken before: control dependencies, where a backend has no order of its own.

Two operations belong to functions alone, each with the attribute `variable`, a path:

- `initial`: the variable's initial value;
- `carried` of %x: a state kept from the last call, or %x, its declared start, if there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from rnndsl.plan.graph import Graph
from rnndsl.plan.replicas import REPLICAS, is_replicated
from rnndsl.plan.tables import PlanInput
from rnndsl.records import Immutable, record

Kind = Literal[
    "predict", "evaluate", "train", "initialize", "reset", "reset_states", "stream", "custom", "apply", "gradients", "pullback"
]

OUTSIDE_TRAINING: tuple[Kind, ...] = ("predict", "evaluate", "custom", "apply")
"""Functions of the model's values that a caller may differentiate."""
STEP = "step"
"""The argument of the pure functions that stands for the call counter."""


def artefact_name(name: str) -> str:
    """A name as TensorFlow's signatures can hold it: `/` and `.` become `_`."""
    return re.sub(r"[/.]", "_", name)


def cotangent_of(name: str) -> str:
    """What the input of a pullback is called that gives the cotangent of the result `name`."""
    return f"cotangent/{name}"


@record
class Output(Immutable):
    """`name` among the results, %value, and the name of the operation in the graph (none if empty). `group`: results of the pure
    function `gradients` come as dicts `gradients` and `updates`, those of a pullback as `inputs` and `variables`."""

    name: str
    value: str
    operation: str = ""
    group: Literal["", "gradients", "updates", "inputs", "variables"] = ""


@record
class Assign(Immutable):
    """The variable takes %value. The name is that of the operation. `rows`: the ids of the rows that %value is; all others stay as
    they are."""

    name: str
    variable: str
    value: str
    after: tuple[str, ...] = ()
    place: str = ""
    rows: str | None = None


@record
class Clear(Immutable):
    """The carried state `variable` is empty from now on."""

    name: str
    variable: str
    after: tuple[str, ...] = ()


Step = Assign | Clear


@record
class Function(Immutable):
    """`inputs` are what a call takes, in the order of the model's; the graph has the same ones. `axes`: the plan's order of axes,
    and what else the graph calls an axis where a scan sees the whole of its own.

    `draws`: where the number comes from that tells one call's random draws from another's: the path of the call counter, or
    `step`, an argument of the pure functions; None where nothing is drawn. `forward`: the names of the functions that a pullback
    goes with.
    """

    name: str
    kind: Kind
    axes: tuple[str, ...]
    inputs: tuple[PlanInput, ...] = ()
    graph: Graph = Graph()
    outputs: tuple[Output, ...] = ()
    steps: tuple[Step, ...] = ()
    draws: str | None = None
    forward: tuple[str, ...] = ()

    @property
    def pure(self) -> bool:
        """Whether it is a function of (variables, data), and so has no steps."""
        return self.kind in ("apply", "gradients", "pullback")

    @property
    def train(self) -> str:
        """The name of the `train` that it is a step of: with replicas it has another one."""
        return self.name.removesuffix(f"/{REPLICAS}")

    @property
    def replicated(self) -> bool:
        """Whether several replicas call it together."""
        return is_replicated(self.name)

    def ends(self) -> Iterator[str]:
        """The ids of the graph that results and steps read."""
        yield from (x.value for x in self.outputs)
        for step in self.steps:
            if isinstance(step, Assign):
                yield step.value
                yield from () if step.rows is None else (step.rows,)
