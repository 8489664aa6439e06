"""Recurrence in full, against loops in NumPy: lengths, masks, directions, carried states."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.loops import gru, lstm, rnn, run
from tests.conformance.recurrences import (
    ALWAYS,
    INPUTS,
    LENGTHS,
    LEVELS,
    MASK,
    WITHIN,
    B,
    Model,
    T,
    check,
    close,
    numbers,
    outputs,
    zeros,
)

pytestmark = pytest.mark.tf

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
