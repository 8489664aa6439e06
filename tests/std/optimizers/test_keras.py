"""Each optimizer of `std.optimizers` beside Keras' own class: 50 steps of a small regression in f64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of
from tests.std.optimizers.regression import PATHS, STEPS, XS, YS, gradients

pytestmark = pytest.mark.tf

SPEC = """
model m with (dtype = f64) {{
  input x: f64[batch, 3]
  target y: f64[batch, 2]
  {more}
  param gain: [] ~ constant(0.7)
  layer dense = Dense(2)
  output p = gain * tanh(dense(x))
  loss mse = mean(square(p - y))
  {selectors}
  train fit = {optimizer}
}}
"""


def ours(optimizer: str, *, more: str = "", selectors: str = "", **feeds: Any) -> tuple[dict[str, np.ndarray], Model]:
    """The variables before the first step, and the model after the last; a feed gives a value a step."""
    model = Model(plan_of(SPEC.format(optimizer=optimizer, more=more, selectors=selectors)))
    before = {path: np.array(value) for path, value in model.variables.items()}
    for k in range(STEPS):
        model.call("fit", {"x": XS[k], "y": YS[k], **{name: np.asarray(values[k]) for name, values in feeds.items()}})
    return before, model


def theirs(optimizer: Any, before: dict[str, np.ndarray], change: Callable[[list[Any]], list[Any]] = list) -> dict[str, np.ndarray]:
    """The same steps by Keras' `optimizer`, on gradients that are worked out here and changed by `change`."""
    import tensorflow as tf

    values = [tf.Variable(before[path]) for path in PATHS]
    optimizer.build(values)
    for x, y in zip(XS, YS, strict=True):
        optimizer.apply([tf.constant(g) for g in change(gradients([v.numpy() for v in values], x, y))], values)
    return {path: value.numpy() for path, value in zip(PATHS, values, strict=True)}


def agree(model: Model, expected: dict[str, np.ndarray]) -> None:
    for path, value in expected.items():
        np.testing.assert_allclose(model.variables[path], value, rtol=1e-10, atol=1e-12, err_msg=path)


@pytest.fixture(autouse=True)
def in_f64(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keras in f64 throughout: it would take its own arguments by way of f32."""
    import keras
    import tensorflow as tf
    from keras.src import ops

    cast = ops.cast
    monkeypatch.setattr(ops, "cast", lambda x, dtype: tf.constant(x, dtype) if isinstance(x, float) else cast(x, dtype))
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


OPTIMIZERS = [
    ("sgd(rate = 0.125)", "SGD", {"learning_rate": 0.125}),
    ("sgd(rate = 0.125, momentum = 0.9)", "SGD", {"learning_rate": 0.125, "momentum": 0.9}),
    ("sgd(0.125, 0.9, nesterov = true)", "SGD", {"learning_rate": 0.125, "momentum": 0.9, "nesterov": True}),
    ("adam(0.0078125)", "Adam", {"learning_rate": 0.0078125}),
    ("adam(rate = 0.0625, beta_1 = 0.8, beta_2 = 0.99, epsilon = 1e-6)", "Adam",
     {"learning_rate": 0.0625, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-6}),
    ("adam(rate = 0.0625, amsgrad = true)", "Adam", {"learning_rate": 0.0625, "amsgrad": True}),
    ("adamw(rate = 0.0625, weight_decay = 0.125)", "AdamW", {"learning_rate": 0.0625, "weight_decay": 0.125}),
    ("adamw(rate = 0.0625, weight_decay = 0.0625, amsgrad = true)", "AdamW",
     {"learning_rate": 0.0625, "weight_decay": 0.0625, "amsgrad": True}),
    ("nadam(rate = 0.03125, momentum_decay = 1.0)", "Nadam", {"learning_rate": 0.03125}),
    ("rmsprop(rate = 0.015625)", "RMSprop", {"learning_rate": 0.015625}),
    ("rmsprop(rate = 0.015625, rho = 0.8, momentum = 0.5, centered = true)", "RMSprop",
     {"learning_rate": 0.015625, "rho": 0.8, "momentum": 0.5, "centered": True}),
    ("adagrad(rate = 0.125, epsilon = 1e-5)", "Adagrad", {"learning_rate": 0.125, "epsilon": 1e-5}),
    ("adadelta(rate = 1.0, rho = 0.9)", "Adadelta", {"learning_rate": 1.0, "rho": 0.9}),
    ("ftrl(rate = 0.125)", "Ftrl", {"learning_rate": 0.125}),
    ("ftrl(rate = 0.125, learning_rate_power = -0.3, l1_regularization_strength = 0.01, l2_regularization_strength = 0.02, "
     "l2_shrinkage_regularization_strength = 0.03, beta = 0.1)", "Ftrl",
     {"learning_rate": 0.125, "learning_rate_power": -0.3, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02,
      "l2_shrinkage_regularization_strength": 0.03, "beta": 0.1}),
    ("lion(rate = 0.015625, beta_1 = 0.8)", "Lion", {"learning_rate": 0.015625, "beta_1": 0.8}),
    ("adafactor(rate = 0.0625)", "Adafactor", {"learning_rate": 0.0625}),
    ("adafactor(rate = 0.0625, beta_2_decay = -0.5, clip_threshold = 0.5)", "Adafactor",
     {"learning_rate": 0.0625, "beta_2_decay": -0.5, "clip_threshold": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "arguments"), OPTIMIZERS)
def test_fifty_steps(text: str, kind: str, arguments: dict[str, Any]) -> None:
    import keras

    before, model = ours(text)
    agree(model, theirs(getattr(keras.optimizers, kind)(**arguments), before))


def clipped_by_norm(gradients: list[np.ndarray], most: float) -> list[np.ndarray]:
    norm = np.sqrt(sum((g * g).sum() for g in gradients))
    return [g * (most / max(norm, most)) for g in gradients]


CHANGED = [
    ("sgd(0.125, 0.9, clip_norm = 0.05)", {}, lambda gs: clipped_by_norm(gs, 0.05)),
    ("sgd(0.125, 0.9, clip_value = 0.02)", {}, lambda gs: [np.clip(g, -0.02, 0.02) for g in gs]),
    ("sgd(0.125, 0.9, clip_value = 0.02, clip_norm = 0.03)", {},
     lambda gs: clipped_by_norm([np.clip(g, -0.02, 0.02) for g in gs], 0.03)),
    ("sgd(0.125, 0.9)", {"global_clipnorm": 0.0625}, lambda gs: gs),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "change"), CHANGED)
def test_gradients_are_clipped(text: str, options: dict[str, Any], change: Any) -> None:
    import keras

    more = ", clip_norm = 0.0625)" if options else ")"
    before, model = ours(text.removesuffix(")") + more)
    agree(model, theirs(keras.optimizers.SGD(learning_rate=0.125, momentum=0.9, **options), before, change))


def test_a_frozen_variable_keeps_its_bytes() -> None:
    import keras

    before, model = ours("adamw(0.0625, weight_decay = 0.125)", selectors="freeze dense/bias")
    keep = keras.optimizers.AdamW(learning_rate=0.0625, weight_decay=0.125)
    expected = _without_bias(keep, before)
    assert model.variables["dense/bias"].tobytes() == before["dense/bias"].tobytes()
    agree(model, expected)
    assert not [path for path in model.variables if path.startswith("train/fit/dense/bias")]


def _without_bias(optimizer: Any, before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import tensorflow as tf

    values = {path: tf.Variable(before[path]) for path in ("dense/kernel", "gain")}
    optimizer.build(list(values.values()))
    for x, y in zip(XS, YS, strict=True):
        kernel, _, gain = gradients([values["dense/kernel"].numpy(), before["dense/bias"], values["gain"].numpy()], x, y)
        optimizer.apply([tf.constant(kernel), tf.constant(gain)], list(values.values()))
    return {path: value.numpy() for path, value in values.items()}


def test_a_rate_of_its_own_scales_the_whole_step_of_a_variable() -> None:
    """Of sgd that is another rate."""
    import keras

    before, model = ours("sgd(0.125)", selectors="rate dense/* by 0.5 rate dense/bias by 0.5")
    factors = (0.5, 0.25, 1.0)
    change = lambda gs: [g * f for g, f in zip(gs, factors, strict=True)]  # noqa: E731
    agree(model, theirs(keras.optimizers.SGD(learning_rate=0.125), before, change))


def test_average_follows_the_weights() -> None:
    """From the first value on, of the weights after each step (Polyak & Juditsky 1992, in the exponential form)."""
    model = Model(plan_of(SPEC.format(optimizer="adam(0.0625, average(0.875))", more="", selectors="")))
    averages = {path: model.variables[path] for path in PATHS}
    for path in PATHS:
        np.testing.assert_array_equal(model.variables[f"train/fit/average/{path}"], averages[path])
    for x, y in zip(XS, YS, strict=True):
        model.call("fit", {"x": x, "y": y})
        averages = {path: 0.875 * average + 0.125 * model.variables[path] for path, average in averages.items()}
    for path, average in averages.items():
        np.testing.assert_allclose(model.variables[f"train/fit/average/{path}"], average, rtol=1e-12)


SCHEDULES = [
    ("cosine(0.125, 20)", "CosineDecay", (0.125, 20)),
    ("cosine(0.125, 20, alpha = 0.25)", "CosineDecay", (0.125, 20, 0.25)),
    ("cosine(0.125, 20, alpha = 0.25, warm_up = 10, warm_from = 0.5)", "CosineDecay", (0.0625, 20, 0.25, "c", 0.125, 10)),
    ("cosine_restarts(0.125, 6)", "CosineDecayRestarts", (0.125, 6)),
    ("cosine_restarts(0.125, 7, grow = 1.5, shrink = 0.5, alpha = 0.125)", "CosineDecayRestarts", (0.125, 7, 1.5, 0.5, 0.125)),
    ("cosine_restarts(0.125, 8, grow = 1.0)", "CosineDecayRestarts", (0.125, 8, 1.0)),
    ("exponential_decay(0.125, 10, 0.5)", "ExponentialDecay", (0.125, 10, 0.5)),
    ("exponential_decay(0.125, 10, 0.5, staircase = true)", "ExponentialDecay", (0.125, 10, 0.5, True)),
    ("piecewise([10, 30], [0.125, 0.0625, 0.25])", "PiecewiseConstantDecay", ([10, 30], [0.125, 0.0625, 0.25])),
]


@pytest.mark.parametrize(("text", "kind", "arguments"), SCHEDULES)
def test_schedules(text: str, kind: str, arguments: tuple[Any, ...]) -> None:
    """The rate of each step, from what sgd does to a number with the gradient 1. Keras' are in f32."""
    import keras

    spec = "model m with (dtype = f64) {{ param w: [] ~ zeros loss l = w train fit = sgd({}) }}"
    model = Model(plan_of(spec.format(text)))
    schedule = getattr(keras.optimizers.schedules, kind)(*arguments)
    for k in range(STEPS):
        before = float(model.variables["w"])
        model.call("fit", {})
        rate = before - float(model.variables["w"])
        np.testing.assert_allclose(rate, float(schedule(keras.ops.cast(k, "float64"))), rtol=1e-6, atol=1e-8, err_msg=f"step {k}")
