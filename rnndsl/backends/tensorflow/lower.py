"""From a plan's graph to TensorFlow's: nodes are lowered on demand, each once, in the graph's order.

`Lowering` stands for one pass over the plan under one set of variable values and inputs. A training signature makes one, an
update that runs after the optimizer makes another, which reads the new values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, fit, shape_of
from rnndsl.backends.tensorflow.ops import table as operations
from rnndsl.backends.tensorflow.ops.columns import split_columns
from rnndsl.backends.tensorflow.ops.random_numbers import mix
from rnndsl.backends.tensorflow.scan.recurrence import lower_scan
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Graph, GraphInput, Node, Plan, Scan, TensorType
from rnndsl.plan.reach import Reach

Carried = Callable[[str, Any, TensorType], Any]
"""From the path of a carried state, its declared initial value and its type to the value that the scan starts from."""


@dataclass(slots=True)
class Context:
    """What all frames of a lowering share. `finals`: the last values of carried states, by path, as scans are lowered."""

    order: tuple[str, ...]
    training: bool
    read: Callable[[str], Any]
    carried: Carried | None = None
    finals: dict[str, Any] = field(default_factory=dict[str, Any])
    jit: bool = False


class Frame:
    """One graph being lowered: the top one, or the body of a scan at one step.

    `sizes`: lengths of leading axes, ints or scalar i32 tensors. `seed`: scalar i64 that random draws mix into their own stream;
    `sequence_seed`: that of the enclosing graph, for draws that are the same at every step.
    """

    def __init__(self, context: Context, reach: Reach, inputs: Mapping[str, Any], sizes: Mapping[str, Any], seed: Any) -> None:
        self.context = context
        self.reach = reach
        self.seed = self.sequence_seed = seed
        self.sizes: dict[str, Any] = dict(sizes)
        self.types: dict[str, TensorType] = _types(reach.graph)
        self.tensors: dict[str, Any] = {}
        self.results: dict[str, dict[tuple[str, str], Operand]] = {}
        self._parts: dict[str, Any] = {}
        for given in reach.graph.inputs:
            if given.id in inputs:
                self._define(given, inputs[given.id])

    def run(self) -> None:
        """Lower every node that is needed and not lowered yet."""
        for node in self.reach.nodes():
            if node.id in self.tensors or isinstance(node, Scan):
                continue
            try:
                self._define(node, self._lower(node))
            except Exception as error:
                error.add_note(f"while lowering `{node.op}` ({node.id}, {node.type}) of {node.place or 'no place'}")
                raise

    def adopt(self, values: Mapping[str, Any]) -> None:
        """Take the tensors of nodes that were lowered elsewhere, and the sizes of their axes."""
        for name, tensor in values.items():
            self._record(name, self.types[name], tensor)

    def operand(self, name: str) -> Operand:
        return Operand(self.tensors[name], self.types[name])

    def shape(self, t: TensorType) -> Any:
        return shape_of(t, self.sizes)

    def fit(self, x: Operand, t: TensorType) -> Any:
        return fit(x, t, self.sizes)

    def part(self, node: Node, x: Operand) -> Any:
        """The columns that `node` selects of `x`, if such nodes part its last dim: one split, whose gradient is one concat."""
        if node.id not in self._parts:
            parted = split_columns(self.reach.graph, node)
            if parted is None:
                return None
            sizes = [stop - start for start, stop, _ in parted]
            for (_, _, names), tensor in zip(parted, tf.split(x.tensor, sizes, axis=-1), strict=True):
                self._parts.update(dict.fromkeys(names, tensor))
        return self._parts[node.id]

    def body(self, reach: Reach, inputs: Mapping[str, Any], step: Any) -> Frame:
        """The frame of a scan's body at `step` (scalar i32, counted from 0)."""
        seed = mix(self.seed, step) if reach.draws() else self.seed
        inner = Context(self.context.order, self.context.training, self.context.read)
        frame = Frame(inner, reach, inputs, self.sizes, seed)
        frame.sequence_seed = self.seed
        return frame

    def _define(self, item: Node | GraphInput, tensor: Any) -> None:
        rank = len(item.type.axes) + len(item.type.dims)
        if tensor.shape.rank not in (None, rank):
            raise AssertionError(f"{item.id} has shape {tensor.shape}, which is not {item.type}")
        self._record(item.id, item.type, tensor)

    def _record(self, name: str, kind: TensorType, tensor: Any) -> None:
        self.tensors[name] = tensor
        for at, axis in enumerate(kind.axes):
            if axis in self.sizes:
                continue
            static = tensor.shape[at]
            self.sizes[axis] = tf.shape(tensor)[at] if static is None else static

    def _lower(self, node: Node) -> Any:
        if node.op == "result":
            return self._result(node)
        operands = [self.operand(name) for name in self.reach.chosen(node)]
        return operations.LOWERINGS[node.op](self, node, *operands)

    def _result(self, node: Node) -> Any:
        plain = self.reach.scan_variable(node)
        if plain is not None:
            return self.fit(self.operand(plain), node.type)
        scan, key = node.args[0], (node.attrs["of"], node.attrs["name"])
        if key not in self.results.get(scan, {}):
            self.results[scan] = lower_scan(self, self.reach.scans[scan])
        return self.fit(self.results[scan][key], node.type)


class Lowering:
    """The values of `plan` under `read` and `inputs`.

    read: from a variable's path to its value; called once for each.
    inputs: tensors by name; those of inputs that nothing needs may be left out.
    demanded: ids that will be asked for. Asking for others later is fine, but may lower a scan a second time.
    carried: gives the initial value of a carried state; None starts afresh. `finals` then has their last values, by path.
    counter: scalar i64, the call counter of random draws.
    sizes: lengths of axes that are known while building.
    jit: compile each recurrence with XLA.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        read: Callable[[str], Any],
        inputs: Mapping[str, Any],
        training: bool,
        demanded: Iterable[str] = (),
        carried: Carried | None = None,
        counter: Any = None,
        sizes: Mapping[str, int] | None = None,
        jit: bool = False,
    ) -> None:
        values: dict[str, Any] = {}

        def read_once(path: str) -> Any:
            if path not in values:
                values[path] = read(path)
            return values[path]

        reach = Reach(plan.graph, training, carried is not None)
        reach.demand(demanded)
        seed = tf.constant(0, tf.int64) if counter is None else tf.cast(counter, tf.int64)
        context = Context(plan.axes, training, read_once, carried, {}, jit)
        self.frame = Frame(context, reach, inputs, sizes or {}, seed)

    @property
    def reach(self) -> Reach:
        return self.frame.reach

    @property
    def finals(self) -> dict[str, Any]:
        return self.frame.context.finals

    def value(self, name: str) -> Any:
        """The tensor of an id of the top graph. Raises KeyError for one that the graph lacks."""
        if name not in self.frame.tensors:
            self.frame.reach.demand([name])
            self.frame.run()
        return self.frame.tensors[name]

    def values(self, names: Iterable[str]) -> list[Any]:
        return [self.value(name) for name in names]


def _types(graph: Graph) -> dict[str, TensorType]:
    types = {x.id: x.type for x in graph.inputs}
    types.update((node.id, node.type) for node in graph.nodes if isinstance(node, Node))
    return types
