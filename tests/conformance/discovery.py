"""Every cell of the standard library, found in its text, with a constructor call and inputs chosen by the types of parameters.

A new cell of a std module is in the suite as soon as it is written. `SPECIAL` is for what no type tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rnndsl.language.ops.table import functions
from rnndsl.names.reading import STD
from rnndsl.syntax import parse, tree
from rnndsl.syntax.walk import walk
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile

ARGUMENTS = {
    "int": "3", "float": "0.5", "bool": "true", "fn": "tanh", "dtype": "f64", "initializer": "glorot_uniform", "block": "Dense(3)",
    "cell": "GRU(3)", "axis": "src", "[cell]": "[RNN(3), LSTM(3)]", "[int]": "[3, 3]", "[float]": "[0.5, 0.5]",
}  # fmt: skip
"""What a required parameter of each type gets. A string says nothing by its type: it needs a line in SPECIAL."""


@dataclass(frozen=True)
class Special:
    """What a cell's text does not tell. `arguments` by parameter; `inputs` are types by input; `ranges` of its variables, by the
    last segment of their paths, and of its inputs, where a normal distribution makes no sense. `no_gradient` and
    `not_the_derivative`: variables by the last segment, with the reason why the loss does not depend on them, or why the gradient
    is not the derivative. `not_in_loss`: states, with the reason why the loss leaves them out."""

    arguments: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    no_gradient: dict[str, str] = field(default_factory=dict)
    not_the_derivative: dict[str, str] = field(default_factory=dict)
    not_in_loss: dict[str, str] = field(default_factory=dict)


_WHOLE_PERIODS = "as in TensorFlow 1, the count of whole periods is a constant"
SPECIAL: dict[str, Special] = {
    "std.core.DropoutCell": Special({"input": "0.3", "output": "0.2", "state": "0.1"}),
    "std.cells.Clockwork": Special({"units": "4", "periods": "[1, 2]"}),
    "std.cells.ConvLSTM2D": Special({"filters": "2", "kernel": "[3, 2]"}),
    "std.cells.ConvLSTM3D": Special({"filters": "2", "kernel": "[2, 1, 3]"}),
    "std.cells.PhasedLSTM": Special(ranges={"period": (2, 5), "shift": (0, 3), "open": (0.3, 0.8)}),
    "std.continuous.GRUD": Special(ranges={"elapsed": (0.1, 2)}),
    "std.continuous.CfC": Special({"backbone": "[3]"}, ranges={"elapsed": (0.1, 2)}),
    "std.continuous.LTC": Special({"unfolds": "2"}, ranges={"elapsed": (0.1, 2)}),
    "std.linear_rnn.Retention": Special({"units": "4", "heads": "2"}),
    "std.linear_rnn.RWKVTimeMix": Special(not_in_loss={"p": "it starts so low that its square leaves differences no digits"}),
    "std.memory.NTM": Special({"units": "3", "slots": "4", "width": "2"}),
    "std.memory.DNC": Special({"units": "3", "slots": "3", "width": "2"}),
    "std.regularised.BatchNormLSTM": Special({"units": "2", "longest": "3"}),
    "std.ssm.Mamba": Special({"order": "3", "width": "3"}),
    "std.ssm.S4D": Special({"order": "4"}),
    "std.ssm.S5": Special({"order": "4"}),
    "std.ssm.SelectiveSSM": Special({"order": "3"}),
    "std.tf1.DropoutWrapper": Special({"input_keep_prob": "0.7", "output_keep_prob": "0.8", "state_keep_prob": "0.9"}),
    "std.tf1.DeviceWrapper": Special({"device": '"/cpu:0"'}),
    "std.tf1.EmbeddingWrapper": Special(inputs={"ids": "i32[]"}),
    "std.tf1.AttentionCellWrapper": Special({"cell": "GRUCell(3)"}),
    "std.tf1.PhasedLSTMCell": Special(
        ranges={"period": (2, 5), "phase": (0, 3), "ratio_on": (0.3, 0.8)}, not_the_derivative={"period": _WHOLE_PERIODS}
    ),
    "std.tf1.NTMCell": Special(
        {
            "controller": "BasicRNNCell(3)",
            "memory_size": "3",
            "memory_vector_dim": "2",
            "read_head_num": "1",
            "write_head_num": "1",
        },
        ranges={"memory": (0.3, 1)},  # the angle of a row of almost nothing turns within the reach of differences
    ),
    "std.tf1.FusedRNNCellAdaptor": Special({"cell": "GRUCell(3)"}),
    "std.tf1.ConvLSTMCell": Special({"conv_ndims": "1", "input_shape": "[3]", "kernel_shape": "[2]"}, {"x": "f64[3, 2]"}),
    "std.tf1.Conv1DLSTMCell": Special({"input_shape": "[3]", "kernel_shape": "[3]"}, {"x": "f64[3, 2]"}),
    "std.tf1.Conv2DLSTMCell": Special({"input_shape": "[3, 2]", "kernel_shape": "[3, 2]"}, {"x": "f64[3, 2, 1]"}),
    "std.tf1.Conv3DLSTMCell": Special({"input_shape": "[2, 3, 2]", "kernel_shape": "[1, 3, 2]"}, {"x": "f64[2, 3, 2, 1]"}),
}


@dataclass(frozen=True)
class CellInput:
    """`kind` is input or given. `type` as a model writes it, less the leading axes of the batch: `f64[src, 3]`."""

    name: str
    kind: str
    dtype: str
    dims: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A cell as the suite builds it. `changed`: boolean parameters that have the opposite of their default."""

    module: str
    name: str
    definition: tree.Definition
    special: Special
    changed: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return ".".join((self.module, self.name, *(f"not-{name}" for name in self.changed)))

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of the constructor, as text."""
        chosen: dict[str, str] = {}
        for param in self.definition.params:
            kind = f"[{param.type.name}]" if param.is_list else param.type.name
            if param.name in self.changed:
                chosen[param.name] = "false" if _flag(param) else "true"
            elif param.name in self.special.arguments:
                chosen[param.name] = self.special.arguments[param.name]
            elif param.default is None:
                chosen[param.name] = ARGUMENTS[kind]
        return chosen

    @property
    def constructor(self) -> str:
        return f"{self.name}({', '.join(f'{name} = {value}' for name, value in self.arguments.items())})"

    @property
    def imported(self) -> list[str]:
        """The cells of its module that the constructor names."""
        known = {d.name.name for d in definitions(STD / f"{self.module.removeprefix('std.')}.rnn")}
        return sorted({word for word in re.findall(r"[A-Z]\w*", self.constructor) if word in known})

    def inputs(self, free: int) -> list[CellInput]:
        """The inputs, dims that nothing binds being `free`. Raises KeyError for what only SPECIAL can tell."""
        return [self._input(x, free) for x in _inputs(self.definition.body, self._flags())]

    def _flags(self) -> dict[str, bool]:
        flags = {p.name: _flag(p) for p in self.definition.params if p.type.name == "bool"}
        return flags | {name: value == "true" for name, value in self.arguments.items() if value in ("true", "false")}

    def _input(self, x: tree.Input, free: int) -> CellInput:
        if x.name.name in self.special.inputs:
            dtype, _, dims = self.special.inputs[x.name.name].removesuffix("]").partition("[")
            return CellInput(x.name.name, x.kind, dtype, tuple(d.strip() for d in dims.split(",") if d.strip()))
        if x.type is None:
            return CellInput(x.name.name, x.kind, "f64", (str(free),))
        dims = [str(free) if isinstance(d, tree.Rest) else self._dim(d, free) for d in x.type.dims]
        return CellInput(x.name.name, x.kind, x.type.dtype.name if x.type.dtype else "f64", tuple(dims))

    def _dim(self, dim: tree.Expr, free: int) -> str:
        if isinstance(dim, tree.Number):
            return str(dim.value)
        params = {p.name: p for p in self.definition.params}
        if not isinstance(dim, tree.Name) or dim.name not in params:
            return str(free)
        return self.arguments.get(dim.name) or params[dim.name].default.span.text


def _flag(param: tree.ConstructorParam) -> bool:
    return isinstance(param.default, tree.Boolean) and param.default.value


def _inputs(body: tuple[tree.Statement, ...], flags: dict[str, bool]) -> Iterator[tree.Input]:
    """Inputs and given values; those under an `if` on a boolean parameter as that says."""
    for statement in body:
        if isinstance(statement, tree.Input):
            yield statement
        elif isinstance(statement, tree.If) and isinstance(statement.condition, tree.Name) and statement.condition.name in flags:
            yield from _inputs(statement.yes if flags[statement.condition.name] else statement.no, flags)


@cache
def definitions(path: Path) -> tuple[tree.Definition, ...]:
    """The cells of a std module. Raises DiagnosticsError if it cannot be read."""
    sink = Sink()
    module = parse(SourceFile(path.name, path.read_text(encoding="utf-8")), sink)
    sink.raise_if_failed()
    return tuple(d for d in module.items if isinstance(d, tree.Definition) and d.kind == "cell")


def cases() -> list[Case]:
    """One case for each cell of each std module, with the defaults of its parameters."""
    found: list[Case] = []
    for path in sorted(STD.glob("*.rnn")):
        module = f"std.{path.stem}"
        for d in definitions(path):
            found.append(Case(module, d.name.name, d, SPECIAL.get(f"{module}.{d.name.name}", Special())))
    return found


def variants() -> list[Case]:
    """For each boolean parameter of each cell, a case with the opposite of its default."""
    return [
        Case(c.module, c.name, c.definition, c.special, (p.name,))
        for c in cases()
        for p in c.definition.params
        if p.type.name == "bool" and not p.is_list and p.default is not None and p.name not in c.special.arguments
    ]


@cache
def representatives() -> frozenset[str]:
    """Ids of the few cells that stand for all where a check is dear: together they call each function that any cell calls."""
    calls = {c.id: set(re.findall(r"\b[a-z]\w*(?=\()", c.definition.span.text)) & set(functions()) for c in cases()}
    left = set[str]().union(*calls.values())
    chosen: set[str] = set()
    while left:
        most = max(calls, key=lambda name: len(calls[name] & left))
        chosen.add(most)
        left -= calls[most]
    return frozenset(chosen)


def declared_names(case: Case) -> tuple[set[str], set[str]]:
    """What can stand first in the paths of a cell's variables: its params, vars, layers and scopes, those on every path through its
    text, and all. Families end in `_*`."""
    always = {_own(s.name) for s in case.definition.body if isinstance(s, _OWNERS)}
    return always, set(_owners(case.definition.body))


_OWNERS = (tree.VariableDecl, tree.Layer, tree.Scope)


def _owners(body: tuple[tree.Statement, ...]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, _OWNERS):
            yield _own(statement.name)
        elif isinstance(statement, tree.If):
            yield from _owners((*statement.yes, *statement.no))
        elif isinstance(statement, tree.For):
            yield from _owners(statement.body)


def places_elsewhere(case: Case) -> bool:
    """Whether the cell lays a layer's variables under a path that is not the layer's name."""
    layers = (each for each in walk(case.definition.body) if isinstance(each, tree.Layer))
    return any(each.name == "path" for layer in layers for each in layer.defaults)


def _own(name: tree.IndexedName) -> str:
    return name.name if name.index is None else f"{name.name}_*"
