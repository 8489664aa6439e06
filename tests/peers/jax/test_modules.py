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
    "draws at each step, and one for all": "layer c = DropoutCell(LSTM(4), input = 0.3, state = 0.2, variational = true)\n"
    " run = scan(c, dropout(x, 0.4, shared = time), lengths = lengths)\n out = run.last + random_normal(run.last)",
    "segments run again": "layer c = Zoneout(GRU(4), 0.3)\n"
    " run = scan(c, x, lengths = lengths, reverse = true, recompute = true)\n out = run.last",
    "convolutions": "param k: [3, 3, 4]\n param q: [2, 2, 1, 3]\n a = conv(x, k, over = time, padding = causal)\n"
    " b = conv(reshape(a, [4, 1]), q, over = [time, dims], stride = [1, 2], padding = same)\n out = sum(b, over = time)[0]",
    "equations solved": "param a: [3, 3] ~ normal\n m = outer(x, x) + a + 4.0 * eye(3)\n z = solve(m, x) + inv(m)[0] + logdet(m)\n"
    " out = mean(z, over = time)",
    "numbers in order": "s = concat([sort(x), top_k(x, 2).values]) + cast(top_k(x, 1).ids, form)\n out = mean(s, over = time)",
    "the error function": "out = mean(erf(x) + gelu(3.0 * x) + erf(9.0 * x), over = time)",
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


OTHERS = {
    "ctc": """
axis label
model m(form: dtype = f32) with (dtype = form) {
  input x: form[batch, time, 4]
  target ids: i32[batch, label]
  target lengths: i32[batch]
  target counts: i32[batch]
  layer head = Dense(4)
  z = head(x)
  output z
  loss certain = mean(ctc(z, ids + 1, minimum(lengths + 2, 5), counts + 1), over = batch)
  loss whether = mean(exp(-ctc(z, ids + 1, lengths, counts + 1)), over = batch)
  train fit = sgd(0.1)
}
""",
    "least squares": """
model m(form: dtype = f32) with (dtype = form) {
  input x: form[batch, time, 3]
  target y: form[batch]
  layer c = RNN(2)
  layer head = Dense(1)
  p = head(scan(c, x).last)[0]
  output p
  residual r = p - y
  train fit = levenberg_marquardt(damping = 0.1)
  train by_rows = levenberg_marquardt(damping = 0.1, solver = qr, jacobian = reverse)
}
""",
    "as many steps as a value says": """
cell Walk() {
  state h: [3] = zeros
  param w: [3, 3]
  h = tanh(h[t-1] @ w + 0.1)
  output h
}
axis turn
model m(form: dtype = f32) with (dtype = form) {
  input x: form[batch, 3]
  input lengths: i32[]
  layer walk = Walk()
  run = scan(walk, steps = lengths, along = turn, initial = (h = x))
  output p = run.last + run.final.h
}
""",
    "rows of tables": """
model m(form: dtype = f32) with (dtype = form) {
  input ids: i32[batch, time]
  input lengths: i32[batch]
  target y: form[batch]
  layer words = Embedding(4, 3)
  layer c = GRU(2)
  loss l = mean(square(scan(c, words(ids), lengths = lengths).last[0] - y), over = batch)
  train plain = sgd(0.5, clip_norm = 0.1)
  train scaled = adagrad(0.5)
}
""",
    "choices": """
model m(form: dtype = f32) with (dtype = form) {
  input x: form[batch, 4]
  output coin = bernoulli(sigmoid(x))
  output pick = categorical(x)
  output level = random_uniform(x)
}
""",
}


@pytest.mark.parametrize("form", ["f32", "f64"])
@pytest.mark.parametrize("what", OTHERS)
def test_another_model(what, form, tmp_path):
    path = tmp_path / "m.rnn"
    path.write_text("rnn 1\n" + OTHERS[what])
    found = distances(plan_of(path, form=form), {**SIZES, "label": 2})
    assert found and max(found.values()) < NEAR[form], found


@pytest.mark.parametrize("spec", ["sunspots", "stacked_gru", "twin", "forecast", "digits", "plant"])
def test_a_spec_on_show(spec):
    plan = plan_of(SPECS / f"{spec}.rnn")
    axes = {axis: SIZES.get(axis, 4) for x in plan.inputs for axis in x.type.axes}
    found = distances(plan, axes)
    assert found and max(found.values()) < 5 * NEAR["f32"], found  # longer sums
