"""The inverses that rows name undo their functions, for each argument, whatever the others are."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.derive.inverse import solve
from rnndsl.language.ops.table import OPS, result_type
from rnndsl.plan.attributes import Constant, Dim, Dims, Nothing, Read, Shifted, frozen
from rnndsl.plan.indices import Part
from rnndsl.plan.layouts import Foreign, Layout, LayoutEquation
from rnndsl.plan.model import Graph, Node, TensorType
from rnndsl.text.source import SourceFile, Span
from rnndsl.weights.layouts import values_of

SPAN = Span(SourceFile("m.rnn", "rnn 1"), 0, 5)
ATTRIBUTES = {"concat": Dim(-1), "reshape": Dims((3, 2)), "roll": Shifted(-1)}
OTHERS = {
    "concat": [(2, 3), (2, 1), (2, 2)],
    "stack": [(2, 3)] * 3,
    "reshape": [(2, 3)],
    "transpose": [(2, 3)],
    "roll": [(2, 3)],
}


def solved(op: str, shapes, unknown: set[int], values):
    """The arguments of `op` in `unknown`, from its value and the other arguments."""
    nodes = []
    for i, shape in enumerate(shapes):
        t = TensorType("f64", (), shape)
        nodes.append(Node(f"a{i}", "read", (), Read(f"a{i}"), t, ""))
    types = [x.type for x in nodes]
    attrs = ATTRIBUTES.get(op, Nothing())
    whole = Node("y", op, tuple(x.id for x in nodes), attrs, result_type(op, types, attrs, ()), "")
    forward = Graph((), (*nodes, whole))
    [y] = values_of(forward, {}, values, ["y"])
    for i, shape in enumerate(shapes):
        if i not in unknown:
            nodes[i] = Node(f"a{i}", "literal", (), Constant(frozen(values[f"a{i}"].tolist())), TensorType("f64", (), shape), "")
    part = Foreign("k", tuple(Part(0, n) for n in whole.type.dims), whole.type.dims)
    equation = LayoutEquation((part,), "y", whole.type, "k = y", SPAN)
    found = solve(Layout("l", Graph((), (*nodes, whole)), (equation,)), SPAN)
    ends = [found.values[f"a{i}"][0] for i in sorted(unknown)]
    return values_of(found.graph, {found.inputs[0]: y}, {}, ends)


@pytest.mark.parametrize("op", [name for name, row in OPS.items() if row.inverse])
def test_it_gives_the_arguments_back(op: str) -> None:
    row = OPS[op]
    inverse = row.invert()
    assert inverse is not None
    shapes = OTHERS.get(op) or [(2, 3)] * len(row.tensors)
    r = np.random.default_rng(3)
    values = {f"a{i}": r.uniform(0.5, 2, size=shape) * r.choice([-1, 1], size=shape) for i, shape in enumerate(shapes)}
    ways = [set(range(len(shapes)))] if inverse.of_each else [{i} for i in range(len(shapes))]
    for unknown in ways:
        for i, value in zip(sorted(unknown), solved(op, shapes, unknown, values), strict=True):
            np.testing.assert_allclose(value, values[f"a{i}"], rtol=1e-14, atol=1e-14)
