"""Whether the rows of a batch can be differentiated apart, and computed in chunks: for `levenberg_marquardt`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from rnndsl.language.builtins import BATCH
from rnndsl.language.ops.table import OPS, has
from rnndsl.plan.attributes import Read
from rnndsl.plan.model import Graph, Named, Node, Scan, ScanState, ScanVariable, all_nodes
from rnndsl.plan.rewriting import Dependence, types_of
from rnndsl.syntax import tree
from rnndsl.text.codes import training as codes


class Rows:
    """What leads from the variables `trained` to those of the `residuals` that have a batch, in training."""

    def __init__(self, graph: Graph, trained: Collection[str], residuals: Sequence[Named]) -> None:
        types = types_of(graph)
        self.residuals = residuals
        self.with_batch = [x.value for x in residuals if BATCH in types[x.value].axes]
        self.moving = _Moving(graph, trained).ids
        needed = _needed(graph, self.with_batch)
        self.nodes = [x for x in graph.nodes if x.id in needed and x.id in self.moving]

    def meeting(self) -> Node | Scan | None:
        """Where rows meet first."""
        return next((x for x in self._all() if x.id in self.moving and _is_along_batch(x)), None)

    def check_chunks(self, statement: tree.Train) -> None:
        """Raises SpecError where the residuals of some rows are another matter than those rows of all residuals."""
        span, name = statement.span, statement.name.name
        if not self.with_batch:
            codes.no_batch(span, name, [x.name for x in self.residuals]).throw()
        meeting = self.meeting()
        if meeting is not None:
            codes.rows_meet(span, name, _shown(meeting), meeting.place).throw()
        drawn = next((x for x in self._all() if isinstance(x, Node) and has(x.op, "random")), None)
        if drawn is not None:
            codes.chunk_of_draws(span, name, _shown(drawn), drawn.place).throw()
        for node in self.nodes:
            if isinstance(node, Scan) and node.carry and any(x.initial in self.moving for x in node.states):
                codes.chunk_of_kept(span, name, node.place).throw()

    def _all(self) -> Iterator[Node | Scan]:
        """With all that is in the bodies of scans."""
        return all_nodes(Graph((), tuple(self.nodes)))


def _is_along_batch(node: Node | Scan) -> bool:
    return node.axis == BATCH if isinstance(node, Scan) else BATCH in node.attrs.about


def _shown(node: Node | Scan) -> str:
    return "scan" if isinstance(node, Scan) else OPS[node.op].shown


def _args(node: Node) -> tuple[str, ...]:
    """What `node` is computed from in training."""
    at = OPS[node.op].in_training
    return node.args if at is None else node.args[at : at + 1]


def _needed(graph: Graph, ends: Iterable[str]) -> set[str]:
    needed = set(ends)
    for node in reversed(graph.nodes):
        if node.id in needed:
            needed.update(_args(node) if isinstance(node, Node) else node.outer_ids())
    return needed


class _Moving(Dependence):
    """`ids`: the values that depend on the variables `trained`, and the scans that have such values."""

    def __init__(self, graph: Graph, trained: Collection[str]) -> None:
        self.trained = trained
        super().__init__(graph, ())

    def depends(self, node: Node) -> bool:
        return not self.ids.isdisjoint(_args(node)) or (isinstance(node.attrs, Read) and node.attrs.variable in self.trained)

    def carried(self, scan: Scan) -> tuple[ScanState | ScanVariable, ...]:
        return (*scan.states, *scan.variables)

    def enter(self, scan: Scan) -> None:
        super().enter(scan)
        inside = (*(x.id for x in scan.body.inputs), *(x.id for x in scan.body.nodes))
        if not self.ids.isdisjoint(inside) or not self.ids.isdisjoint(scan.outer_ids()):
            self.ids.add(scan.id)
