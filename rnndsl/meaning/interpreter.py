"""What a graph means, in NumPy: every node in order, scans step by step. The reference that passes and backends are held against.

Numbers are those of the plan's dtypes; operations on half precision are computed in f32 and rounded once. Random draws are those
of an artefact: see `rnndsl.language.ops.meaning.philox`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnndsl.language.ops.meaning.align import DTYPES, Array, Value, Variables, fitted, met
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, Node, Scan, TensorType
from rnndsl.plan.rewriting import used_ids

_HALF = (DTYPES["f16"], DTYPES["bf16"])

ScanOf = Callable[["Frame", Scan], dict[Result, Value]]


@dataclass(slots=True)
class Context:
    """What all frames of a call share.

    order: of the plan's axes. scan: from a frame and one of its scans to all results of that. training: what a node is that asks;
    in the functions of a plan none does. exact: floats are f64, whatever their dtypes.
    """

    order: Sequence[str]
    variables: Variables
    scan: ScanOf
    training: bool = False
    exact: bool = False
    meanings: dict[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])

    def dtype(self, t: TensorType) -> Any:
        """The dtype that values of the type `t` are computed in."""
        dtype = DTYPES[t.dtype]
        return DTYPES["f64"] if self.exact and t.dtype in ("f16", "bf16", "f32") else dtype

    def meaning(self, op: str) -> Callable[..., Any]:
        """The function that the row of `op` names."""
        if op not in self.meanings:
            self.meanings[op] = OPS[op].compute()
        return self.meanings[op]


class Frame:
    """One graph at work: the top one, or the body of a scan at one step. `values` by id; see `meaning.align.Frame` for the rest."""

    def __init__(self, context: Context, graph: Graph, inputs: Mapping[str, Array], sizes: dict[str, int], seed: int) -> None:
        self.context = context
        self.graph = graph
        self.order = context.order
        self.variables = context.variables
        self.training = context.training
        self.sizes = sizes
        self.seed = self.sequence_seed = seed
        self.values: dict[str, Value] = {}
        self.results: dict[str, dict[Result, Value]] = {}
        for x in graph.inputs:
            if x.id in inputs:
                self._define(x.id, x.type, inputs[x.id])

    def run(self, ends: Iterable[str] | None = None) -> None:
        """Compute every node, or those that `ends` need. What is known already is not computed again.

        Raises ValueError for values that an operation is not defined for, and for lengths of axes that do not agree.
        """
        wanted = None if ends is None else self._needed(ends)
        for node in self.graph.nodes:
            if (wanted is not None and node.id not in wanted) or node.id in self.values or node.id in self.results:
                continue
            if isinstance(node, Scan):
                self.results[node.id] = self.context.scan(self, node)
            else:
                self._define(node.id, node.type, self._value(node))

    def body(self, graph: Graph, inputs: Mapping[str, Array], seed: int) -> Frame:
        """The frame of one step of a scan, whose own draws mix into `seed`."""
        frame = Frame(self.context, graph, inputs, self.sizes, seed)
        frame.sequence_seed = self.seed
        return frame

    def fit(self, x: Value, t: TensorType) -> Array:
        return fitted(x, t, self.sizes)

    def _needed(self, ends: Iterable[str]) -> set[str]:
        """The ids of this graph that `ends` need."""
        wanted = set(ends)
        for node in reversed(self.graph.nodes):
            if node.id in wanted:
                stands = self._stands(node) if isinstance(node, Node) else None
                wanted.update(used_ids(node) if stands is None else (stands,))
        return wanted

    def _stands(self, node: Node) -> str | None:
        """The argument whose value `node` is in this mode, if it is one."""
        row = OPS[node.op]
        at = row.in_training if self.training else row.outside_training
        return None if at is None else node.args[at]

    def _value(self, node: Node) -> Array:
        stands = self._stands(node)
        if stands is not None:
            return self.fit(self.values[stands], node.type)
        row = OPS[node.op]
        operands = [self._wide(self.values[x]) for x in node.args if x in self.values]
        compute = self.context.meaning(node.op)
        try:
            if "elementwise" in row.traits:
                return compute(*self._met(operands), **node.attrs.pairs())
            return compute(self, node, *operands)
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"`{row.shown}` {error}{f' ({node.place})' if node.place else ''}") from None

    def _met(self, operands: Sequence[Value]) -> list[Array]:
        return [x.array for x in operands] if len(operands) == 1 else met(operands, self.order)

    def _wide(self, x: Value) -> Value:
        return Value(x.array.astype(np.float32), x.type) if x.array.dtype in _HALF else x

    def _define(self, name: str, t: TensorType, array: Array) -> None:
        array = np.asarray(array).astype(self.context.dtype(t), copy=False)
        for axis, size in zip(t.axes, array.shape, strict=False):
            if self.sizes.setdefault(axis, size) != size:
                raise ValueError(f"the length of `{axis}` is {self.sizes[axis]} and {size}")
        if array.shape != (*(self.sizes[axis] for axis in t.axes), *t.dims):
            raise AssertionError(f"%{name} has shape {array.shape}, which is not {t}")
        self.values[name] = Value(array, t)
