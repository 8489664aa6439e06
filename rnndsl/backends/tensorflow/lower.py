"""From a plan's graph to TensorFlow's: nodes are lowered on demand, each once, in the graph's order.

`Lowering` stands for one pass over the plan under one set of variable values and inputs. A training signature makes one, an
update that runs after the optimizer makes another, which reads the new values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rnndsl.backends.tensorflow.frame import Carried, Context, Frame
from rnndsl.backends.tensorflow.ops.table import LOWERINGS
from rnndsl.backends.tensorflow.scan.recurrence import lower_scan
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Node, Plan
from rnndsl.plan.reach import Reach


def lower(frame: Frame, node: Node) -> Any:
    """The tensor of `node`, whose arguments `frame` has."""
    if node.op == "result":
        return _result(frame, node)
    operands = [frame.operand(name) for name in frame.reach.chosen(node)]
    return LOWERINGS[node.op](frame, node, *operands)


def _result(frame: Frame, node: Node) -> Any:
    plain = frame.reach.scan_variable(node)
    if plain is not None:
        return frame.fit(frame.operand(plain), node.type)
    scan, key = node.args[0], (node.attrs["of"], node.attrs["name"])
    if key not in frame.results.get(scan, {}):
        frame.results[scan] = lower_scan(frame, frame.reach.scans[scan])
    return frame.fit(frame.results[scan][key], node.type)


class Lowering:
    """The values of `plan` under `read` and `inputs`.

    read: from a variable's path to its value; called once for each.
    inputs: tensors by name; those of inputs that nothing needs may be left out.
    demanded: ids that will be asked for. Asking for others later is fine, but may lower a scan a second time.
    carried: gives the initial value of a carried state; None starts afresh. `finals` then has their last values, by path.
    counter: scalar i64, the call counter of random draws.
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
    ) -> None:
        values: dict[str, Any] = {}

        def read_once(path: str) -> Any:
            if path not in values:
                values[path] = read(path)
            return values[path]

        reach = Reach(plan.graph, training, carried is not None)
        reach.demand(demanded)
        seed = tf.constant(0, tf.int64) if counter is None else tf.cast(counter, tf.int64)
        context = Context(plan.axes, training, read_once, lower, carried)
        self.frame = Frame(context, reach, inputs, {}, seed)

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
