"""Reverse-mode derivatives of a graph: from the cotangents of its values to those of what they are made of.

Nodes are taken from the last to the first. The cotangent of a value is the sum of what its readers hand back; it is never wider
than the value, and where it is narrower it is the same at all places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnndsl.derive.derivatives.activity import Activity
from rnndsl.derive.derivatives.joining import sum_of
from rnndsl.derive.derivatives.levels import Level
from rnndsl.derive.derivatives.local import Local
from rnndsl.language.ops.derivative.writing import V
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Node, Scan

OfScan = Callable[["Backward", Scan, dict[Result, V]], None]
"""Hands back what a scan's results are handed back, to what the scan reads."""


class Backward:
    """The sweep over one graph. `cotangents`: by forward id, what its readers have handed back."""

    def __init__(self, level: Level, activity: Activity, scans: OfScan, deferred: frozenset[str] = frozenset()) -> None:
        self.level = level
        self.activity = activity
        self.scans = scans
        self.deferred = deferred
        """Inputs whose cotangents are not computed here: `put_off` says of which nodes."""
        self.put_off: list[tuple[Node, int]] = []
        self.cotangents: dict[str, list[V]] = {}
        self.results: dict[str, dict[Result, V]] = {}

    def hand_back(self, name: str, d: V | None) -> None:
        """One more part of the cotangent of %name."""
        if d is not None and name in self.activity.ids:
            self.cotangents.setdefault(name, []).append(d)

    def of(self, name: str) -> V | None:
        """The whole cotangent of %name, once all readers are done."""
        parts = self.cotangents.get(name, [])
        if len(parts) > 1:
            self.level.writer.target = name
            total = sum_of(self.level.writer, parts)
            self.cotangents[name] = [total] if total is not None else []
        return self.cotangents[name][0] if parts else None

    def sweep(self, nodes: Sequence[Node | Scan]) -> None:
        for node in reversed(nodes):
            self.level.writer.place = node.place
            if isinstance(node, Scan):
                if node.id in self.results:
                    self.scans(self, node, self.results.pop(node.id))
                continue
            d = self.of(node.id)
            if d is None:
                continue
            if isinstance(node.attrs, Result):
                self.results.setdefault(node.args[0], {})[node.attrs] = self._with(node.attrs, node.args[0], d)
            else:
                self.node(node, d)

    def _with(self, told: Result, scan: str, d: V) -> V:
        before = self.results.get(scan, {}).get(told)
        return d if before is None else before + d

    def node(self, node: Node, d: V) -> None:
        derivative = OPS[node.op].differentiate()
        if derivative is None:
            return
        local = Local(self.level, node)
        for at, name in enumerate(node.args):
            if name not in self.activity.ids:
                continue
            self.level.writer.target = name
            if name in self.deferred:
                self.put_off.append((node, at))
            else:
                self.hand_back(name, derivative.backward(local, d, at))
