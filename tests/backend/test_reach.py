"""What a result needs: the plan's reachability, without TensorFlow."""

from __future__ import annotations

from plan_builder import Builder

from rnndsl.plan.model import Scan
from rnndsl.plan.reach import needed_inputs, reach


def two_states() -> tuple[Builder, str, str, str, str]:
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
        b, scanned={xi: x, yi: y}, states=[("a", zero, a, new_a), ("b", b0, c, new_b)], outputs=(new_a,), lengths=n, carry=True
    )
    out, end = g.result(s, "output", new_a, "f32[batch, time]"), g.result(s, "final", "b", "f32[batch]")
    return g, s, out, end, new_a


def test_a_state_is_needed_only_if_it_is_read() -> None:
    g, s, out, end, _ = two_states()
    assert needed_inputs(g.graph(), [out], False, carry=False) == ["x", "n"]
    assert needed_inputs(g.graph(), [end], False, carry=False) == ["x", "y", "b0", "n"]
    assert list(reach(g.graph(), [out], False).scans[s].states) == ["a"]


def test_a_scan_that_carries_needs_all_its_states() -> None:
    g, _, out, _, _ = two_states()
    assert needed_inputs(g.graph(), [out], False) == ["x", "y", "b0", "n"]


def test_training_decides() -> None:
    g = Builder()
    a, b, rate = g.input("f32", "a"), g.input("f32", "b"), g.input("f32", "rate")
    chosen = g.op("if_training", a, b)
    dropped = g.op("dropout", a, rate, stream=1)
    assert needed_inputs(g.graph(), [chosen], True) == ["a"]
    assert needed_inputs(g.graph(), [chosen], False) == ["b"]
    assert needed_inputs(g.graph(), [dropped], True) == ["a", "rate"]
    assert needed_inputs(g.graph(), [dropped], False) == ["a"]
    assert reach(g.graph(), [dropped], True).draws()
    assert not reach(g.graph(), [dropped], False).draws()


def test_a_variable_of_a_scan_is_itself_outside_training() -> None:
    g, b = Builder(), Builder()
    x, xi, old = g.input("f32[time]", "x"), b.input("f32"), b.input("f32")
    moved = b.op("add", xi, old)
    v = g.read("v")
    s = g.scan(b, scanned={xi: x}, variables=[("v", v, old, moved)], outputs=(moved,))
    value = g.result(s, "variable", "v", "f32")
    assert needed_inputs(g.graph(), [value], True) == ["x"]
    assert needed_inputs(g.graph(), [value], False) == []
    assert reach(g.graph(), [value], False).reads() == ["v"]


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
    found = reach(g.graph(), [end], False)
    assert len(found.scans[s].states) == 500
    assert isinstance(next(n for n in found.nodes() if n.id == s), Scan)
