"""Where a derivative gets the values of the forward graph from.

At the top both are one graph. The derivative of a scan is written in part around it, where a value of the body is that of all
steps at once, and in part into the body of a scan that runs back. What is needed of the forward body becomes one more output of
the forward scan, or is computed again if that is cheap.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Protocol

from rnndsl.derive.derivatives.local import Values
from rnndsl.derive.derivatives.writer import BodyWriter, GraphWriter, finite_ids
from rnndsl.language.ops.table import has
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Node, Scan, TensorType
from rnndsl.plan.rewriting import saved_id
from rnndsl.records import replace

_MANY = 64
"""How many times a value with leading axes is taken to be larger than one without."""


class Extras:
    """More outputs of scans, and the results that read them, until the forward graph is put together anew."""

    def __init__(self, writer: GraphWriter) -> None:
        self.order = writer.order
        self.fresh = writer.fresh
        self.outputs: dict[str, list[str]] = {}
        self.results: dict[str, dict[Result, Node]] = {}
        self.constants: dict[str, list[Node]] = {}

    def more(self, scan: Scan, name: str, t: TensorType, axes: frozenset[str]) -> Node:
        """The result that reads all steps of %name, of the type `t` at one; a mask brings its `axes`."""
        outputs = self.outputs.setdefault(scan.id, list(scan.outputs))
        if name not in outputs:
            outputs.append(name)
        told = Result("output", outputs.index(name))
        results = self.results.setdefault(scan.id, {})
        if told not in results:
            whole = t.with_axes([*axes, scan.axis], self.order)
            results[told] = Node(self.fresh.like(saved_id(name)), "result", (scan.id,), told, whole, scan.place)
        return results[told]

    def applied(self, nodes: tuple[Node | Scan, ...]) -> tuple[Node | Scan, ...]:
        """`nodes` with the outputs and results that were asked for, in bodies of scans too."""
        made: list[Node | Scan] = []
        for node in nodes:
            if isinstance(node, Node):
                made.append(node)
                continue
            body = replace(node.body, nodes=(*self.constants.get(node.id, ()), *self.applied(node.body.nodes)))
            made.append(replace(node, body=body, outputs=tuple(self.outputs.get(node.id, node.outputs))))
            made += self.results.get(node.id, {}).values()
        return tuple(made)


class Level(Values, Protocol):
    """And what is needed to hand it back."""

    @property
    def extras(self) -> Extras: ...

    def axes(self, name: str) -> tuple[str, ...]:
        """Those of a forward value alone."""
        ...

    def add_forward(self, node: Node) -> None:
        """One more node of the forward graph: a result of a scan in it."""
        ...

    def is_finite(self, name: str) -> bool:
        """Whether a forward value is finite where the model's own values are."""
        ...


class Top:
    """The graph of a function: its derivative is written behind it."""

    def __init__(self, writer: GraphWriter, extras: Extras) -> None:
        self.writer = writer
        self.extras = extras

    def value(self, name: str) -> str:
        return name

    def type(self, name: str) -> TensorType:
        return self.writer.wide(self.writer.type_of(name))

    def axes(self, name: str) -> tuple[str, ...]:
        return self.writer.type_of(name).axes

    def add_forward(self, node: Node) -> None:
        self.writer.know(node.id, node.type, finite=False)

    def is_finite(self, name: str) -> bool:
        return self.writer.is_finite(name)


class Outside:
    """The body of a scan, seen from the graph around: a value is that of all steps at once."""

    def __init__(self, scan: Scan, level: Level, valid_axes: frozenset[str], active: Collection[str]) -> None:
        """`active`: the values that are differentiated."""
        self.scan = scan
        self.level = level
        self.extras = level.extras
        self.valid_axes = valid_axes
        self.outer = {x.inner: x.outer for x in (*scan.scanned, *scan.given)}
        self.nodes = {n.id: n for n in scan.body.nodes if isinstance(n, Node)}
        self.types: dict[str, TensorType] = {x.id: x.type for x in scan.body.inputs}
        self.types.update((n.id, n.type) for n in self.nodes.values())
        fed = {x for x, outer in self.outer.items() if level.is_finite(outer)}
        own = {x.old for x in (*scan.states, *scan.variables)}
        self.finite = finite_ids(scan.body.nodes, fed | own)
        self._anyway = {n.id for n in self.nodes.values() if n.id in active and has(n.op, "elementwise") and not has(n.op, "cheap")}
        """Values that their own derivatives read, as that of tanh does."""
        self._known: dict[str, str] = {}
        self._weighed: dict[str, tuple[frozenset[str], bool]] = {}
        for node in self.nodes.values():  # in order, so that each finds its arguments weighed, however long a chain is
            self._plan(node.id)

    @property
    def writer(self) -> GraphWriter:
        return self.level.writer

    def is_finite(self, name: str) -> bool:
        return name in self.finite

    def add_forward(self, node: Node) -> None:
        self.nodes[node.id] = node
        self.types[node.id] = node.type

    def type(self, name: str) -> TensorType:
        """Of all steps at once; a given value is one for all."""
        if name in self.outer:
            return self.level.type(self.outer[name])
        return self.writer.wide(self.types[name]).with_axes([*self.valid_axes, self.scan.axis], self.writer.order)

    def axes(self, name: str) -> tuple[str, ...]:
        if name in self.outer:
            return self.level.axes(self.outer[name])
        return (*self.types[name].axes, *self.valid_axes, self.scan.axis)

    def value(self, name: str) -> str:
        """Without recursion along what is computed again: a chain may be long."""
        waiting = [name]
        while waiting:
            args = self.nodes[waiting[-1]].args if waiting[-1] not in self._known and self._is_again(waiting[-1]) else ()
            missing = [x for x in args if x not in self._known]
            if missing:
                waiting += missing
                continue
            found = waiting.pop()
            if found not in self._known:
                self._known[found] = self._fetched(found)
        return self._known[name]

    def _is_again(self, name: str) -> bool:
        """Whether a value of the body is written down again rather than saved."""
        return name in self.nodes and name not in self.outer and (has(self.nodes[name].op, "leaf") or self._plan(name)[1])

    def _fetched(self, name: str) -> str:
        if name in self.outer:
            return self.level.value(self.outer[name])
        if self._is_again(name):
            node = self.nodes[name]
            return self.writer.copy(node, [self._known[x] for x in node.args])
        made = self.extras.more(self.scan, name, self.types[name], self.valid_axes)
        self.level.add_forward(made)
        found = self.level.value(made.id)
        if self.is_finite(name):
            self.writer.know(found, self.writer.type_of(found), finite=True)
        return found

    # ---- what is saved and what is computed again

    def _plan(self, name: str) -> tuple[frozenset[str], bool]:
        """What must be saved for the value of a node, and whether it is computed again: it is cheap, and what it needs is saved for
        something else, or no larger than itself."""
        if name not in self._weighed:
            self._weighed[name] = self._weigh(self.nodes[name])
        return self._weighed[name]

    def _weigh(self, node: Node) -> tuple[frozenset[str], bool]:
        itself = frozenset([node.id])
        if not (has(node.op, "cheap") or has(node.op, "moves")) or self.scan.axis in node.type.axes:
            return itself, False
        needs = frozenset(x for arg in node.args for x in self._saved_for(arg))
        larger = sum(map(self._size, needs - self._anyway)) > self._size(node.id)
        return (itself, False) if larger else (needs, True)

    def _saved_for(self, name: str) -> frozenset[str]:
        if name in self.outer or (name in self.nodes and has(self.nodes[name].op, "leaf")):
            return frozenset()
        return self._plan(name)[0] if name in self.nodes else frozenset([name])

    def _size(self, name: str) -> int:
        t = self.types[name]
        return math.prod(t.dims) * (_MANY if t.axes else 1)


class Body:
    """The body of a scan, seen from the body of the scan that runs back: a value is that of the step."""

    def __init__(self, outside: Outside, writer: BodyWriter) -> None:
        self.outside = outside
        self.writer: GraphWriter = writer
        self.extras = outside.extras
        self._still = writer.still

    def value(self, name: str) -> str:
        return self._still(self.outside.value(name))

    def type(self, name: str) -> TensorType:
        return self.writer.wide(self.outside.types[name])

    def axes(self, name: str) -> tuple[str, ...]:
        return self.outside.types[name].axes

    def add_forward(self, node: Node) -> None:
        self.outside.add_forward(node)

    def is_finite(self, name: str) -> bool:
        return self.outside.is_finite(name)
