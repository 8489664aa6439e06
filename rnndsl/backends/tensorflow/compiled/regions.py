"""Which parts of a graph XLA compiles: each scan that it can have, with the elementwise work next to it.

Products over all steps stay TensorFlow's own, which are faster than XLA's on a CPU. What is compiled and what is not take turns: a
**stage** is a stretch of work of one kind with none of the other kind in between, and a region is what hangs together in a stage.
So a region can be called as one function, once all that it reads is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from rnndsl.language.ops.table import OPS, has
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Graph, Node, Scan, all_nodes
from rnndsl.plan.rewriting import types_of, used_ids
from rnndsl.records import Immutable, record

Stages = dict[str, int]
Needs = Mapping[str, Collection[str]]
"""By the id of a node, of which others it comes after."""
_SMALL = 40
"""Rows of a matrix that XLA decomposes as fast as TensorFlow: 0.2 ms with 34, 5.6 to 0.2 with 100, 78 to 0.6 with 329."""


@record
class Region(Immutable):
    """Nodes that are compiled as one, in order. `reads`: ids of what comes from around; `gives`: of what is read there."""

    nodes: tuple[Node | Scan, ...]
    reads: tuple[str, ...]
    gives: tuple[str, ...]

    @property
    def scanned(self) -> set[str]:
        """The axes of its scans, and of those in their bodies."""
        return {node.axis for node in all_nodes(Graph((), self.nodes)) if isinstance(node, Scan)}

    @property
    def about(self) -> set[str]:
        """The axes along which an operation works, in bodies too: it must see their true lengths."""
        return {axis for node in self.inner() for axis in node.attrs.about}

    @property
    def drawn(self) -> tuple[tuple[str, ...], ...]:
        """The axes of what is drawn at random."""
        return tuple(node.type.axes for node in self.inner() if has(node.op, "random"))

    def inner(self) -> Iterator[Node]:
        """Its nodes, and those of its scans' bodies."""
        return (node for node in all_nodes(Graph((), self.nodes)) if isinstance(node, Node))


def parts(graph: Graph, ends: Iterable[str]) -> list[Node | Scan | Region]:
    """The nodes of `graph` in an order in which each can be run, those that are compiled in regions. `ends`: what is read of it."""
    compiled, needs = _compiled(graph), _needs(graph)
    stages = _stages(graph, compiled, needs)
    _postpone(graph, compiled, needs, stages)
    regions = _regions(graph, compiled, needs, stages, set(ends))
    turns: dict[tuple[int, bool], dict[str, Node | Scan | Region]] = {}
    for node in graph.nodes:
        part = regions.get(node.id, node)
        name = part.gives[0] if isinstance(part, Region) else node.id
        turns.setdefault((stages[node.id], node.id in compiled), {}).setdefault(name, part)
    return [part for turn in sorted(turns) for part in turns[turn].values()]


# ---- what is compiled


def _compiled(graph: Graph) -> set[str]:
    """The ids of the nodes that XLA may have. A result is part of its scan."""
    found: set[str] = set()
    for node in graph.nodes:
        if isinstance(node, Node) and isinstance(node.attrs, Result):
            compiles = node.args[0] in found
        else:
            compiles = _scan_compiles(node) if isinstance(node, Scan) else _node_compiles(node)
        if compiles:
            found.add(node.id)
    return found


def _scan_compiles(scan: Scan) -> bool:
    """How many steps there are must follow from the shapes, as the room for their values does. What is in the body of a scan that
    XLA cannot have is looked at by itself."""
    nodes = list(all_nodes(Graph((), (scan,))))
    if any(isinstance(x, Node) and _is_decomposition(x) for x in nodes):
        return False
    return all(not isinstance(x.steps, str) if isinstance(x, Scan) else _same_compiled(x) or _drawn_alike(x) for x in nodes)


def _is_decomposition(node: Node) -> bool:
    """Whether a matrix is decomposed that is not small: XLA takes up to a hundred times as long on a CPU as TensorFlow does."""
    return has(node.op, "heavy") and has(node.op, "singular") and max(node.type.dims, default=0) > _SMALL


def _node_compiles(node: Node) -> bool:
    """A function of each position alone, with arguments: constants are written down where they are read."""
    by_position = has(node.op, "elementwise") or has(node.op, "moves") or OPS[node.op].kind == "reduction"
    return bool(node.args) and by_position and not node.attrs.about and _same_compiled(node)


def _same_compiled(node: Node) -> bool:
    """Whether it does the same: compiled, nothing fails on bad values, and TensorFlow's random numbers are others."""
    traits = ("can_fail", "can_fail_on_whole_numbers", "random", "once")
    return not any(has(node.op, trait) for trait in traits)


def _drawn_alike(node: Node) -> bool:
    """Whether it draws what is the same up to rounding. A choice by numbers that are rounded may be another one."""
    return has(node.op, "random") and node.type.dtype in FLOATS


def _is_constant(node: Node | Scan) -> bool:
    """Whether a node is written down wherever it is read."""
    return isinstance(node, Node) and has(node.op, "constant") and not node.attrs.about


# ---- stages


def _needs(graph: Graph) -> Needs:
    """What has to be there before each node: all that it uses, and what first has an axis that it has and none of its arguments."""
    types = types_of(graph)
    first = {axis: x.id for x in reversed(graph.inputs) for axis in x.type.axes}
    needs: dict[str, list[str]] = {}
    for node in graph.nodes:
        needs[node.id] = [*used_ids(node)]
        if isinstance(node, Scan):
            continue
        axes = {*node.type.axes, *node.attrs.about}
        lacking = axes.difference(*(types[x].axes for x in node.args if x in types))
        needs[node.id] += [first[axis] for axis in sorted(lacking) if axis in first]
        first.update((axis, node.id) for axis in node.type.axes if axis not in first)
    return needs


def _stages(graph: Graph, compiled: Collection[str], needs: Needs) -> Stages:
    """The earliest stage of each node. In a stage, what is not compiled comes first."""
    stages: Stages = {}
    for node in graph.nodes:
        before = [(stages[x], x in compiled) for x in needs[node.id] if x in stages]
        wait = node.id not in compiled
        stages[node.id] = max((stage + (1 if of_region and wait else 0) for stage, of_region in before), default=0)
    return stages


def _postpone(graph: Graph, compiled: Collection[str], needs: Needs, stages: Stages) -> None:
    """What is computed place by place moves to the stage of what reads it: then that is computed with it, not handed over. So does
    a leaf, which may be about an axis that a scan makes."""
    latest: Stages = {}
    for node in reversed(graph.nodes):
        if node.id in latest and _moves(node, compiled):
            stages[node.id] = max(stages[node.id], latest[node.id])
        before = stages[node.id] - (0 if node.id in compiled else 1)
        for name in needs[node.id]:
            latest[name] = min(latest.get(name, before), before)


def _moves(node: Node | Scan, compiled: Collection[str]) -> bool:
    if isinstance(node, Scan) or isinstance(node.attrs, Result):
        return False
    return node.id in compiled or not node.args


# ---- regions


def _regions(graph: Graph, compiled: Collection[str], needs: Needs, stages: Stages, ends: Collection[str]) -> Mapping[str, Region]:
    """For each node that is in a region, that: the parts of a stage that hang together and have a scan."""
    group: dict[str, str] = {}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for node in graph.nodes:
        if node.id not in compiled:
            continue
        group[node.id] = node.id
        for name in needs[node.id]:
            if name in group and stages[name] == stages[node.id]:
                group[root(name)] = root(node.id)
    members: dict[str, list[Node | Scan]] = {}
    for node in graph.nodes:
        if node.id in group:
            members.setdefault(root(node.id), []).append(node)
    constants = {node.id: node for node in graph.nodes if _is_constant(node)}
    readers: dict[str, set[str]] = {}
    for node in graph.nodes:
        for name in used_ids(node):
            readers.setdefault(name, set()).add(node.id)
    found: dict[str, Region] = {}
    for nodes in members.values():
        if any(isinstance(node, Scan) for node in nodes):
            region = _region(nodes, constants, readers, ends)
            found.update((node.id, region) for node in nodes)
    return found


def _region(
    nodes: list[Node | Scan], constants: Mapping[str, Node | Scan], readers: Mapping[str, set[str]], ends: Collection[str]
) -> Region:
    own = {node.id for node in nodes}
    used = list(dict.fromkeys(x for node in nodes for x in used_ids(node) if x not in own))
    written = tuple(constants[x] for x in used if x in constants)
    gives = [n.id for n in nodes if isinstance(n, Node) and (n.id in ends or not readers.get(n.id, set()) <= own)]
    return Region((*written, *nodes), tuple(x for x in used if x not in constants), tuple(gives))
