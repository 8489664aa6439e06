"""What passes that pack share: slices of the last dim, whose sources are worked on as a whole."""

from __future__ import annotations

from rnndsl.plan.indices import Index, columns
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.rewriting import FreshIds
from rnndsl.records import Immutable, record, replace


@record
class Slice(Immutable):
    """The columns `start` up to `stop` of the value `source`."""

    source: str
    start: int
    stop: int


def slice_of(node: Node) -> Slice | None:
    """What a node selects, if it is columns of the last dim and nothing else."""
    part = node.attrs.columns if isinstance(node.attrs, Index) else None
    return None if part is None else Slice(node.args[0], part.start, part.stop)


def part_of(wanted: Slice, types: dict[str, TensorType], made: list[Node], fresh: FreshIds, place: str) -> str:
    """The id of these columns: the source itself if they are all of it, else a slice that is added to `made`."""
    t = types[wanted.source]
    if (wanted.start, wanted.stop) == (0, t.dims[-1]):
        return wanted.source
    told = columns(len(t.dims), wanted.start, wanted.stop)
    narrow = TensorType(t.dtype, t.axes, (*t.dims[:-1], wanted.stop - wanted.start))
    made.append(Node(fresh.like(wanted.source), "index", (wanted.source,), told, narrow, place))
    return made[-1].id


def as_slice(node: Node, source: str, start: int) -> Node:
    """The value of `node` as columns of `source`, from `start`."""
    told = columns(len(node.type.dims), start, start + node.type.dims[-1])
    return replace(node, op="index", args=(source,), attrs=told)
