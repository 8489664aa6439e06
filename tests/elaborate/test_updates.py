"""When updates run, what they read, and in which order: language, section 8."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import module_of, plan_of

pytestmark = pytest.mark.tf

MODEL = """
block Counter() {
  input x: [n]
  var total: [] ~ zeros
  update total <- total * 10 + sum(mean(x, over = leading), over = last)
  output x + total
}
model m() {
  input x: f32[batch, 1]
  target y: f32[batch, 1]
  collection late
  param w: [1] ~ ones
  var seen: [1] ~ zeros
  layer counter = Counter()
  a = counter(x)
  b = counter(2 * x)
  update seen <- w in {late}
  p = w * (a + b)
  output p
  loss mse = mean(square(p - y))
  train step = sgd(rate = 0.1)
  train early = sgd(rate = 0.1) before late
  train none_of_them = sgd(rate = 0.1) after none
}
"""


def _values(module):
    return {v.name.removesuffix(":0"): v.numpy() for v in module.collections["global_variables"]}


@pytest.fixture(params=[0, 1])
def module(request):
    return module_of(MODEL, request.param)


X, Y = np.full((2, 1), 3.0, np.float32), np.zeros((2, 1), np.float32)


def test_all_reads_come_before_and_updates_follow_the_text(module):
    out = module.signature_functions["step"](x=X, y=Y)
    # a = x + 0, b = 2x + 0: both applications read the total from before the call
    np.testing.assert_allclose(out["mse"], (3 + 6) ** 2)
    values = _values(module)
    np.testing.assert_allclose(values["counter/total"], (0 * 10 + 3) * 10 + 6)  # the second update reads what the first wrote
    np.testing.assert_allclose(values["w"], 1 - 0.1 * 2 * 81, rtol=1e-6)
    np.testing.assert_allclose(values["seen"], 0)


def test_before_runs_the_updates_on_what_the_optimizer_wrote(module):
    module.signature_functions["early"](x=X, y=Y)
    values = _values(module)
    np.testing.assert_allclose(values["seen"], values["w"])
    np.testing.assert_allclose(values["w"], 1 - 0.1 * 2 * 81, rtol=1e-6)
    np.testing.assert_allclose(values["counter/total"], 0)


def test_after_none_leaves_them_out(module):
    module.signature_functions["none_of_them"](x=X, y=Y)
    assert _values(module)["counter/total"] == 0


def test_neither_predict_nor_evaluate_updates(module):
    before = _values(module)
    module.signature_functions["predict"](x=X)
    module.signature_functions["evaluate"](x=X, y=Y)
    after = _values(module)
    assert {k: v.tobytes() for k, v in before.items()} == {k: v.tobytes() for k, v in after.items()}


def test_a_var_within_a_scan_is_carried_from_step_to_step():
    module = module_of("""
cell Count() {
  input x: [n]
  state h: [n] = zeros
  var steps: [] ~ zeros
  update steps <- 2 * steps + 1
  h = h[t-1] + x * steps
  output h
}
model m() {
  input x: f32[batch, time, 1]
  param w: [1] ~ ones
  layer count = Count()
  run = scan(count, x * w)
  output y = run.last
  loss l = mean(run.last)
  train step = sgd(rate = 0.0)
}""")
    x = np.ones((1, 4, 1), np.float32)
    out = module.signature_functions["step"](x=x)
    # in training the steps read 0, 1, 3, 7; afterwards the variable is 15
    np.testing.assert_allclose(out["l"], 0 + 1 + 3 + 7)
    np.testing.assert_allclose(_values(module)["count/steps"], 15)
    np.testing.assert_allclose(module.signature_functions["predict"](x=x)["y"], [[4 * 15]])


def test_training_false_makes_a_scope_behave_as_in_inference():
    plan = plan_of("""
model m() {
  input x: f32[batch, 2]
  scope frozen with (training = false) { layer norm = BatchNorm() }
  layer norm = BatchNorm()
  output y = norm(Dropout(0.5)(frozen.norm(x)))
}""")
    assert [u.variable for u in plan.updates] == ["norm/moving_mean", "norm/moving_variance"]


def test_batch_norm_against_keras():
    import keras

    module = module_of(
        """
model m() {
  input x: f32[batch, time, 3]
  layer norm = BatchNorm(momentum = 0.9)
  output y = norm(x)
  loss l = mean(square(norm(x) * 0.0))
  train step = sgd(rate = 0.0) after update_ops
}""".replace("norm(x) * 0.0", "y * 0.0")
    )
    layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    random = np.random.default_rng(0)
    for _ in range(3):
        x = random.normal(2.0, 3.0, size=(4, 5, 3)).astype(np.float32)
        layer(x, training=True)
        module.signature_functions["step"](x=x)
    np.testing.assert_allclose(module.signature_functions["predict"](x=x)["y"], layer(x, training=False), rtol=1e-4, atol=1e-5)
