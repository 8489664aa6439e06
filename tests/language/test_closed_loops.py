"""Closed loops: beside loops in NumPy written from the equations, beside plain scans, and what a teacher is heard of."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import module_of, plan_of
from tests.derive.running import run
from tests.language.section_7_10.examples import initial_values, interpreted
from tests.plan.interpreting import interpret

DECODER = """
cell Decoder(units: int, words: int) {
  input x: [n]
  given context: [m]
  layer inner = LSTM(units)
  layer head = Dense(words)
  logits = head(inner(concat([x, context])))
  output logits
  output word = argmax(logits)
}
"""
GREEDY = f"""{DECODER}
model m with (dtype = f64, seed = 3) {{
  input start: i32[batch]
  input context: f64[batch, 2]
  axis step
  layer embedding = Embedding(7, 3) with (init = normal(stddev = 2.0))
  layer decoder = Decoder(4, 7) with (init = normal(stddev = 1.5))
  fn next(y) = embedding(y.word)
  run = scan(decoder, feed = next, first = embedding(start), steps = 9, along = step, given = (context = context))
  output logits = run
  output words = run.word
  output c = run.final.inner.c
}}
"""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(v, x, h, c, at="decoder/inner"):
    """Hochreiter & Schmidhuber 1997 with forget gates, as the README has it."""
    gate = {
        name: x @ v[f"{at}/{name}/wx"] + h @ v[f"{at}/{name}/wt"] + v[f"{at}/{name}/bi"]
        for name in ("input_gate", "forget_gate", "memory_cell", "output_gate")
    }
    c = sigmoid(gate["forget_gate"] + 1) * c + sigmoid(gate["input_gate"]) * np.tanh(gate["memory_cell"])
    return sigmoid(gate["output_gate"]) * np.tanh(c), c


def greedy(v, start, context, steps=9):
    h, c = np.zeros((len(start), 4)), np.zeros((len(start), 4))
    word, logits, words = start, [], []
    for _ in range(steps):
        h, c = lstm(v, np.concatenate([v["embedding/table"][word], context], 1), h, c)
        logits.append(h @ v["decoder/head/kernel"] + v["decoder/head/bias"])
        word = logits[-1].argmax(1)
        words.append(word)
    return np.stack(logits, 1), np.stack(words, 1), c


INPUTS = {"start": np.array([0, 3, 6], np.int32), "context": np.random.default_rng(0).normal(size=(3, 2))}


def test_a_free_loop_is_a_loop_in_numpy():
    logits, words, c = greedy(initial_values(plan_of(GREEDY)), INPUTS["start"], INPUTS["context"])
    found = interpreted(GREEDY, INPUTS)
    assert len(set(words.ravel())) > 2, "the words say something"
    assert np.array_equal(found["words"], words)
    np.testing.assert_allclose(found["logits"], logits, rtol=1e-12)
    np.testing.assert_allclose(found["c"], c, rtol=1e-12)


@pytest.mark.tf
@pytest.mark.parametrize("level", [0, 1])
def test_a_free_loop_in_tensorflow(level):
    module = module_of(GREEDY, level)
    values = {path: v.numpy() for path, v in module.variables_by_path.items()}
    logits, words, _ = greedy(values, INPUTS["start"], INPUTS["context"])
    found = module.signature_functions["predict"](**INPUTS)
    assert np.array_equal(found["words"].numpy(), words)
    np.testing.assert_allclose(found["logits"].numpy(), logits, rtol=1e-12)


# ---------------------------------------------------------------- teachers

FORCED = """
cell C {{ input x: [n]  layer inner = Stack([GRU(4), RNN(3)])  output inner(x) }}
model m with (seed = 2) {{
  input x: f32[batch, time, 3]
  input k: i32[batch]
  layer c = C()
  layer f = Dense(3)
  fn next(y) = f(y)
  {first}
  run = {run}
  output y = run
  output last = run.last
  output final = run.final.inner.cell_0.h
  loss l = mean(square(run)) + mean(run.last)
  train step = sgd(rate = 0.1) over c/**
}}
"""
PLAIN = FORCED.format(first="output unused = f(x)", run="scan(c, x, lengths = k)")
TAUGHT = [
    FORCED.format(first="output unused = f(x)", run=f"scan(c, feed = next, first = zeros, teacher = x, teach = {p}, lengths = k)")
    for p in ("1", "1.0", "if training then 1.0 else 1", "if training then 1.0 else 0.5")
]
X = {"x": np.random.default_rng(1).normal(size=(2, 5, 3)).astype(np.float32), "k": np.array([5, 3], np.int32)}


@pytest.mark.parametrize("text", TAUGHT[:3])
def test_teacher_forcing_is_the_plain_scan_to_the_bit(text):
    plain, taught = interpreted(PLAIN, X), interpreted(text, X)
    assert {name for name in plain if not np.array_equal(plain[name], taught[name])} == set()


@pytest.mark.tf
@pytest.mark.parametrize("level", [0, 1])
def test_teacher_forcing_is_the_plain_scan_to_the_bit_in_tensorflow(level):
    after = []
    for text in (PLAIN, *TAUGHT):
        module = module_of(text, level)
        found = module.signature_functions["predict"](**X) if text != TAUGHT[3] else {}
        results = {name: value.numpy() for name, value in found.items()}
        results["loss"] = module.signature_functions["step"](**X)["loss"].numpy()
        after.append((results, {path: v.numpy() for path, v in module.variables_by_path.items() if path.startswith("c/")}))
    for results, variables in after[1:]:
        assert all(np.array_equal(value, after[0][0][name]) for name, value in results.items())
        assert all(np.array_equal(value, after[0][1][path]) for path, value in variables.items())
    path = "c/inner/cell_0/update_gate/wx"
    assert not np.array_equal(after[0][1][path], initial_values(plan_of(PLAIN))[path]), "a step has been made"


HEARD = """
cell Copy { input x: [n]  output x }
cell Pair { input a: [n]  input b: []  output concat([a, stack([b])]) }
fn nothing(y) = y * 0
fn none(y) = y[0] * 0
model m {
  input x: f32[batch, time, 2]
  input p: f32[]
  layer copy = Copy()
  layer pair = Pair()
  output a = scan(copy, feed = nothing, first = 0, teacher = x, teach = 0.3)
  output b = scan(copy, feed = nothing, first = 0, teacher = x, teach = if training then p else 0.0)
  both = scan(
    pair,
    feed = (a = two, b = none),
    first = (a = 0, b = 0),
    teacher = (a = x, b = x[0]),
    teach = 0.5,
  )
  fn two(y) = y[0..2] * 0
  output both
}
"""


def heard(seed: int = 0) -> dict[str, np.ndarray]:
    """1 where a row hears a teacher who says 1, else 0."""
    plan = plan_of(HEARD.replace("model m {", f"model m with (seed = {seed}) {{"))
    inputs = {"x": np.ones((60, 70, 2), np.float32), "p": np.array(0.8, np.float32)}
    found = interpret(plan, inputs, initial_values(plan), training=True)
    return {name: value for (title, _, name), value in found.items() if title == "outputs"}


def test_a_row_hears_its_teacher_with_the_chance_at_every_step_the_first_too():
    found = heard()
    for name, p in (("a", 0.3), ("b", 0.8)):
        y = found[name]
        assert np.array_equal(y[..., 0], y[..., 1]), "the whole of a row's input"
        y = y[..., 0]
        assert set(y.ravel()) == {0, 1}
        spread = np.sqrt(p * (1 - p))
        assert abs(y.mean() - p) < 4 * spread / np.sqrt(y.size)
        assert (np.abs(y.mean(0) - p) < 5 * spread / np.sqrt(60)).all(), "each step"
        assert (np.abs(y.mean(1) - p) < 5 * spread / np.sqrt(70)).all(), "each row"
        following = np.mean((y[:, 1:] - p) * (y[:, :-1] - p)) / spread**2
        across = np.mean((y[1:] - p) * (y[:-1] - p)) / spread**2
        assert max(abs(following), abs(across)) < 5 / np.sqrt(y.size), "each on its own"


def test_what_is_fed_together_hears_its_teacher_together():
    y = heard()["both"]
    assert np.array_equal(y[..., 0], y[..., 2])
    assert 0.4 < y.mean() < 0.6


def test_draws_come_from_the_seed():
    assert np.array_equal(heard()["a"], heard()["a"])
    assert not np.array_equal(heard()["a"], heard(1)["a"])


def test_outside_training_nothing_is_drawn_where_the_chance_is_none():
    plan = plan_of(HEARD)
    inputs = {"x": np.ones((3, 4, 2), np.float32), "p": np.array(1, np.float32)}
    found = interpret(plan, inputs, initial_values(plan))
    assert not found["outputs", 1, "b"].any()


# ---------------------------------------------------------------- step by step, call by call

STREAMED = """
cell Pair { input a: [2]  input b: [2]  layer inner = GRU(3)  layer head = Dense(2)  output head(inner(concat([a, b]))) }
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input start: f64[batch, 2]
  layer c = Pair()
  layer f = Dense(2, activation = tanh)
  run = scan(c, feed = f, first = start, b = x)
  forced = scan(c, feed = (b = f), first = (b = start), teacher = (b = x), teach = 1, a = x)
  output y = run
  output z = forced
}
"""


def test_a_loop_streams_and_what_is_fed_is_a_state():
    plan = plan_of(STREAMED)
    x, start, variables = np.random.default_rng(3).normal(size=(2, 5, 2)), np.ones((2, 2)), initial_values(plan)
    whole = interpreted(STREAMED, {"x": x, "start": start})
    states = {each.name: each.state for each in plan.function("stream").inputs if each.kind == "state"}
    assert states == {"run_inner_h": "run/inner.h", "run_a": "run/a", "forced_inner_h": "forced/inner.h"}
    now = {"run_inner_h": np.zeros((2, 3)), "run_a": start, "forced_inner_h": np.zeros((2, 3))}
    for t in range(5):
        inputs = {each.name: {**now, "x": x[:, t], "start": start}[each.name] for each in plan.function("stream").inputs}
        results, _ = run(plan, "stream", inputs, variables)
        found = {name: value for (_, name), value in results.items()}
        np.testing.assert_allclose(found["y"], whole["y"][:, t], rtol=1e-12)
        np.testing.assert_allclose(found["z"], whole["z"][:, t], rtol=1e-12)
        now = {name: found[name] for name in states}


LOOPS = ["scan(c, feed = tanh, first = x, steps = 3)", "beam(c, feed = hot, first = x, width = 2, steps = 3)"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_of_so_many_steps_has_no_stream(loop):
    text = f"fn hot(id) = one_hot(id, 2)\nmodel m {{\n  input x: [batch, 2]\n  layer c = RNN(2)\n  run = {loop}\n  output run\n}}\n"
    assert plan_of(text).absent["stream"] == "`run` runs a given number of steps (spec.rnn:6:9)"


CARRIED = """
cell Ten { input x: []  state s: [] = zeros  s = 10 * s[t-1] + x  output s }
fn more(y) = y + 1
model m {
  input a: f32[batch]
  layer c = Ten()
  output y = scan(c, feed = more, first = a, steps = 2, carry = true)
}
"""


@pytest.mark.tf
def test_a_loop_that_carries_goes_on_where_the_last_call_ended():
    module = module_of(CARRIED)
    predict = module.signature_functions["predict"]
    a = np.array([1, 2], np.float32)
    found = [predict(a=a)["y"].numpy() for _ in range(2)]
    assert np.array_equal(np.concatenate(found, 1), [[1, 12, 133, 1464], [2, 23, 254, 2795]])
    module.signature_functions["reset_states"]()
    assert np.array_equal(predict(a=a)["y"].numpy(), found[0])
