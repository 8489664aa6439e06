"""Which values depend on what is differentiated by: nothing else has a derivative."""

from __future__ import annotations

from rnndsl.language.ops.table import OPS
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import Node, Scan, ScanState
from rnndsl.plan.rewriting import Dependence

WITHOUT = ("zero", "none")
"""What a row says of a gradient that is zero everywhere, or of a value that is no function of its arguments."""


class Activity(Dependence):
    """`ids`: the values that depend on `on`, in bodies of scans too. Raises NotImplementedError for one that has no derivative."""

    def depends(self, node: Node) -> bool:
        if node.type.dtype not in FLOATS or self.ids.isdisjoint(node.args):
            return False
        row = OPS[node.op]
        if not row.derivative and row.gradient not in WITHOUT:
            raise NotImplementedError(row.shown)
        return bool(row.derivative)

    def carried(self, scan: Scan) -> list[ScanState]:
        """Floats. What a cell's update ops assign has no derivative."""
        floats = {x.id for x in scan.body.inputs if x.type.dtype in FLOATS}
        return [s for s in scan.states if s.old in floats]
