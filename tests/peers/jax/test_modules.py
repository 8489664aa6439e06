"""Modules of cells, blocks and specs, run by JAX: forward, gradients and a training step are the interpreter's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnndsl.driver import Job
from rnndsl.plan.model import Plan
from tests.peers.jax.running import distances

SPECS = Path(__file__).parents[3] / "specs"
NEAR = {"f32": 1e-5, "f64": 1e-10}
SIZES = {"batch": 3, "time": 5}

RECURRENT = """
model m(form: dtype = f32) with (dtype = form) {{
  input x: form[batch, time, 3]
  input lengths: i32[batch]
  input valid: bool[batch, time]
  target y: form[batch]
  {body}
  layer head = Dense(1)
  output y_hat = head(out)[0]
  loss l = mean(square(y_hat - y), over = batch)
  train fit = adam(0.01, clip_norm = 1.0)
}}
"""
BODIES = {
    "LSTM with lengths": "layer c = LSTM(4)\n run = scan(c, x, lengths = lengths)\n out = run.last",
    "GRU under a mask with gaps": "layer c = GRU(4)\n run = scan(c, x, mask = valid)\n out = run.last",
    "reversed within lengths": "layer c = LSTM(4)\n r = scan(c, x, lengths = lengths, reverse = true)\n out = mean(r, over = time)",
    "both ways": "layer fw = GRU(3)\n layer bw = GRU(3)\n out = bidirectional(fw, bw, x, lengths = lengths).last",
    "a stack": "layer c = Stack([LSTM(4), GRU(3)])\n run = scan(c, x, lengths = lengths)\n out = run.last",
    "batch normalisation": "layer n = BatchNorm()\n layer c = GRU(4)\n run = scan(c, n(x), lengths = lengths)\n out = run.last",
    "attention": "layer a = Attention(4, over = time)\n layer c = GRU(4)\n h = scan(c, x, mask = valid)\n out = a(h.last, h)",
    "softmax over time": "param v: [3] ~ ones\n w = softmax(x[0], over = time)\n out = v * sum(stack([w]) * x, over = time)",
}


def plan_of(path: Path, **settings: object) -> Plan:
    job = Job(path)
    module = job.resolve()
    model = module.models()[0]
    return job.optimise(job.plan(module, [model], {model.name.name: settings})[0], 1)


@pytest.mark.parametrize("form", ["f32", "f64"])
@pytest.mark.parametrize("what", BODIES)
def test_a_recurrent_model(what, form, tmp_path):
    path = tmp_path / "m.rnn"
    path.write_text("rnn 1\n" + RECURRENT.format(body=BODIES[what].replace("\n ", "\n  ")))
    found = distances(plan_of(path, form=form), SIZES)
    assert {"predict", "evaluate", "fit", "gradients", "apply"} <= found.keys()
    assert max(found.values()) < NEAR[form], found


ON_SHOW = {
    "sunspots": [],
    "stacked_gru": [],
    "twin": [],
    "forecast": ["gradients", "step"],  # draws
    "digits": ["gradients", "step"],
    "plant": ["fit"],  # solves equations
}


@pytest.mark.parametrize("spec", ON_SHOW)
def test_a_spec_on_show(spec):
    plan = plan_of(SPECS / f"{spec}.rnn")
    axes = {axis: SIZES.get(axis, 4) for x in plan.inputs for axis in x.type.axes}
    found = distances(plan, axes, ON_SHOW[spec])
    assert found and max(found.values()) < NEAR["f32"], found
