"""TensorFlow's training step is the function's: results and every variable, beside NumPy with central differences."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import module_of, plan_of
from tests.derive.running import run

pytestmark = pytest.mark.tf

PLAIN = """
model m with (dtype = f64) {
  input x: f64[batch, 2]
  param w: [2] ~ ones
  param unread: [2] ~ ones
  var v: [2] ~ zeros
  update v <- 1.0
  update v <- v + w
  output y = x * w * unread + v
  loss a = mean(square(x * w))
  loss b = mean(x * w + v)
  train late = sgd(rate = 0.1) before update_ops
  train early = sgd(rate = 0.1)
}"""
SCANS = """
cell Sum {
  input x: []
  param w: [] ~ ones
  var n: [] ~ zeros
  update n <- n + w * mean(x, over = leading)
  state s: [] = zeros
  s = s[t-1] + x * w
  output s
}
model m with (dtype = f64) {
  input x: f64[batch, time]
  input k: i32[batch]
  layer c = Sum()
  a = scan(c, x, lengths = k, carry = true)
  b = scan(c, 2 * x, reverse = true)
  output y = a.last + b.last
  loss l = mean(y)
  train late = sgd(rate = 0.1) before update_ops
  train early = sgd(rate = 0.1)
}"""
LOOPS = """
model m with (dtype = f64) {
  axis step
  input x: f64[batch, time, 3]
  input k: i32[batch]
  param start: [3]
  layer c = Stack([GRU(4), RNN(3)])
  layer f = Dense(3, activation = tanh)
  free = scan(c, feed = f, first = start, steps = 4, along = step, lengths = k)
  forced = scan(c, feed = f, first = start, teacher = x, teach = if training then 1.0 else 0.0)
  heard = scan(c, feed = f, first = start, teacher = x, teach = if training then 0.6 else 0.0, reverse = true, lengths = k)
  output y = heard.last + forced.last
  loss l = mean(square(free)) + mean(square(forced)) + mean(square(heard - 0.5))
  train late = sgd(rate = 0.1) before update_ops
  train early = sgd(rate = 0.1)
}"""
SIZES = {"batch": 2, "time": 3}


@pytest.mark.parametrize("text", [PLAIN, SCANS, LOOPS], ids=["plain", "scans", "loops"])
@pytest.mark.parametrize("level", [0, 1])
def test_training_steps(text, level):
    rng = np.random.default_rng(0)
    plan, module = plan_of(text, level), module_of(text, level)
    inputs = {x.name: rng.normal(size=[*(SIZES[a] for a in x.type.axes), *x.type.dims]) for x in plan.inputs if x.name != "k"}
    inputs["k"] = np.array([3, 1], np.int32)
    variables = {path: v.numpy() for path, v in module.variables_by_path.items() if not path.startswith("train/")}
    for name in ("late", "early", "late"):
        given = {x.name: inputs[x.name] for x in plan.function(name).inputs}
        found = {key: value.numpy() for key, value in module.signature_functions[name](**given).items()}
        results, variables = run(plan, name, given, variables)
        for (_, key), value in results.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-6, err_msg=f"{key} of {name}")
        for path, value in variables.items():
            now = module.variables_by_path[path].numpy()
            np.testing.assert_allclose(now, value, rtol=1e-6, atol=1e-9, err_msg=f"{path} after {name}")


OPTIMIZERS = [
    "sgd(rate = 0.1, momentum = 0.9)",
    "sgd(rate = cosine(0.1, 2, alpha = 0.1), momentum = 0.9, nesterov = true)",
    "adam(rate = piecewise([0, 1], [0.1, 0.02, 0.3]), amsgrad = true)",
    "adamw(rate = exponential_decay(0.1, 2, 0.5), weight_decay = 0.1)",
    "rmsprop(rate = 0.1, momentum = 0.5, centered = true)",
    "rmsprop(rate = exponential_decay(0.1, 2, 0.5, staircase = true), clip_norm = 0.5)",
    "adagrad(rate = 0.1, clip_value = 0.2)",
    "adadelta(rate = 0.5, average = 0.9)",
    "ftrl(rate = 0.1, l1_regularization_strength = 0.01, l2_shrinkage_regularization_strength = 0.1, beta = 0.2)",
    "lion(rate = 0.1)",
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer):
    """Three steps, slots and averages included. Keras takes powers of beta in f32."""
    text = f"""
model m with (dtype = f64) {{
  input x: f64[batch, 2]
  param w: [2] ~ ones
  param b: [] ~ zeros
  rate b by 0.5
  loss l = mean(square(x * w + b - 1))
  train step = {optimizer}
}}"""
    plan, module = plan_of(text, 0), module_of(text, 0)
    x = np.random.default_rng(0).normal(size=(4, 2))
    variables = {path: v.numpy() for path, v in module.variables_by_path.items() if not path.startswith("train/")}
    for _ in range(3):
        module.signature_functions["step"](x=x)
        _, variables = run(plan, "step", {"x": x}, variables)
    assert variables.keys() == module.variables_by_path.keys()
    for path, value in variables.items():
        np.testing.assert_allclose(value, module.variables_by_path[path].numpy(), rtol=2e-4, atol=1e-7, err_msg=path)
