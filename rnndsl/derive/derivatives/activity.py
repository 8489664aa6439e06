"""Which values depend on what is differentiated by: nothing else has a derivative."""

from __future__ import annotations

from collections.abc import Iterable

from rnndsl.language.ops.table import OPS
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, Node, Scan

WITHOUT = ("zero", "none")
"""What a row says of a gradient that is zero everywhere, or of a value that is no function of its arguments."""


class Activity:
    """`ids`: the values that depend on `by`, in bodies of scans too. Raises NotImplementedError for one that has no derivative."""

    def __init__(self, graph: Graph, by: Iterable[str]) -> None:
        self.ids = set(by)
        self._spread(graph)

    def _spread(self, graph: Graph) -> None:
        scans: dict[str, Scan] = {}
        for node in graph.nodes:
            if isinstance(node, Scan):
                scans[node.id] = node
                self._scan(node)
            elif isinstance(node.attrs, Result):
                self._result(node, node.attrs, scans[node.args[0]])
            elif node.type.dtype in FLOATS and not self.ids.isdisjoint(node.args):
                self._node(node)

    def _node(self, node: Node) -> None:
        row = OPS[node.op]
        if row.derivative:
            self.ids.add(node.id)
        elif row.gradient not in WITHOUT:
            raise NotImplementedError(row.shown)

    def _result(self, node: Node, told: Result, scan: Scan) -> None:
        if told.of != "variable" and scan.source(told) in self.ids:
            self.ids.add(node.id)

    def _scan(self, scan: Scan) -> None:
        """A state depends on what its initial value and its new one depend on, and that may be another state."""
        self.ids.update(x.inner for x in (*scan.scanned, *scan.given) if x.outer in self.ids)
        floats = {x.id for x in scan.body.inputs if x.type.dtype in FLOATS}
        states = [s for s in scan.states if s.old in floats]
        self.ids.update(s.old for s in states if s.initial in self.ids)
        while True:
            self._spread(scan.body)
            found = [s.old for s in states if s.new in self.ids and s.old not in self.ids]
            if not found:
                return
            self.ids.update(found)
