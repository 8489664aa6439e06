"""`rnndsl check` of a spec of 200 lines with 17 scans, beside the import of lark and pydantic, in turns in one run.

    python benchmarks/check.py [ROUNDS]

Prints the minima, and the ratio of one to the other: processor seconds of the user's part, and seconds by the clock. The machine
may do other work: read the ratios. What is counted is a process each, the start of Python included.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCANS = 17
HEAD = """rnn 1

import std.cells (IndRNN, UGRNN)

const width = 2 ** 5
fn softsign(x) = x / (1 + abs(x))

## An LSTM with coupled gates and a peephole.
cell Coupled(units: int, forget_bias: float = 1.0) {
  input x: [n]
  state h: [units] = zeros
  state c: [units] = zeros
  param peep: [units] ~ normal(stddev = 0.1)

  layer forget_gate = Gate(units)
  layer memory_cell = Gate(units)
  layer output_gate = Gate(units)

  f = sigmoid(forget_gate(x, h[t-1]) + peep * c[t-1] + forget_bias)
  g = tanh(memory_cell(x, h[t-1]))
  o = sigmoid(output_gate(x, h[t-1]))
  c = f * c[t-1] + (1 - f) * g
  h = o * softsign(c)
  output h
}

block Mixer(units: int, act: fn = tanh) {
  input x: [..., n]
  param w: [n, units] ~ glorot_uniform
  param b: [units] ~ zeros
  y = act(x @ w + b)
  output y
}

model wide(units: int = 24) with (seed = 5) {
  input x: f32[batch, time, 3]
  input n: i32[batch]
  target y: f32[batch, 1]

"""
PART = """  scope part_{i} with (init = variance_scaling(scale = 1.0)) {{
    layer cell = {cell}(units)
    layer mix = Mixer(width)
    run = scan(cell, mix({fed}), lengths = n{more})
    code = run.last
    gate = sigmoid(code) * tanh(code)
    out = dropout(code + gate, 0.1)
  }}
"""
CELLS = ["LSTM", "GRU", "Coupled", "IndRNN", "UGRNN", "RNN"]
TAIL = """  layer norm = BatchNorm(momentum = 0.9)
  layer head = Dense(1)
  prediction = head(norm(concat([{codes}])))
  output prediction
  output features = {last}
  residual r = prediction - y
  loss mse = mean(square(r))
  loss small in regularization_losses = 1e-4 * l2({{trainable_variables}})
  metric mae = mean(abs(r))
  init part_0/cell/*/wt ~ orthogonal
  freeze part_1/mix/*
  rate head/** by 0.5
  train step = adam(rate = 5e-3, clip_norm = 1.0) after update_ops
  signature code = features
}}
"""


def spec() -> str:
    """200 lines of a model whose parts are fed by the input and by each other's outputs."""
    parts: list[str] = []
    for i in range(SCANS):
        fed = "x" if i % 3 == 0 else f"part_{i - 1}.run"
        parts.append(PART.format(i=i, cell=CELLS[i % len(CELLS)], fed=fed, more=", reverse = true" if i % 4 == 3 else ""))
    codes = ", ".join(f"part_{i}.out" for i in range(SCANS))
    text = HEAD + "".join(parts) + TAIL.format(codes=codes, last=f"part_{SCANS - 1}.code")
    return text + "# padding\n" * max(0, 200 - text.count("\n"))


def seconds(command: list[str]) -> tuple[float, float]:
    """Of the user's part of the processor, and by the clock."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, time.perf_counter() - started


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide.rnn"
        path.write_text(spec(), encoding="utf-8")
        check = [sys.executable, "-m", "rnndsl.cli.main", "check", str(path)]
        imports = [sys.executable, "-c", "import lark, pydantic"]
        pairs = [(seconds(check), seconds(imports)) for _ in range(rounds + 1)][1:]  # the first compiles what is not yet
    for i, what in enumerate(("processor", "clock")):
        ours, theirs = min(pair[0][i] for pair in pairs), min(pair[1][i] for pair in pairs)
        print(f"{what}: check {1000 * ours:.0f} ms, import of lark and pydantic {1000 * theirs:.0f} ms, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
