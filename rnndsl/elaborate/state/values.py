"""What an expression of the language can be worth while a model is elaborated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from rnndsl.language.ops.op import Op
from rnndsl.plan.model import DType, TensorType
from rnndsl.records import Immutable, field, mutable, record
from rnndsl.syntax import tree
from rnndsl.text.source import Span

if TYPE_CHECKING:
    from rnndsl.elaborate.state.environment import Binding, Defaults, Env
    from rnndsl.names.modules import Scope

Scalar = int | float | bool | str
Named = Mapping[str, "Value"]
"""Named outputs, of families by the members' names, `cell_0`."""
NONE: Named = MappingProxyType({})
LENGTH = "output.length"
"""The state of a closed loop that counts the steps of each row. No name of a spec starts with `output`."""


@record
class Tensor(Immutable):
    """A value known at run time: a node (or input) of the graph that is being built. `named` are the named outputs of the
    application that it is the output of."""

    id: str
    type: TensorType
    named: Named = NONE


@record
class DTypeValue(Immutable):
    name: DType


@record
class AxisValue(Immutable):
    name: str


@record
class TrainingFlag(Immutable):
    """`training`, or `not training`: known when a graph is lowered."""

    negated: bool = False


@record
class Builtin(Immutable):
    """A function of the language by its operation."""

    op: Op


@record
class Special(Immutable):
    """A function with rules of its own: `scan`, `split`, `l2`, ... `name` finds the rule."""

    name: str


@record
class UserFunction(Immutable):
    """A `fn` and where it was defined: `scope` has its parameters, `env` gives its free names."""

    definition: tree.FunctionDef
    scope: Scope
    env: Env


@record
class InitializerName(Immutable):
    """An initializer of the language, not called yet."""

    name: str


@record
class InitializerValue(Immutable):
    """An initializer: an expression that is evaluated for each variable, with `fan_in` and `fan_out` known.

    `origin` says in words why a variable has it.
    """

    expr: tree.Expr
    env: Env
    origin: str = "declared"


@record
class Recipe(Immutable):
    """An initializer's outcome for one variable: a name of `rnndsl.language.initializers.PARAMETERS` and its arguments."""

    name: str
    arguments: Mapping[str, object]


@record
class OptimizerName(Immutable):
    name: str


@record
class DefinitionValue(Immutable):
    """A `block`, `cell` or `model` by name, without arguments. `body`: the scope of its body."""

    definition: tree.Definition
    body: Scope


@record
class Constructor(Immutable):
    """A definition with its constructor arguments bound. It owns nothing until a layer names it."""

    definition: tree.Definition
    body: Scope
    env: Env
    """The constructor's parameters."""
    span: Span

    @property
    def kind(self) -> str:
        return self.definition.kind


@mutable
class Instance:
    """A layer: a constructor under a path. Dims are bound at the first application."""

    path: str
    constructor: Constructor
    defaults: Defaults
    span: Span
    key: str = ""
    """What tells it from every other layer: its path, unless that is its owner's."""
    dims: dict[str, int] = field(default_factory=dict[str, int])
    first: Span | None = None
    frame: Env | None = None
    """The names of the latest application, for `layer.name`."""
    registered: tuple[str, ...] = ()
    """The dotted names of the states of its latest step, those of inner cells included."""

    @property
    def kind(self) -> str:
        return self.constructor.kind


@record
class MappedCell(Immutable):
    """`map_state(cell, f)`: a cell whose every new state is `f(new, old)`; if `recurrent`, `map_recurrent(cell, f)`: one whose
    products read `f(past)` of its states."""

    cell: Constructor | Instance | MappedCell
    function: Value
    span: Span
    skip: tuple[str, ...] = ()
    """Names of states that stay as they are."""
    recurrent: bool = False

    @property
    def kind(self) -> str:
        return "cell"


@record
class NoValue(Immutable):
    """`none`: the value of an optional constructor parameter that was left out."""


@record
class StateRef(Immutable):
    """A state, or an input with an initial, of the cell that is being stepped. `name` is dotted, from the scanned cell."""

    name: str


@record
class VariableRef(Immutable):
    path: str


@record
class ScopeValue(Immutable):
    """A scope, or a family member of one: its names are its attributes."""

    env: Env


@record
class StateRecord(Immutable):
    """The states of a scan by dotted name: `run.final`, `run.states`. `prefix` narrows it: `run.final.lstm`."""

    states: Mapping[str, Tensor]
    prefix: str = ""


@record
class ScanResult(Immutable):
    """`run`: outputs, `last`, `final`, and states over time; of a named output of a cell, `run.weights`, without states. `of_loop`:
    what the states of a closed loop end with."""

    output: Tensor
    last: Tensor | None
    final: StateRecord | None
    named: Named = NONE
    of_loop: Mapping[str, Tensor] = MappingProxyType({})
    states: StateRecord | None = None

    @property
    def lengths(self) -> Tensor | None:
        """How many steps each row took until its `end`."""
        return self.of_loop.get(LENGTH)


@record
class BidirectionalResult(Immutable):
    output: Tensor | None
    last: Tensor | None
    forward: ScanResult
    backward: ScanResult


@record
class RecordValue(Immutable):
    """`(h = a, lstm.c = b)`, evaluated."""

    fields: Mapping[str, Value]
    spans: Mapping[str, Span]


@record
class CollectionValue(Immutable):
    names: tuple[str, ...]


@record
class Family(Immutable):
    """The members of an indexed name, `cell[k]`: the first of `among` that has the member is meant."""

    name: str
    among: tuple[Mapping[str, Binding], ...]


Value = (
    Scalar
    | Tensor
    | DTypeValue
    | AxisValue
    | TrainingFlag
    | Builtin
    | Special
    | UserFunction
    | InitializerName
    | InitializerValue
    | Recipe
    | OptimizerName
    | DefinitionValue
    | Constructor
    | Instance
    | MappedCell
    | NoValue
    | StateRef
    | VariableRef
    | ScopeValue
    | StateRecord
    | ScanResult
    | BidirectionalResult
    | RecordValue
    | CollectionValue
    | Family
    | Sequence["Value"]
)
