"""What a function needs of its plan in its mode: inputs, scans' states, variables, draws."""

from __future__ import annotations

from rnndsl.derive.mode import specialise
from rnndsl.meaning.verifier import verify
from rnndsl.passes.remove_dead import pruned
from rnndsl.plan.attributes import OfVariable
from rnndsl.plan.model import Graph, Initializer, Named, Scan, all_nodes
from rnndsl.plan.rewriting import draws, reads
from tests.backend.plan_builder import Builder, finished, plan, variable


def chosen(g: Builder, name: str, training: bool) -> Graph:
    """What `name` needs of the graph."""
    mode = specialise(g.graph(), training=training, carry=False)
    return pruned(mode.graph, [mode.of(name)])


def inputs(graph: Graph) -> list[str]:
    return [x.id for x in graph.inputs]


def two_states(**options: object) -> tuple[Builder, str, str]:
    """State `a` follows x, state `b` follows y and reads `a`; the output is `a`'s."""
    g, b = Builder(), Builder()
    x, y = g.input("f32[batch, time]", "x"), g.input("f32[batch, time]", "y")
    b0 = g.input("f32[batch]", "b0")
    n = g.input("i32[batch]", "n")
    xi, yi, a, c = (b.input("f32[batch]") for _ in range(4))
    new_a = b.op("add", xi, a)
    new_b = b.op("add", b.op("add", yi, c), a)
    zero = g.literal(0.0)
    s = g.scan(
        b, scanned={xi: x, yi: y}, states=[("a", zero, a, new_a), ("b", b0, c, new_b)], outputs=(new_a,), lengths=n, **options
    )
    out, end = g.result(s, "output", new_a, "f32[batch, time]"), g.result(s, "final", "b", "f32[batch]")
    return g, out, end


def test_a_state_is_needed_only_if_it_is_read() -> None:
    g, out, end = two_states()
    assert inputs(chosen(g, out, False)) == ["x", "n"]
    assert inputs(chosen(g, end, False)) == ["x", "y", "b0", "n"]
    (scan,) = (n for n in chosen(g, out, False).nodes if isinstance(n, Scan))
    assert [state.name for state in scan.states] == ["a"]


def test_all_states_are_kept_of_a_scan_that_carries() -> None:
    """`predict` keeps both states, so it needs all that they need; `apply` starts afresh and needs what its output needs."""
    g, out, _ = two_states(carry=True)
    kept = [
        variable(f"run/{s}", kind="carried", axes=("batch",), initializer=Initializer(name="zeros"), collections=()) for s in "ab"
    ]
    made = finished(plan(g, variables=tuple(kept), outputs=(Named(name="out", value=out),)))
    verify(made)
    predict, apply = made.function("predict"), made.function("apply")
    assert [x.name for x in predict.inputs] == ["x", "y", "b0", "n"]
    assert [(s.name, s.variable, s.after) for s in predict.steps] == [("run/a/keep", "run/a", ()), ("run/b/keep", "run/b", ())]
    carried = [n for n in predict.graph.nodes if not isinstance(n, Scan) and n.op == "carried"]
    assert [n.told(OfVariable).variable for n in carried] == [
        "run/a",
        "run/b",
    ]
    assert [x.name for x in apply.inputs] == ["x", "n"]
    assert apply.steps == ()
    assert [s.name for s in made.function("reset_states").steps] == ["run/a/clear", "run/b/clear"]


def test_training_decides() -> None:
    g = Builder()
    a, b, rate = g.input("f32", "a"), g.input("f32", "b"), g.input("f32", "rate")
    either = g.op("if_training", a, b)
    dropped = g.op("dropout", a, rate, stream=1)
    assert inputs(chosen(g, either, True)) == ["a"]
    assert inputs(chosen(g, either, False)) == ["b"]
    assert inputs(chosen(g, dropped, True)) == ["a", "rate"]
    assert inputs(chosen(g, dropped, False)) == ["a"]
    assert draws(chosen(g, dropped, True))
    assert not draws(chosen(g, dropped, False))


def test_a_narrower_side_is_spread() -> None:
    g = Builder()
    a, b = g.input("f32[batch, 3]", "a"), g.input("f32[batch, 1]", "b")
    either = g.op("if_training", a, b)
    (node,) = chosen(g, g.op("neg", either), False).nodes[:1]
    assert (node.op, node.args, node.type) == ("broadcast", ("b",), g.types[either])


def test_a_variable_of_a_scan_is_itself_outside_training() -> None:
    g, b = Builder(), Builder()
    x, xi, old = g.input("f32[time]", "x"), b.input("f32"), b.input("f32")
    moved = b.op("add", xi, old)
    v = g.read("v")
    s = g.scan(b, scanned={xi: x}, variables=[("v", v, old, moved)], outputs=(moved,))
    value, output = g.result(s, "variable", "v", "f32"), g.result(s, "output", moved, "f32[time]")
    assert inputs(chosen(g, value, True)) == ["x"]
    assert inputs(chosen(g, value, False)) == []
    assert list(reads(chosen(g, value, False))) == ["v"]
    (scan,) = (n for n in chosen(g, output, False).nodes if isinstance(n, Scan))
    assert not scan.variables and [x.outer for x in scan.given] == [v]


def test_long_chains_and_many_delays() -> None:
    g, b = Builder(), Builder()
    x, xi = g.input("f32[time]", "x"), b.input("f32")
    zero = g.literal(0.0)
    olds = [b.input("f32") for _ in range(500)]
    out = b.op("add", xi, olds[-1])
    states = [(f"h[t-{k + 1}]", zero, old, out if k == 0 else olds[k - 1]) for k, old in enumerate(olds)]
    s = g.scan(b, scanned={xi: x}, states=states, outputs=(out,))
    end = g.result(s, "last", out, "f32")
    for _ in range(5000):
        end = g.op("neg", end)
    graph = chosen(g, end, False)
    (scan,) = (n for n in graph.nodes if isinstance(n, Scan))
    assert len(scan.states) == 500
    assert sum(1 for _ in all_nodes(graph)) == 5004
