"""Regions that are the same but for their names, as those of a stack's layers are, are one function, which each of them calls."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from rnndsl.backends.tensorflow.compiled.regions import Region
from rnndsl.backends.tensorflow.frame import Frame
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import OfVariable
from rnndsl.plan.model import Node, Scan, ScanInput


class Shared:
    """The functions of a module's regions, by form."""

    def __init__(self) -> None:
        self.functions: dict[Hashable, Any] = {}

    def function(self, region: Region, frame: Frame, make: Callable[..., Any]) -> Any:
        """`make`, which lowers the region, as a function; of a region of this form, if there is one already. What reads more of the
        call than its arguments is lowered where it stands."""
        if not _is_closed(region):
            return make
        form = _Form().region(region, frame)
        if form not in self.functions:
            self.functions[form] = tf.function(make, autograph=False)
        return self.functions[form]


def _is_closed(region: Region) -> bool:
    return not region.drawn and not any(isinstance(node.attrs, OfVariable) for node in region.inner())


class _Form:
    """A region without its names: values are numbered as they are met, and states by their place."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def region(self, region: Region, frame: Frame) -> Hashable:
        sizes = tuple((axis, size) for axis, size in sorted(frame.sizes.items()) if isinstance(size, int))
        reads = tuple((self._number(name), frame.types[name]) for name in region.reads)
        nodes = tuple(map(self._node, region.nodes))
        return frame.context.order, frame.context.natural, sizes, reads, nodes, self._all(region.gives)

    def _number(self, name: str | None) -> int | None:
        return None if name is None else self.numbers.setdefault(name, len(self.numbers))

    def _all(self, names: Iterable[str]) -> Hashable:
        return tuple(map(self._number, names))

    def _node(self, node: Node | Scan) -> Hashable:
        if isinstance(node, Node):
            return node.op, self._all(node.args), node.attrs, node.type, self._number(node.id)
        names = [state.name for state in node.states]
        body = node.body
        return (
            self._number(node.id),
            self._inputs(node.scanned),
            self._inputs(node.given),
            tuple(self._all((s.initial, s.old, s.new)) for s in node.states),
            tuple((v.path, self._all((v.initial, v.old, v.new))) for v in node.variables),
            self._all(node.outputs),
            tuple((self._number(x.id), x.type) for x in body.inputs),
            tuple(map(self._node, body.nodes)),
            self._number(node.lengths),
            self._number(node.mask),
            names.index(node.until) if node.until is not None else None,
            self._number(node.first),
            (node.axis, node.reverse, node.steps, node.hold, node.carry, node.same_draws, node.recompute, node.again),
        )

    def _inputs(self, items: tuple[ScanInput, ...]) -> Hashable:
        return tuple(self._all((x.outer, x.inner)) for x in items)
