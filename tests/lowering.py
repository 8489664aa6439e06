"""Values of a plan's graph as TensorFlow computes them, in training or outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnndsl.derive.mode import specialise
from rnndsl.passes.remove_dead import pruned
from rnndsl.plan.model import Plan


class Reads:
    """Variables that are given by `read`, from a path to a value. Nothing is kept, differentiated or stepped."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read
        self._values: dict[str, Any] = {}

    def read(self, path: str) -> Any:
        if path not in self._values:
            self._values[path] = self._read(path)
        return self._values[path]


def lowered(
    plan: Plan,
    ids: Sequence[str],
    inputs: Mapping[str, Any],
    read: Callable[[str], Any],
    *,
    training: bool = False,
    counter: Any = None,
) -> list[Any]:
    """The tensors of `ids` of the plan's graph. Variables are read once each, before anything else."""
    from rnndsl.backends.tensorflow.lower import frame_of
    from rnndsl.plan.rewriting import reads

    mode = specialise(plan.graph, training=training, carry=False)
    names = [mode.of(x) for x in ids]
    graph = pruned(mode.graph, names)
    variables: Any = Reads(read)
    for path in reads(graph):
        variables.read(path)
    frame = frame_of(graph, plan.axes, variables, inputs, counter)
    frame.run()
    return [frame.natural(x) for x in names]
