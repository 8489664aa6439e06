"""The plan: everything that an artefact will do, known before any tensor exists.

Equations stand in `plan.graph`, the tables around them in `plan.tables`, functions in `plan.function`; `Plan` holds them all.
"""

from __future__ import annotations

from rnndsl.plan.function import Assign, Clear, Function, Kind, Output, Step
from rnndsl.plan.graph import (
    DType,
    Graph,
    GraphInput,
    Node,
    Scan,
    ScanInput,
    ScanState,
    ScanVariable,
    TensorType,
    all_nodes,
)
from rnndsl.plan.tables import (
    OBJECTIVE,
    Initializer,
    Json,
    LeastSquares,
    Load,
    Named,
    Optimizer,
    PlanInput,
    Receipt,
    Rule,
    Signature,
    Slot,
    Train,
    Update,
    Variable,
)
from rnndsl.records import Immutable, field, record

__all__ = [
    "OBJECTIVE",
    "Assign",
    "Clear",
    "DType",
    "Function",
    "Graph",
    "GraphInput",
    "Initializer",
    "Json",
    "Kind",
    "LeastSquares",
    "Load",
    "Named",
    "Node",
    "Optimizer",
    "Output",
    "Plan",
    "PlanInput",
    "Receipt",
    "Rule",
    "Scan",
    "ScanInput",
    "ScanState",
    "ScanVariable",
    "Signature",
    "Slot",
    "Step",
    "TensorType",
    "Train",
    "Update",
    "Variable",
    "all_nodes",
]


@record
class Plan(Immutable):
    """A model. `graph` and the tables are what the text says, for training and inference at once: `if_training(a, b)` is `a` in
    training and `b` otherwise, `dropout` is its argument outside training. `functions` are derived from them
    (`rnndsl.derive.functions`): what an artefact does, one graph each. `absent` says why the model lacks a function.
    `pullbacks` are of those functions that have one (`rnndsl.derive.pullback`).

    `axes` gives the order of leading axes. `names`: what the text calls values, by id. `collections` lists every collection in
    order, predeclared ones included, with the paths of variables (in plan order) or the names of updates and losses that are in it.
    """

    name: str
    dtype: DType
    seed: int
    parameters: dict[str, Json] = field(default_factory=dict[str, Json])
    axes: tuple[str, ...] = ("batch", "time")
    inputs: tuple[PlanInput, ...] = ()
    variables: tuple[Variable, ...] = ()
    graph: Graph = Graph()
    outputs: tuple[Named, ...] = ()
    losses: tuple[Named, ...] = ()
    metrics: tuple[Named, ...] = ()
    residuals: tuple[Named, ...] = ()
    updates: tuple[Update, ...] = ()
    trains: tuple[Train, ...] = ()
    collections: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    signatures: tuple[Signature, ...] = ()
    loads: tuple[Load, ...] = ()
    functions: tuple[Function, ...] = ()
    pullbacks: tuple[Function, ...] = ()
    absent: dict[str, str] = field(default_factory=dict[str, str])
    names: dict[str, str] = field(default_factory=dict[str, str])

    def variable(self, path: str) -> Variable:
        """The variable at `path`. Raises KeyError."""
        for variable in self.variables:
            if variable.path == path:
                return variable
        raise KeyError(path)

    def function(self, name: str) -> Function:
        """The function `name`. Raises KeyError."""
        for function in self.functions:
            if function.name == name:
                return function
        raise KeyError(name)
