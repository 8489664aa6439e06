"""Nodes that part a value by columns, found in a graph: the gates of a packed product."""

from __future__ import annotations

from rnndsl.plan.indices import Index
from rnndsl.plan.model import Graph, Node

Columns = tuple[int, int, list[str]]
"""From, up to, and the nodes that select just these."""


def split_columns(graph: Graph, node: Node) -> list[Columns] | None:
    """The parts, in order, of the last dim of what `node` reads, if the nodes that select columns of it part it; else None."""
    if columns(node) is None:
        return None
    found: dict[tuple[int, int], list[str]] = {}
    for each in graph.nodes:
        if isinstance(each, Node) and each.args == node.args and (range_ := columns(each)) is not None:
            found.setdefault(range_, []).append(each.id)
    ordered = sorted(found)
    starts = [start for start, _ in ordered]
    ends = [0, *(stop for _, stop in ordered)]
    whole = starts == ends[:-1] and len(ordered) > 1 and ends[-1] == _width(graph, node.args[0])
    return [(start, stop, found[start, stop]) for start, stop in ordered] if whole else None


def columns(node: Node) -> tuple[int, int] | None:
    """The range of the last dim that `node` selects, if it selects nothing else."""
    part = node.attrs.columns if isinstance(node.attrs, Index) else None
    return None if part is None else (part.start, part.stop)


def _width(graph: Graph, name: str) -> int:
    values = (*graph.inputs, *(n for n in graph.nodes if isinstance(n, Node)))
    return next(v.type.dims[-1] for v in values if v.id == name)
