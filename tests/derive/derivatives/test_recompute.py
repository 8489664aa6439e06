"""Scans whose steps are run again on the way back: the numbers are those of scans that keep them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import rnndsl
from rnndsl.cli.main import main
from rnndsl.derive.preparing.recomputing import recomputing
from rnndsl.meaning.running import Model
from rnndsl.plan.model import Node
from tests.compiling import artefact, plan_of
from tests.derive.derivatives.checking import compute, gradients, numbers_for, of_loss
from tests.derive.derivatives.test_cases import CASES, INPUTS, RAGGED
from tests.memory import in_a_process

THREE = {name: x[:, :3] if name in ("x", "mk") else x for name, x in RAGGED.items()}
"""Of a number of steps that is no square, less than a length."""


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_gradients_are_the_same(path: Path) -> None:
    plan = plan_of(path)
    told = "steps = 4" in path.read_text()
    for inputs in (INPUTS, RAGGED if told else THREE):
        given = {x.name: inputs[x.name] for x in plan.inputs}
        expected, found = (_gradients(each, given) for each in (plan, recomputing(plan)))
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-14, err_msg=name)


def _gradients(plan, inputs) -> dict[str, np.ndarray]:
    """The first loss and its gradients by path."""
    variables = numbers_for(plan)
    plan, graph, loss = of_loss(plan, plan.losses[0].value)
    graph, found = gradients(plan, graph, loss)
    return dict(zip(["loss", *found], compute(plan, graph, [loss, *found.values()], inputs, variables), strict=True))


STEP = """
cell Normed(units: int) {
  input x: [n]
  state h: [units] = zeros
  layer inner = Dense(units)
  layer norm = BatchNorm(momentum = 0.7)
  var calls: [] ~ zeros
  update calls <- calls + 1.0
  h = tanh(norm(inner(concat([dropout(x, 0.3), h[t-1]]))) + 0.01 * random_normal(h[t-1]))
  output h
}
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input n: i32[batch]
  target y: f64[batch, 3]
  layer c = Normed(3)
  layer d = LSTM(3)
  layer e = GRU(3)
  run = scan(c, x, lengths = n, recompute = true)
  back = scan(d, run, lengths = n, reverse = true, masked = hold, recompute = true)
  kept = scan(e, x, carry = true, recompute = true)
  loss l = mean(square(back.last + kept.last - y)) + 0.1 * mean(square(back))
  train step = adam(rate = 0.01)
}
"""
RANDOM = np.random.default_rng(3)
FED = [
    {"x": RANDOM.normal(size=(4, t, 2)), "y": RANDOM.normal(size=(4, 3)), "n": np.array([t, 0, 2, t - 1], np.int32)}
    for t in (7, 10)
]


PLAIN = STEP.replace(", recompute = true", "")


def test_a_training_step_is_the_same() -> None:
    """Draws are those of the same steps, statistics and counts are updated once a step, states are kept between calls."""
    models = [Model(plan) for plan in map(plan_of, (STEP, PLAIN))]
    for fed in FED:
        found, expected = (model.call("step", fed) for model in models)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-12, err_msg=name)
    for path, value in models[1].variables.items():
        np.testing.assert_allclose(models[0].variables[path], value, rtol=1e-9, atol=1e-13, err_msg=path)
    assert models[0].variables["c/calls"] == sum(fed["n"].max() for fed in FED)


def test_what_all_steps_have_is_no_wider_than_states() -> None:
    """After all passes too: nothing is moved out of the segments. In the plain plan the gates are computed before the loop."""
    found, expected = (_widest(plan_of(text, 1)) for text in (STEP, PLAIN))
    assert (found, expected) == (3, 12)


def _widest(plan) -> int:
    """The most numbers that a training step has of each row at each step of all."""
    graph = plan.function("step").graph
    steps = (n.type for n in graph.nodes if isinstance(n, Node) and _steps(n.type.axes))
    return max(math.prod(t.dims) for t in steps)


def _steps(axes: tuple[str, ...]) -> bool:
    return "time" in axes or any(a.startswith("time_in_segment") for a in axes)


def test_compile_takes_it_for_all_scans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.rnn").write_text(f"rnn 1{PLAIN}")
    printed: list[str] = []
    for options in ((), ("--recompute",)):
        assert main(["compile", str(tmp_path / "m.rnn"), "--print-after", "functions", *options]) == 0
        printed.append(capsys.readouterr().out)
    assert [text.count(" again\n") for text in printed] == [0, 12]  # forward and back, of three scans, in `step` and `gradients`


@pytest.mark.tf
@pytest.mark.parametrize("jit", ["never", pytest.param("always", marks=pytest.mark.slow)])
def test_an_artefact_does_the_same(tmp_path: Path, jit: str) -> None:
    """As the interpreter, which draws the same numbers."""
    model, loaded = Model(plan_of(PLAIN)), artefact(tmp_path, PLAIN, recompute=True, jit=jit)
    for fed in FED:
        model.call("step", fed)
        loaded.train("step", fed)
    for name, value in model.variables.items():
        np.testing.assert_allclose(loaded.variables[name], value, rtol=1e-8, atol=1e-11, err_msg=name)


MEMORY = """
import rnndsl, sys, numpy as np
from tests.memory import peak
model = rnndsl.load(sys.argv[1])
def fed(steps):
    return {"x": np.ones([8, steps, 1], "f"), "y": np.ones([8, 1], "f")}
model.train("step", fed(64))
before = peak()
model.train("step", fed(4096))
print(peak() - before)
"""
LONG = """
model m {
  input x: f32[batch, time, 1]
  target y: f32[batch, 1]
  layer c = LSTM(128)
  layer head = Dense(1)
  loss l = mean(square(head(scan(c, x).last) - y))
  train step = sgd(rate = 0.1)
}
"""


@pytest.mark.tf
@pytest.mark.slow
def test_memory_of_long_sequences(tmp_path: Path) -> None:
    """All that 4,096 steps keep are some 130 MiB of activations and their cotangents; 64 segments of 64 steps keep a few."""
    path = tmp_path / "spec.rnn"
    path.write_text(f"rnn 1{LONG}")
    kept, again = (rnndsl.compile(path, tmp_path / f"{cut}", recompute=cut) for cut in (False, True))
    most, few = (float(in_a_process(MEMORY, str(folder))) for folder in (kept, again))
    assert few < most / 4
