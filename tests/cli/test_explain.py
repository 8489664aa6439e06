"""`rnndsl explain` of every spec: each trained variable has its derivative, and each value that is read its equation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rnndsl.plan.equations import Equations
from rnndsl.plan.model import Graph, Node, Scan
from tests.compiling import plan_of

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.rnn"))
VALUE = re.compile(r"\bv\d+\b'*")


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
@pytest.mark.parametrize("level", [0, 1])
def test_what_is_read_is_written(path: Path, level: int) -> None:
    plan = plan_of(path, level)
    for function in plan.functions:
        written: set[str] = set()
        for line in Equations(function.graph, plan.names, function.ends()).lines(function.graph.nodes):
            name, equals, value = line.strip().partition(" = ")
            read = VALUE.findall(value if equals else line)
            assert set(read) <= written, (function.name, line)
            if equals and not name.startswith("next "):
                assert name not in written, (function.name, line)
                written.add(name)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_everything_is_told(path: Path) -> None:
    """All that is computed stands in an equation: as many operators and calls as there are nodes."""
    plan = plan_of(path, 0)
    for function in plan.functions:
        equations = Equations(function.graph, plan.names, function.ends())
        text = "\n".join([*equations.lines(function.graph.nodes), *map(equations.name, function.ends())])
        calls = [node.op for node in _nodes(function.graph) if not node.attrs.said() and f"{node.op}(" in text]
        for op in set(calls):
            assert len(re.findall(rf"\b{op}\(", text)) >= calls.count(op), (function.name, op)


def _nodes(graph: Graph) -> list[Node]:
    found: list[Node] = []
    for node in graph.nodes:
        found += _nodes(node.body) if isinstance(node, Scan) else [node]
    return found
