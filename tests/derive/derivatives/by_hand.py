"""Graphs by hand, differentiated and interpreted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.meaning.interpret_scan import run_scan
from rnndsl.meaning.interpreter import Context, Frame
from rnndsl.plan.model import Graph
from rnndsl.plan.stretches import lengths_told
from tests.backend.plan_builder import ORDER
from tests.derive.derivatives.checking import REACH, slope
from tests.lowering import Reads

Array = NDArray[np.float64]


def values(graph: Graph, ids: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
    """What the interpreter makes of `ids`."""

    def nothing(path: str) -> Array:
        raise KeyError(path)

    frame = Frame(Context(ORDER, Reads(nothing), run_scan, True), graph, dict(feeds), dict(lengths_told(graph)), 0)  # type: ignore[arg-type]
    with np.errstate(all="ignore"):
        frame.run(ids)
    return [frame.values[x].array for x in ids]


def derived(graph: Graph, seeds: Mapping[str, str], by: Sequence[str]) -> tuple[Graph, list[str]]:
    """The graph with the cotangents of `by`."""
    made, found = vjp(graph, seeds, by, ORDER)
    return made, [found[x] for x in by]


def difference(graph: Graph, loss: str, feeds: Mapping[str, Array], by: str, way: Array, step: float = 1e-3) -> float:
    """How `loss` changes as `by` goes a way."""

    def at(steps: int) -> Array:
        return values(graph, [loss], {**feeds, by: feeds[by] + steps * step * way})[0]

    return float(slope([at(k) for k in REACH], step))
