"""One graph being lowered: its values so far, their types, the lengths of its axes. Operations and scans are lowered against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rnndsl.backends.tensorflow.align import Operand, fit, relaid, shape_of
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, GraphInput, Node, Scan, TensorType
from rnndsl.plan.rewriting import types_of
from rnndsl.plan.stretches import lengths_told
from rnndsl.records import Immutable, record

"""A result of a scan: what it is of, and its name."""

Lower = Callable[..., Any]
"""A lowering, `(frame, node, *operands) -> tensor`; the tensor is laid out as `node.type` says."""


class Variables(Protocol):
    """What a graph asks of the call that it is a part of. Variables go by their paths."""

    def read(self, path: str) -> Any:
        """The value from before the call."""
        ...

    def initial(self, path: str) -> Any:
        """The initial value."""
        ...

    def carried(self, path: str, start: Any, t: TensorType) -> Any:
        """The state kept from the last call, or `start`, both of the type `t`."""
        ...


@record
class Context(Immutable):
    """What all frames of a lowering share.

    order: in which axes are laid out. natural: the plan's own, which arguments, results, variables and random draws keep.
    lower: from a frame and one of its nodes to the node's tensor. scan: from a frame and one of its scans to all results of that.
    """

    order: tuple[str, ...]
    natural: tuple[str, ...]
    variables: Variables
    lower: Callable[[Frame, Node], Any]
    scan: Callable[[Frame, Scan], dict[Result, Operand]]


class Frame:
    """One graph being lowered: the top one, or the body of a scan at one step.

    `sizes`: lengths of leading axes, ints or scalar i32 tensors. `seed`: scalar i64 that random draws mix into their own stream;
    `sequence_seed`: that of the enclosing graph, for draws that are the same at every step. `parts`: slices that the lowering of
    another one has made, by id. `steps`: how many steps scans take along an axis that is longer than that. `compiled`: XLA compiles
    it. `shared`: the functions of those of its parts that XLA compiles. `firsts`: where the positions of an axis begin that has
    been cut, among all of it.
    """

    def __init__(self, context: Context, graph: Graph, inputs: Mapping[str, Any], sizes: Mapping[str, Any], seed: Any) -> None:
        self.context = context
        self.graph = graph
        self.seed = self.sequence_seed = seed
        self.sizes: dict[str, Any] = dict(sizes)
        self.types: dict[str, TensorType] = types_of(graph)
        self.tensors: dict[str, Any] = {}
        self.results: dict[str, dict[Result, Operand]] = {}
        self.parts: dict[str, Any] = {}
        self.steps: dict[str, Any] = {}
        self.compiled = False
        self.shared: Any = None
        self.firsts: dict[str, Any] = {}
        for given in graph.inputs:
            if given.id in inputs:
                self._define(given, inputs[given.id])
        for axis, length in lengths_told(graph):
            self.sizes.setdefault(axis, length)

    def run(self) -> None:
        """Lower every node, in order."""
        for node in self.graph.nodes:
            self.take(node)

    def take(self, node: Node | Scan) -> None:
        """Lower one node, whose arguments are there."""
        try:
            if isinstance(node, Scan):
                self.results[node.id] = self.context.scan(self, node)
            else:
                self._define(node, self.context.lower(self, node))
        except Exception as error:
            what = "scan" if isinstance(node, Scan) else f"{node.op}: {node.type}"
            error.add_note(f"while lowering %{node.id} ({what}) of {node.place or 'no place'}")
            raise

    def operand(self, name: str) -> Operand:
        return Operand(self.tensors[name], self.types[name])

    def natural(self, name: str) -> Any:
        """The value %name, its axes in the plan's order."""
        return relaid(self.tensors[name], self.types[name], self.context.natural)

    def shape(self, t: TensorType) -> Any:
        return shape_of(t, self.sizes)

    def fit(self, x: Operand, t: TensorType) -> Any:
        return fit(x, t, self.sizes)

    def asked(self, scan: Scan) -> set[Result]:
        """The results of `scan` that the graph reads."""
        told = (n.attrs for n in self.graph.nodes if isinstance(n, Node) and n.args[:1] == (scan.id,))
        return {x for x in told if isinstance(x, Result)}

    def body(self, graph: Graph, inputs: Mapping[str, Any], seed: Any) -> Frame:
        """The frame of one step of a scan, whose own draws mix into `seed`."""
        frame = Frame(self.context, graph, inputs, self.sizes, seed)
        frame.sequence_seed = self.seed
        frame.steps, frame.firsts, frame.compiled, frame.shared = self.steps, self.firsts, self.compiled, self.shared
        return frame

    def _define(self, item: Node | GraphInput, tensor: Any) -> None:
        rank = len(item.type.axes) + len(item.type.dims)
        if tensor.shape.rank not in (None, rank):
            raise AssertionError(f"{item.id} has shape {tensor.shape}, which is not {item.type}")
        self.tensors[item.id] = tensor
        for at, axis in enumerate(item.type.axes):
            if axis in self.sizes:
                continue
            static = tensor.shape[at]
            self.sizes[axis] = tf.shape(tensor)[at] if static is None else static
