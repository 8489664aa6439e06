"""Recurrence in full, against loops in NumPy: lengths, masks, directions, carried states, decoders, scans within scans."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.conformance.loops import Array, Run, Weights, gru, lstm, rnn, run

pytestmark = pytest.mark.tf

LEVELS = pytest.mark.parametrize("level", [0, 2])
B, T = 4, 5
LENGTHS = np.array([5, 0, 3, 1], np.int32)
MASK = np.array([[0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 0, 1, 1]], bool)
WITHIN = np.arange(T) < LENGTHS[:, None]
ALWAYS = np.ones((B, T), bool)


class Model:
    """A spec in f64 with random variables."""

    def __init__(self, text: str, level: int) -> None:
        from rnndsl.backend.module import build

        plan = plan_of(text, level)
        rng = np.random.default_rng(0)
        self.module = build(plan)
        self.values = {v.path: 0.6 * rng.normal(size=v.shape) for v in plan.variables if v.kind == "param"}
        for path, value in self.values.items():
            self.module.variables_by_path[path].assign(value)

    def weights(self, path: str) -> Weights:
        return Weights(self.values, path)

    def apply(self, **inputs: Array) -> dict[str, Array]:
        import tensorflow as tf

        variables = {path: tf.constant(v) for path, v in self.values.items()}
        found = self.module.apply(variables, {k: tf.constant(v) for k, v in inputs.items()}, tf.constant(0, tf.int64))
        return {name: value.numpy() for name, value in found.items()}

    def predict(self, **inputs: Array) -> dict[str, Array]:
        import tensorflow as tf

        return {
            name: value.numpy() for name, value in self.module.predict(**{k: tf.constant(v) for k, v in inputs.items()}).items()
        }


def numbers(*shape: int) -> Array:
    return np.random.default_rng(len(shape) + shape[-1]).normal(size=shape)


def close(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def zeros(*sizes: int) -> list[Array]:
    return [np.zeros((B, n)) for n in sizes]


def outputs(name: str, *states: str) -> str:
    finals = "".join(f"  output {name}_{s} = {name}.final.{s}\n" for s in states)
    return f"  output {name}_out = {name}\n  output {name}_last = {name}.last\n{finals}"


def check(found: dict[str, Array], name: str, expected: Run, *states: str) -> None:
    close(found[f"{name}_out"], expected.out)
    close(found[f"{name}_last"], expected.last)
    for state, final in zip(states, expected.finals, strict=True):
        close(found[f"{name}_{state}"], final)


# ---------------------------------------------------------------- which steps count

OPTIONS = {
    "plain": ("", ALWAYS),
    "backward": (", reverse = true", ALWAYS),
    "short": (", lengths = n", WITHIN),
    "short_backward": (", lengths = n, reverse = true", WITHIN),
    "gaps": (", mask = m", MASK),
    "gaps_backward": (", mask = m, reverse = true", MASK),
    "both": (", mask = m, lengths = n", MASK & WITHIN),
    "both_backward": (", mask = m, lengths = n, reverse = true", MASK & WITHIN),
    "held": (", mask = m, masked = hold", MASK),
    "held_backward": (", mask = m, lengths = n, masked = hold, reverse = true", MASK & WITHIN),
}
INPUTS = """
  input x: f64[batch, time, 2]
  input n: i32[batch]
  input m: bool[batch, time]
"""


@LEVELS
def test_lengths_masks_and_directions(level: int) -> None:
    runs = "".join(f"  {name} = scan(net, x{given})\n{outputs(name, 'h', 'c')}" for name, (given, _) in OPTIONS.items())
    model = Model(f"model m with (dtype = f64) {{ {INPUTS}  layer net = LSTM(3)\n{runs} }}", level)
    x = numbers(B, T, 2)
    found = model.apply(x=x, n=LENGTHS, m=MASK)
    for name, (given, valid) in OPTIONS.items():
        way = {"reverse": "backward" in name, "hold": "held" in name, "lengths": LENGTHS if "lengths" in given else None}
        check(found, name, run(lstm(model.weights("net")), x, valid, zeros(3, 3), **way), "h", "c")


@LEVELS
def test_initial_states_and_final_states_of_another_scan(level: int) -> None:
    model = Model(
        f"""model m with (dtype = f64) {{ {INPUTS}
          input a: f64[batch, 3]
          layer net = LSTM(3)
          layer other = LSTM(3)
          first = scan(net, x, lengths = n, initial = (h = a))
          second = scan(other, x, lengths = n, reverse = true, initial = first.final)
        {outputs("first", "h", "c")} {outputs("second", "h", "c")} }}""",
        level,
    )
    x, a = numbers(B, T, 2), numbers(B, 3)
    found = model.apply(x=x, n=LENGTHS, a=a)
    first = run(lstm(model.weights("net")), x, WITHIN, [a, *zeros(3)])
    check(found, "first", first, "h", "c")
    check(found, "second", run(lstm(model.weights("other")), x, WITHIN, first.finals, reverse=True), "h", "c")


# ---------------------------------------------------------------- both directions

MERGED = {
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "average": lambda a, b: (a + b) / 2,
}


@LEVELS
def test_two_directions_with_a_cell_each(level: int) -> None:
    merges = "".join(f"  by_{m} = bidirectional(fw, bw, x, merge = {m}, lengths = n)\n{outputs(f'by_{m}')}" for m in MERGED)
    model = Model(
        f"""model m with (dtype = f64) {{ {INPUTS}
          layer fw = GRU(3)
          layer bw = LSTM(3)
        {merges}
          apart = bidirectional(fw, bw, x, merge = none, lengths = n)
          output f = apart.fw
          output b = apart.bw
          output fh = apart.fw.final.h
          output bc = apart.bw.final.c }}""",
        level,
    )
    x = numbers(B, T, 2)
    found = model.apply(x=x, n=LENGTHS)
    fw = run(gru(model.weights("fw")), x, WITHIN, zeros(3))
    bw = run(lstm(model.weights("bw")), x, WITHIN, zeros(3, 3), reverse=True)
    for name, merge in MERGED.items():
        close(found[f"by_{name}_out"], merge(fw.out, bw.out))
        close(found[f"by_{name}_last"], merge(fw.last, bw.last))
    close(found["f"], fw.out)
    close(found["b"], bw.out)
    close(found["fh"], fw.finals[0])
    close(found["bc"], bw.finals[1])


@LEVELS
def test_a_bidirectional_stack(level: int) -> None:
    """Two layers, each both ways, and a stack of cells both ways at once: every final state."""
    model = Model(
        f"""model m with (dtype = f64) {{ {INPUTS}
          layer f0 = RNN(3)
          layer b0 = GRU(2)
          layer f1 = GRU(2)
          layer b1 = LSTM(3)
          low = bidirectional(f0, b0, x, lengths = n)
          high = bidirectional(f1, b1, low, lengths = n)
          output y = high
          output last = high.last
          output low_f = low.fw.final.h
          output low_b = low.bw.final.h
          output high_f = high.fw.final.h
          output high_b = high.bw.final.c
          layer fs = Stack([RNN(3), GRU(2)])
          layer bs = Stack([GRU(2), LSTM(3)])
          deep = bidirectional(fs, bs, x, lengths = n)
          output deep_y = deep
          output deep_f0 = deep.fw.final.cell_0.h
          output deep_f1 = deep.fw.final.cell_1.h
          output deep_b0 = deep.bw.final.cell_0.h
          output deep_b1 = deep.bw.final.cell_1.c }}""",
        level,
    )
    x, w = numbers(B, T, 2), model.weights
    found = model.apply(x=x, n=LENGTHS)

    def both(f, b, x, fs, bs):
        return run(f, x, WITHIN, zeros(*fs)), run(b, x, WITHIN, zeros(*bs), reverse=True)

    lf, lb = both(rnn(w("f0")), gru(w("b0")), x, [3], [2])
    hf, hb = both(gru(w("f1")), lstm(w("b1")), np.concatenate([lf.out, lb.out], -1), [2], [3, 3])
    close(found["y"], np.concatenate([hf.out, hb.out], -1))
    close(found["last"], np.concatenate([hf.last, hb.last], -1))
    for name, expected in {"low_f": lf.finals[0], "low_b": lb.finals[0], "high_f": hf.finals[0], "high_b": hb.finals[1]}.items():
        close(found[name], expected)
    f0, b0 = both(rnn(w("fs/cell_0")), gru(w("bs/cell_0")), x, [3], [2])
    f1 = run(gru(w("fs/cell_1")), f0.out, WITHIN, zeros(2))
    b1 = run(lstm(w("bs/cell_1")), b0.out, WITHIN, zeros(3, 3), reverse=True)
    close(found["deep_y"], np.concatenate([f1.out, b1.out], -1))
    for name, expected in {"f0": f0.finals[0], "f1": f1.finals[0], "b0": b0.finals[0], "b1": b1.finals[1]}.items():
        close(found[f"deep_{name}"], expected)


# ---------------------------------------------------------------- across calls


@LEVELS
def test_carried_states_join_calls(level: int) -> None:
    """Two halves are the whole, `initial` holds for the first call alone, `reset_states` starts afresh, `apply` always does."""
    model = Model(
        f"""model m with (dtype = f64) {{ {INPUTS}
          input a: f64[batch, 3]
          layer net = LSTM(3)
          run = scan(net, x, carry = true, lengths = n, initial = (h = a))
        {outputs("run", "h", "c")} }}""",
        level,
    )
    x, a = numbers(B, 2 * T, 2), numbers(B, 3)
    net = lstm(model.weights("net"))
    valid = np.concatenate([ALWAYS, WITHIN], 1)
    expected = run(net, x, valid, [a, *zeros(3)])
    for _ in range(2):
        halves = [model.predict(x=x[:, :T], n=np.full(B, T, np.int32), a=a), model.predict(x=x[:, T:], n=LENGTHS, a=100 * a)]
        close(np.concatenate([half["run_out"] for half in halves], 1), expected.out)
        close(halves[1]["run_c"], expected.finals[1])
        model.module.reset_states()
    small = model.predict(x=x[:1, :T], n=np.full(1, T, np.int32), a=a[:1])
    close(small["run_out"], expected.out[:1, :T])
    check(model.apply(x=x[:, T:], n=LENGTHS, a=a), "run", run(net, x[:, T:], WITHIN, [a, *zeros(3)]), "h", "c")


# ---------------------------------------------------------------- decoders

DECODER = """
cell Writer(inner: cell, readout: block) {
  state y: [2] = zeros
  layer cell_of = inner
  layer read = readout
  y = read(cell_of(y[t-1]))
  output y
}
"""


@LEVELS
def test_an_encoder_and_a_decoder(level: int) -> None:
    """Taught, the decoder reads the given targets; free, its own outputs, for a count of steps. It has one set of weights."""
    model = Model(
        f"""{DECODER}
        model m with (dtype = f64) {{ {INPUTS}
          axis out
          input k: i32[]
          input y: f64[batch, out, 2]
          layer encoder = GRU(3)
          layer decoder = GRU(3)
          layer head = Dense(2)
          code = scan(encoder, x, lengths = n)
          taught = head(scan(decoder, shift(y, 1, over = out), along = out, initial = code.final))
          layer writer = Writer(decoder, head)
          free = scan(writer, steps = k, along = out, initial = (cell_of.h = code.final.h))
          three = scan(writer, steps = 3, along = out, initial = (cell_of.h = code.final.h))
          output taught
          output free
          output three }}""",
        level,
    )
    x, y, w = numbers(B, T, 2), numbers(B, 4, 2), model.weights
    code = run(gru(w("encoder")), x, WITHIN, zeros(3)).finals
    kernel, bias = model.values["head/kernel"], model.values["head/bias"]
    step = gru(w("decoder"))
    shifted = np.concatenate([np.zeros((B, 1, 2)), y[:, :-1]], 1)
    found = model.apply(x=x, n=LENGTHS, y=y, k=np.array(4, np.int32))
    close(found["taught"], run(step, shifted, np.ones((B, 4), bool), code).out @ kernel + bias)
    own = np.zeros((B, 4, 2))
    for b in range(B):
        last, state = np.zeros(2), (code[0][b],)
        for t in range(4):
            h, state = step(last, state)
            own[b, t] = last = h @ kernel + bias
    close(found["free"], own)
    close(found["three"], own[:, :3])
    taught_by_itself = model.apply(x=x, n=LENGTHS, y=own, k=np.array(4, np.int32))
    close(taught_by_itself["taught"], own)
    assert model.apply(x=x, n=LENGTHS, y=y[:, :0], k=np.array(0, np.int32))["free"].shape == (B, 0, 2)


@LEVELS
def test_one_to_many_and_many_to_one(level: int) -> None:
    model = Model(
        """cell Pulse(units: int) {
          state h: [units] = zeros
          param wt: [units, units]
          h = tanh(h[t-1] @ wt)
          output h
        }
        model m with (dtype = f64) {
          input z: f64[batch, 2]
          layer start = Dense(3)
          layer pulse = Pulse(3)
          layer reader = RNN(2)
          layer head = Dense(1)
          many = scan(pulse, steps = 4, initial = (h = start(z)))
          one = head(scan(reader, many).last)
          output many
          output one }""",
        level,
    )
    z, v = numbers(B, 2), model.values
    found = model.apply(z=z)
    h, many = z @ v["start/kernel"] + v["start/bias"], []
    for _ in range(4):
        h = np.tanh(h @ v["pulse/wt"])
        many.append(h)
    whole = np.stack(many, 1)
    close(found["many"], whole)
    last = run(rnn(model.weights("reader")), whole, np.ones((B, 4), bool), zeros(2)).last
    close(found["one"], last @ v["head/kernel"] + v["head/bias"])


# ---------------------------------------------------------------- scans within scans

NESTED = """
block Reader(units: int) {
  input words: [word, n]
  input count: i32[]
  layer net = GRU(units)
  read = scan(net, words, along = word, lengths = count)
  output read.last
}
cell Story(units: int) {
  input words: [word, n]
  input count: i32[]
  state h: [units] = zeros
  layer reader = Reader(2)
  layer top = RNN(units)
  h = top(reader(words, count)) + 0.5 * h[t-1]
  output h
}
"""


@LEVELS
def test_words_in_sentences(level: int) -> None:
    """A scan over words at each step of a scan over sentences, and one scan after the other: the same numbers."""
    model = Model(
        f"""axis word
        {NESTED}
        model m with (dtype = f64) {{
          input x: f64[batch, time, word, 2]
          input words: i32[batch, time]
          input n: i32[batch]
          layer story = Story(3)
          run = scan(story, x, count = words, lengths = n)
          output run
          output last = run.last
          each = scan(story.reader.net, x, along = word, lengths = words)
          output code = each.last
          output every = each }}""",
        level,
    )
    words, x = np.random.default_rng(5).integers(0, 4, (B, T)).astype(np.int32), numbers(B, T, 3, 2)
    found = model.apply(x=x, words=words, n=LENGTHS)
    step = gru(model.weights("story/reader/net"))
    flat = run(step, x.reshape(B * T, 3, 2), np.arange(3) < words.reshape(-1, 1), [np.zeros((B * T, 2))])
    code = flat.last.reshape(B, T, 2)
    close(found["code"], code)
    close(found["every"], flat.out.reshape(B, T, 3, 2))
    top = rnn(model.weights("story/top"))

    def outer(v: Array, state: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        y, (inner,) = top(v, state[:1])
        h = y + 0.5 * state[1]
        return h, (inner, h)

    expected = run(outer, code, WITHIN, zeros(3, 3))
    close(found["run"], expected.out)
    close(found["last"], expected.last)
