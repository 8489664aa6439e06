"""Scans against loops in NumPy: lengths, masks with gaps, both directions, ends, states of any kind."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from plan_builder import Builder, t
from plan_models import lstm_cell, lstm_variables
from run_plan import MODES, run

from rnndsl.backends.tensorflow.tensorflow_module import tf

pytestmark = pytest.mark.tf

R = np.random.default_rng(11)


def rnn(dtype: str = "f64", **options: Any) -> tuple[Builder, dict[str, str]]:
    """h = tanh(x + 0.5 h[t-1]) over x [batch, time, 2], h0 given."""
    g, b = Builder(), Builder()
    x, h0 = g.input(f"{dtype}[batch, time, 2]", "x"), g.input(f"{dtype}[2]", "h0")
    for name, kind in (("n", "i32[batch]"), ("m", "bool[batch, time]")):
        g.input(kind, name)
    xi, h = b.input(f"{dtype}[batch, 2]"), b.input(f"{dtype}[batch, 2]")
    new = b.op("tanh", b.op("add", xi, b.op("mul", h, b.literal(0.5, dtype))))
    s = g.scan(b, scanned={xi: x}, states=[("h", h0, h, new)], outputs=(new,), **options)
    return g, {
        "output": g.result(s, "output", new, f"{dtype}[batch, time, 2]"),
        "last": g.result(s, "last", new, f"{dtype}[batch, 2]"),
        "final": g.result(s, "final", "h", f"{dtype}[batch, 2]"),
    }


def rnn_loop(x: np.ndarray, h0: np.ndarray, valid: np.ndarray, order: list[list[int]], hold: bool = False) -> list[np.ndarray]:
    """`valid` [batch, time]; `order[b]`: positions in the order in which row b is read."""
    output, last, final = np.zeros_like(x), np.zeros((len(x), 2)), np.broadcast_to(h0, (len(x), 2)).copy()
    for b in range(len(x)):
        for at in order[b]:
            if valid[b, at]:
                final[b] = np.tanh(x[b, at] + 0.5 * final[b])
                last[b] = final[b]
            if valid[b, at] or hold:
                output[b, at] = last[b]
    return [output, last, final]


X, H0 = R.normal(size=(3, 5, 2)), R.normal(size=2)
N = np.array([3, 0, 5], np.int32)
M = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 0, 1]], bool)


def reading_order(reverse: bool, lengths: np.ndarray | None) -> list[list[int]]:
    """Reversed: from the end of the sequence, its padding after it."""
    if not reverse:
        return [list(range(5)) for _ in range(3)]
    ends = lengths if lengths is not None else np.full(3, 5)
    return [[*reversed(range(n)), *range(n, 5)] for n in ends]


CASES = [
    (mode, reverse, hold, lengths, mask) for mode, reverse, hold, lengths, mask in itertools.product(MODES, *[[False, True]] * 4)
]


@pytest.mark.parametrize(("mode", "reverse", "hold", "lengths", "mask"), CASES)
def test_scan(mode: str, reverse: bool, hold: bool, lengths: bool, mask: bool) -> None:
    g, r = rnn(reverse=reverse, hold=hold, lengths="n" if lengths else None, mask="m" if mask else None)
    valid = np.ones((3, 5), bool)
    if lengths:
        valid &= np.arange(5) < N[:, None]
    if mask:
        valid &= M
    found = run(g, list(r.values()), {"x": X, "h0": H0, "n": N, "m": M}, mode=mode)
    expected = rnn_loop(X, H0, valid, reading_order(reverse, N if lengths else None), hold)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("length", [0, 1])
def test_no_time_and_one_step(mode: str, length: int) -> None:
    g, r = rnn()
    output, last, final = run(g, list(r.values()), {"x": X[:, :length], "h0": H0}, mode=mode)
    assert output.shape == (3, length, 2)
    one = np.tanh(X[:, 0] + 0.5 * H0)
    np.testing.assert_allclose(last, one if length else np.zeros((3, 2)))
    np.testing.assert_allclose(final, one if length else np.broadcast_to(H0, (3, 2)))


@pytest.mark.parametrize("mode", MODES)
def test_empty_batch(mode: str) -> None:
    g, r = rnn()
    shapes = [x.shape for x in run(g, list(r.values()), {"x": X[:0], "h0": H0}, mode=mode)]
    assert shapes == [(0, 5, 2), (0, 2), (0, 2)]


def test_lengths_beyond_the_end_are_the_end() -> None:
    g, r = rnn(lengths="n", reverse=True)
    feeds = {"x": X, "h0": H0}
    long = run(g, list(r.values()), {**feeds, "n": np.array([9, 5, 5], "i4")})
    full = run(g, list(r.values()), {**feeds, "n": np.array([5, 5, 5], "i4")})
    for a, b in zip(long, full, strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_lengths_or_mask_nothing_is_selected_per_step() -> None:
    g, r = rnn()
    graph = _traced(g, list(r.values()))
    ops = [node.op for f in graph.library.function for node in f.node_def]
    assert "SelectV2" not in ops and "TensorListSetItem" in ops


def test_outputs_are_stacked_only_if_asked_for() -> None:
    g, r = rnn()
    graph = _traced(g, [r["last"]])
    assert "TensorListSetItem" not in [node.op for f in graph.library.function for node in f.node_def]


def _traced(g: Builder, ids: list[str]) -> Any:
    from plan_builder import plan

    from tests.lowering import lowered

    def compute(x: Any, h0: Any) -> Any:
        return lowered(plan(g), ids, {"x": x, "h0": h0}, lambda p: None)

    specs = [tf.TensorSpec([None, None, 2], tf.float64), tf.TensorSpec([2], tf.float64)]
    return tf.function(compute, autograph=False).get_concrete_function(*specs).graph.as_graph_def()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("reverse", [False, True])
def test_lstm(mode: str, reverse: bool) -> None:
    g = Builder()
    x, n = g.input("f64[batch, time, 3]", "x"), g.input("i32[batch]", "n")
    b, xi, h, c, new_h, new_c = lstm_cell(3, 4, "f64")
    zero = g.literal(0.0, "f64")
    s = g.scan(
        b, scanned={xi: x}, states=[("h", zero, h, new_h), ("c", zero, c, new_c)], outputs=(new_h,), lengths=n, reverse=reverse
    )
    ids = [g.result(s, "output", new_h, "f64[batch, time, 4]"), g.result(s, "final", "c", "f64[batch, 4]")]
    w = {v.path: R.normal(size=v.shape) for v in lstm_variables(3, 4, "f64")}
    xs, lengths = R.normal(size=(3, 5, 3)), np.array([5, 2, 4], "i4")
    output, final = run(g, ids, {"x": xs, "n": lengths}, reads=w, mode=mode)

    def sigmoid(a: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-a))

    for row in range(3):
        hs, cs, outputs = np.zeros(4), np.zeros(4), np.zeros((5, 4))
        steps = list(range(lengths[row]))
        for at in reversed(steps) if reverse else steps:
            a = {
                k: xs[row, at] @ w[f"lstm/{k}/wx"] + hs @ w[f"lstm/{k}/wt"] + w[f"lstm/{k}/bi"]
                for k in ("input_gate", "forget_gate", "memory_cell", "output_gate")
            }
            cs = sigmoid(a["forget_gate"]) * cs + sigmoid(a["input_gate"]) * np.tanh(a["memory_cell"])
            hs = sigmoid(a["output_gate"]) * np.tanh(cs)
            outputs[at] = hs
        np.testing.assert_allclose(output[row], outputs, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(final[row], cs, rtol=1e-9)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("steps", ["number", "input"])
def test_steps_without_a_scanned_input(mode: str, steps: str) -> None:
    """h doubles, starting from `start` [batch]; an i32 state counts."""
    g, b = Builder(), Builder()
    start, n = g.input("f32[batch]", "start"), g.input("i32", "steps")
    h, k = b.input("f32[batch]"), b.input("i32[batch]")
    new_h, new_k = b.op("add", h, h), b.op("add", k, b.literal(1, "i32"))
    zero = g.literal(0, "i32")
    s = g.scan(b, states=[("h", start, h, new_h), ("k", zero, k, new_k)], outputs=(new_h,), steps=n if steps == "input" else 3)
    ids = [g.result(s, "output", new_h, "f32[batch, time]"), g.result(s, "final", "k", "i32[batch]")]
    output, count = run(g, ids, {"start": np.array([1, 3]), "steps": np.array(3)}, mode=mode)
    assert output.tolist() == [[2, 4, 8], [6, 12, 24]]
    assert count.tolist() == [3, 3]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("hold", [False, True])
def test_until_ends_a_row(mode: str, hold: bool) -> None:
    """h doubles until it reaches 8: the step that reaches it counts, later ones do not, and the loop ends early."""
    g, b = Builder(), Builder()
    start = g.input("f32[batch]", "start")
    h, done = b.input("f32[batch]"), b.input("bool[batch]")
    new = b.op("add", h, h)
    over = b.op("ge", new, b.literal(8.0))
    no = g.literal(False, "bool")
    s = g.scan(b, states=[("h", start, h, new), ("done", no, done, over)], outputs=(new,), steps=6, until="done", hold=hold)
    ids = [
        g.result(s, "output", new, "f32[batch, time]"),
        g.result(s, "last", new, "f32[batch]"),
        g.result(s, "final", "h", "f32[batch]"),
    ]
    output, last, final = run(g, ids, {"start": np.array([1, 3, 9])}, mode=mode)
    rest = np.array([8, 12, 18]) if hold else np.zeros(3)
    expected = [[2, 4, 8, *[rest[0]] * 3], [6, 12, *[rest[1]] * 4], [18, *[rest[2]] * 5]]
    np.testing.assert_array_equal(output, expected)
    assert last.tolist() == final.tolist() == [8, 12, 18]


@pytest.mark.parametrize("mode", MODES)
def test_given_is_the_same_at_every_step(mode: str) -> None:
    """Dot-product attention over a memory [batch, src, 2] at each step."""
    g, b = Builder(), Builder()
    x, memory = g.input("f64[batch, time, 2]", "x"), g.input("f64[batch, src, 2]", "memory")
    xi, mem, h = b.input("f64[batch, 2]"), b.input("f64[batch, src, 2]"), b.input("f64[batch, 2]")
    query = b.op("add", xi, h)
    weights = b.op("softmax", b.op("dot", mem, query), over="src")
    new = b.op("sum", b.op("mul", b.op("reshape", weights, dims=[1]), mem), axes=["src"])
    s = g.scan(b, scanned={xi: x}, given={mem: memory}, states=[("h", g.literal(0.0, "f64"), h, new)], outputs=(new,))
    xs, ms = R.normal(size=(2, 4, 2)), R.normal(size=(2, 3, 2))
    found = run(g, [g.result(s, "output", new, "f64[batch, time, 2]")], {"x": xs, "memory": ms}, mode=mode)[0]
    hs, expected = np.zeros((2, 2)), []
    for at in range(4):
        e = np.exp(np.einsum("bsn,bn->bs", ms, xs[:, at] + hs))
        hs = np.einsum("bs,bsn->bn", e / e.sum(1, keepdims=True), ms)
        expected.append(hs)
    np.testing.assert_allclose(found, np.stack(expected, 1), rtol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_scan_within_a_scan(mode: str) -> None:
    """For each step of `time`, a running sum over `src` that starts from the outer state; the outer state is its end."""
    g, outer, inner = Builder(), Builder(), Builder()
    x = g.input("f64[batch, time, src]", "x")
    value, total = inner.input("f64[batch]"), inner.input("f64[batch]")
    summed = inner.op("add", value, inner.op("mul", total, inner.literal(0.5, "f64")))
    row, h = outer.input("f64[batch, src]"), outer.input("f64[batch]")
    s = outer.scan(inner, scanned={value: row}, states=[("s", h, total, summed)], outputs=(summed,), axis="src", path="inner")
    end = outer.result(s, "final", "s", "f64[batch]")
    s = g.scan(outer, scanned={row: x}, states=[("h", g.literal(0.0, "f64"), h, end)], outputs=(end,))
    xs = R.normal(size=(2, 3, 4))
    found = run(g, [g.result(s, "output", end, "f64[batch, time]")], {"x": xs}, mode=mode)[0]
    hs, expected = np.zeros(2), []
    for at in range(3):
        for k in range(4):
            hs = xs[:, at, k] + 0.5 * hs
        expected.append(hs)
    np.testing.assert_allclose(found, np.stack(expected, 1))


@pytest.mark.parametrize("mode", MODES)
def test_several_leading_axes_with_lengths_in_reverse(mode: str) -> None:
    g, b = Builder(), Builder()
    x, n = g.input("f64[batch, time, src]", "x"), g.input("i32[batch, src]", "n")
    xi, h = b.input("f64[batch, src]"), b.input("f64[batch, src]")
    new = b.op("add", xi, b.op("mul", h, b.literal(2.0, "f64")))
    s = g.scan(b, scanned={xi: x}, states=[("h", g.literal(0.0, "f64"), h, new)], outputs=(new,), lengths=n, reverse=True)
    xs, lengths = R.normal(size=(2, 4, 3)), np.array([[1, 2, 3], [4, 0, 2]], "i4")
    found = run(g, [g.result(s, "output", new, "f64[batch, time, src]")], {"x": xs, "n": lengths}, mode=mode)[0]
    expected = np.zeros_like(xs)
    for i in range(2):
        for j in range(3):
            total = 0.0
            for at in reversed(range(lengths[i, j])):
                total = xs[i, at, j] + 2 * total
                expected[i, at, j] = total
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_batch(mode: str) -> None:
    """Time alone, with scalar lengths."""
    g, b = Builder(), Builder()
    x, n = g.input("f64[time]", "x"), g.input("i32", "n")
    xi, h = b.input("f64"), b.input("f64")
    new = b.op("add", xi, h)
    s = g.scan(b, scanned={xi: x}, states=[("h", g.literal(0.0, "f64"), h, new)], outputs=(new,), lengths=n, reverse=True)
    found = run(g, [g.result(s, "output", new, "f64[time]")], {"x": np.arange(1, 6), "n": np.array(3)}, mode=mode)[0]
    assert found.tolist() == [6, 5, 3, 0, 0]


@pytest.mark.parametrize("mode", MODES)
def test_variable_updated_within_a_scan(mode: str) -> None:
    """In training a running mean is carried from step to step, kept where no row is valid, and read by the body as it goes."""
    g, b = Builder(), Builder()
    x, n = g.input("f64[batch, time]", "x"), g.input("i32[batch]", "n")
    xi, old = b.input("f64[batch]"), b.input("f64")
    moved = b.op(
        "add", b.op("mul", old, b.literal(0.5, "f64")), b.op("mul", b.op("mean", xi, axes=["batch"]), b.literal(0.5, "f64"))
    )
    out = b.op("sub", xi, old)
    v = g.read("norm/mean", dtype="f64")
    s = g.scan(b, scanned={xi: x}, variables=[("norm/mean", v, old, moved)], outputs=(out,), lengths=n)
    ids = [g.result(s, "output", out, "f64[batch, time]"), g.result(s, "variable", "norm/mean", "f64")]
    xs, feeds = R.normal(size=(2, 4)), {"n": np.array([3, 2], "i4")}
    reads = {"norm/mean": np.array(0.7)}
    output, mean = run(g, ids, {"x": xs, **feeds}, reads=reads, training=True, mode=mode)
    value, expected = 0.7, np.zeros((2, 4))
    for at in range(3):
        for row in range(2):
            expected[row, at] = xs[row, at] - value if at < feeds["n"][row] else 0
        value = 0.5 * value + 0.5 * xs[:, at].mean()
    np.testing.assert_allclose(output, expected)
    np.testing.assert_allclose(mean, value)
    output, mean = run(g, ids, {"x": xs, **feeds}, reads=reads, mode=mode)
    np.testing.assert_allclose(output, np.where(np.arange(4) < feeds["n"][:, None], xs - 0.7, 0))
    assert mean == 0.7


@pytest.mark.parametrize("mode", MODES)
def test_draws_differ_by_step_and_call_and_repeat_by_counter(mode: str) -> None:
    g, b = Builder(), Builder()
    x = g.input("f32[batch, time, 50]", "x")
    xi = b.input("f32[batch, 50]")
    drawn = b.op("random_uniform", xi, stream=2**62 + 5)
    s = g.scan(b, scanned={xi: x}, outputs=(drawn,))
    ids = [g.result(s, "output", drawn, "f32[batch, time, 50]")]
    feeds = {"x": np.zeros((2, 3, 50))}
    first, again, later = (run(g, ids, feeds, counter=k, mode=mode)[0] for k in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(np.concatenate([first, later]))) > 590
    assert first.min() >= 0 and first.max() < 1


def test_dropout_scales_what_it_keeps() -> None:
    g = Builder()
    x, rate = g.input("f32[batch, 1000]", "x"), g.literal(0.3)
    dropped = g.op("dropout", x, rate, stream=3)
    feeds = {"x": np.ones((4, 1000))}
    found = run(g, [dropped], feeds, training=True)[0]
    np.testing.assert_allclose(found[found > 0], 1 / 0.7, rtol=1e-6)
    assert abs((found == 0).mean() - 0.3) < 0.03
    np.testing.assert_array_equal(run(g, [dropped], feeds)[0], feeds["x"])
    g.nodes.clear()
    everything = g.op("dropout", x, g.literal(1.0), stream=3)
    assert not run(g, [everything], feeds, training=True)[0].any()


def test_bernoulli_and_categorical_and_normal() -> None:
    g = Builder()
    p, logits, like = g.input("f32[batch]", "p"), g.input("f32[batch, 3]", "logits"), g.input("f64[batch]", "like")
    ids = [g.op("bernoulli", p, stream=1), g.op("categorical", logits, stream=2), g.op("random_normal", like, stream=3)]
    weights = np.array([0.2, 0.3, 0.5])
    feeds = {"p": np.full(5000, 0.25), "logits": np.tile(np.log(weights), (5000, 1)), "like": np.zeros(5000)}
    coins, picks, normal = run(g, ids, feeds)
    assert abs(coins.mean() - 0.25) < 0.02 and set(np.unique(coins)) == {0, 1}
    np.testing.assert_allclose(np.bincount(picks) / 5000, weights, atol=0.03)
    assert abs(normal.mean()) < 0.06 and abs(normal.std() - 1) < 0.04 and normal.dtype == np.float64


def test_types_of_the_test_helper() -> None:
    assert str(t("f32[batch, time, 3]")) == "f32[batch, time, 3]"


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "f64"])
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 7), (0,)], ids=str)
def test_the_interpreter_draws_the_same_numbers(dtype: str, shape: tuple[int, ...]) -> None:
    """Bit for bit where a draw is a fraction of its bits; within rounding where logarithms are taken of it. `run` compares them."""
    g = Builder()
    like = g.input(f"{dtype}[{', '.join(map(str, shape))}]", "like")
    ids = [g.op("random_uniform", like, stream=2**61 + 9), g.op("random_normal", like, stream=7)]
    ids.append(g.op("dropout", g.op("ones_like", like), g.literal(0.25, dtype), stream=8))
    ids.append(g.op("categorical", like, stream=9))
    for counter in (0, 1, 2**40 + 3):
        uniform, *_ = run(g, ids[: 3 if 0 in shape else 4], {"like": np.zeros(shape)}, training=True, counter=counter)
        assert np.all((uniform >= 0) & (uniform < 1))
