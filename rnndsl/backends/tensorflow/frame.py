"""One graph being lowered: its values so far, their types, the lengths of its axes. Operations and scans are lowered against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, fit, shape_of
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Graph, GraphInput, Node, Scan, TensorType
from rnndsl.plan.reach import Reach

Carried = Callable[[str, Any, TensorType], Any]
"""From the path of a carried state, its declared initial value and its type to the value that the scan starts from."""

Lower = Callable[..., Any]
"""A lowering, `(frame, node, *operands) -> tensor`; the tensor is laid out as `node.type` says."""


@dataclass(slots=True)
class Context:
    """What all frames of a lowering share.

    order: of the plan's axes. read: from a variable's path to its value. lower: from a frame and one of its nodes to the node's
    tensor. `finals`: the last values of carried states, by path, as scans are lowered.
    """

    order: tuple[str, ...]
    training: bool
    read: Callable[[str], Any]
    lower: Callable[[Frame, Node], Any]
    carried: Carried | None = None
    finals: dict[str, Any] = field(default_factory=dict[str, Any])


class Frame:
    """One graph being lowered: the top one, or the body of a scan at one step.

    `sizes`: lengths of leading axes, ints or scalar i32 tensors. `seed`: scalar i64 that random draws mix into their own stream;
    `sequence_seed`: that of the enclosing graph, for draws that are the same at every step. `parts`: slices that the lowering of
    another one has made, by id.
    """

    def __init__(self, context: Context, reach: Reach, inputs: Mapping[str, Any], sizes: Mapping[str, Any], seed: Any) -> None:
        self.context = context
        self.reach = reach
        self.seed = self.sequence_seed = seed
        self.sizes: dict[str, Any] = dict(sizes)
        self.types: dict[str, TensorType] = _types(reach.graph)
        self.tensors: dict[str, Any] = {}
        self.results: dict[str, dict[tuple[str, str], Operand]] = {}
        self.parts: dict[str, Any] = {}
        for given in reach.graph.inputs:
            if given.id in inputs:
                self._define(given, inputs[given.id])

    def run(self) -> None:
        """Lower every node that is needed and not lowered yet."""
        for node in self.reach.nodes():
            if node.id in self.tensors or isinstance(node, Scan):
                continue
            try:
                self._define(node, self.context.lower(self, node))
            except Exception as error:
                error.add_note(f"while lowering `{node.op}` ({node.id}, {node.type}) of {node.place or 'no place'}")
                raise

    def operand(self, name: str) -> Operand:
        return Operand(self.tensors[name], self.types[name])

    def shape(self, t: TensorType) -> Any:
        return shape_of(t, self.sizes)

    def fit(self, x: Operand, t: TensorType) -> Any:
        return fit(x, t, self.sizes)

    def body(self, reach: Reach, inputs: Mapping[str, Any], seed: Any) -> Frame:
        """The frame of one step of a scan, whose own draws mix into `seed`."""
        inner = replace(self.context, carried=None, finals={})
        frame = Frame(inner, reach, inputs, self.sizes, seed)
        frame.sequence_seed = self.seed
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


def _types(graph: Graph) -> dict[str, TensorType]:
    types = {x.id: x.type for x in graph.inputs}
    types.update((node.id, node.type) for node in graph.nodes if isinstance(node, Node))
    return types
