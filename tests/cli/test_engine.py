"""`rnndsl run` says the same with either engine, random draws included."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rnndsl.cli.main import main

pytestmark = pytest.mark.tf

SPEC = """rnn 1

cell Noisy {
  input x: [3]
  param w: [3, 3] ~ glorot_uniform
  state h: [3] = zeros
  h = tanh(dropout(h[t-1], 0.3, each_step = false) @ w + x + 0.1 * random_normal(x))
  output h
}

model m {
  input x: f32[batch, time, 3]
  input n: i32[batch]
  param w: [3, 2] ~ glorot_uniform
  layer back = Noisy()
  p = scan(back, x, lengths = n, reverse = true) @ w
  output coin = bernoulli(sigmoid(p))
  output id = categorical(p)
  output p
  loss l = mean(square(dropout(p, 0.5, shared = time) + dropout(p, 0.5)))
  train step = adam(rate = 0.1)
}
"""


@pytest.mark.parametrize("signature", ["predict", "evaluate", "step", "initialize"])
def test_both_engines(signature, tmp_path, capsys):
    (tmp_path / "m.rnn").write_text(SPEC)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "in.npz", x=rng.normal(size=(4, 5, 3)).astype(np.float32), n=np.array([5, 2, 0, 4], np.int32))
    data = [] if signature == "initialize" else [str(tmp_path / "in.npz")]
    said = []
    for engine in ("tensorflow", "numpy"):
        assert main(["run", str(tmp_path / "m.rnn"), *data, "--signature", signature, "--engine", engine]) == 0
        said.append(capsys.readouterr().out)
    names, numbers = zip(*(parts(text) for text in said), strict=True)
    assert names[0] == names[1]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=2e-5, atol=1e-6)


def parts(text: str) -> tuple[list[str], list[float]]:
    """The lines that name a result, and all numbers of the others."""
    lines = text.splitlines()
    values = " ".join(line for line in lines if ":" not in line)
    return [line for line in lines if ":" in line], [float(x) for x in re.findall(r"[-+.\de]+", values)]
