"""Decoders, sequences from one vector and to one, scans within scans, against loops in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.loops import Array, gru, rnn, run
from tests.conformance.recurrences import INPUTS, LENGTHS, LEVELS, WITHIN, B, Model, T, close, numbers, zeros

pytestmark = pytest.mark.tf

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
          axis short
          input k: i32[]
          input y: f64[batch, out, 2]
          layer encoder = GRU(3)
          layer decoder = GRU(3)
          layer head = Dense(2)
          code = scan(encoder, x, lengths = n)
          taught = head(scan(decoder, shift(y, 1, over = out), along = out, initial = code.final))
          layer writer = Writer(decoder, head)
          free = scan(writer, steps = k, along = out, initial = (cell_of.h = code.final.h))
          three = scan(writer, steps = 3, along = short, initial = (cell_of.h = code.final.h))
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
