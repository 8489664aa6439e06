"""What `explain --passes` tells: why what is dear stays in a loop, for each reason that there is, with nothing passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from rnndsl.language.ops.table import has
from rnndsl.passes import PASSES
from rnndsl.passes.account import Why, changes, left
from rnndsl.passes.hoist_inputs import Hindrance
from rnndsl.plan.model import Graph, Node, Scan
from tests.compiling import plan_of

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.rnn"))
CELL = """
cell C() {{
  input x: [3]
  given all: [batch, time, 3]
  state h: [3] = zeros
  state done: bool[] = false
  param w: [3, 3]
  param v: [3, 3]
  h = {}
  done = done[t-1] or max(h, over = last) > 5.0
  output h
}}
model m {{
  input x: f32[batch, time, 3]
  input n: i32[batch]
  layer c = C()
  run = scan(c, x, given = (all = x){})
  output run
}}
"""
REASONS: dict[tuple[Why, str], tuple[str, str]] = {
    ("state", "matmul"): ("tanh(x + h[t-1] @ w)", ""),
    ("random", "matmul"): ("h[t-1] + (x + random_normal(x)) @ w", ""),
    ("random", "random_normal"): ("h[t-1] + (x + random_normal(x)) @ w", ""),
    ("step_by_step", "matmul"): ("h[t-1] + (x + mean(all * x, over = time)) @ w", ""),
    ("may_fail", "gather"): ("h[t-1] + gather(w, cast(x[0], i32))", ", until = done"),
    ("grows", "matmul"): ("h[t-1] + x @ outer(x, x)", ""),
    ("rows_meet", "matmul"): ("h[t-1] + (x - mean(x, over = batch)) @ w", ", lengths = n, reverse = true"),
    ("changing_matrix", "matmul"): ("h[t-1] @ w + h[t-1] @ outer(x, x)", ""),
    ("only_product", "matmul"): ("tanh(h[t-1] @ w) @ v", ""),
}
"""What the account says of which operation, of a cell's equation and the options of its scan."""


@pytest.mark.parametrize(("told", "spec"), REASONS.items(), ids=lambda x: "-".join(x) if x in REASONS else "")
def test_each_reason(told: tuple[Why, str], spec: tuple[str, str]) -> None:
    function = plan_of(CELL.format(*spec), 1).function("predict")
    assert told in {(x.why, x.node.op) for x in left(function, ())}


def test_nothing_is_told_where_nothing_is_left() -> None:
    function = plan_of(CELL.format("tanh(x @ w + h[t-1])", ""), 1).function("predict")
    assert [*left(function, ())] == []


def test_the_reasons_are_all() -> None:
    known = {*get_args(Hindrance), "state", "changing_matrix", "only_product"}
    assert {why for why, _ in REASONS} == known


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_what_is_dear_in_a_loop_has_a_reason(path: Path) -> None:
    for function in plan_of(path, 1).functions:
        dear = {x.id for x in _in_loops(function.graph) if has(x.op, "heavy") or has(x.op, "random")}
        assert dear == {x.node.id for x in left(function, ())}, function.name


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_what_has_moved_is_in_a_loop_no_more(path: Path) -> None:
    for function in plan_of(path).functions:
        for name, change in PASSES:
            after = change(function)
            moved = {x.node.id for x in changes(function, after) if x.deed == "moved"}
            assert moved <= {x.id for x in _in_loops(function.graph)}, name
            assert moved.isdisjoint(x.id for x in _in_loops(after.graph)), name
            function = after


def _in_loops(graph: Graph, *, inside: bool = False) -> Iterator[Node]:
    for node in graph.nodes:
        if isinstance(node, Scan):
            yield from _in_loops(node.body, inside=True)
        elif inside:
            yield node
