"""Initial values beside TensorFlow's own initializers: Keras' and TensorFlow 1's, with their defaults and with other arguments.

Two samples of one distribution: Kolmogorov and Smirnov's distance, the first four moments, the range. Fans are those of the
declared variable: matrices, kernels of convolutions, vectors, and gates before they are packed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rnndsl.language.initializers import PARAMETERS, initial_value
from rnndsl.plan.model import Initializer, Variable
from tests.compiling import plan_of

SHAPES = {"wide": (60, 700), "tall": (700, 60), "kernel": (3, 70, 200), "image": (3, 2, 60, 120), "vector": (40_000,)}
MATRICES = ("wide", "tall", "kernel", "image")
SCALINGS = [
    {"scale": scale, "mode": mode, "distribution": distribution}
    for scale, mode in ((0.5, "fan_in"), (2.0, "fan_out"), (1.0, "fan_avg"))
    for distribution in ("truncated_normal", "untruncated_normal", "uniform")
]
GIVEN: list[tuple[str, dict[str, Any]]] = [
    ("uniform", {"low": -1.0, "high": 3.0}),
    ("normal", {"mean": 2.0, "stddev": 0.5}),
    ("truncated_normal", {"mean": -1.0, "stddev": 2.0}),
    *(("variance_scaling", arguments) for arguments in SCALINGS),
]
SCALED = tuple(f"{name}_{kind}" for name in ("glorot", "he", "lecun", "xavier") for kind in ("uniform", "normal"))
NAMES = {"low": "minval", "high": "maxval"}
"""TensorFlow's names of arguments, where they differ."""


def ours(name: str, shape: tuple[int, ...], arguments: dict[str, Any], seed: int = 0) -> np.ndarray:
    variable = Variable(
        path="enc/w", kind="param", dtype="f32", shape=shape, trainable=True, collections=(),
        initializer=Initializer(name=name, arguments=arguments), initializer_origin="declared",
    )  # fmt: skip
    return np.asarray(initial_value(variable, seed), np.float64)


def of_keras(name: str, arguments: dict[str, Any], seed: int = 7) -> Any:
    import tensorflow as tf

    classes = {"uniform": "RandomUniform", "normal": "RandomNormal", "truncated_normal": "TruncatedNormal"}
    title = classes.get(name) or "".join(part.capitalize() for part in name.replace("xavier", "glorot").split("_"))
    return getattr(tf.keras.initializers, title)(**{NAMES.get(k, k): v for k, v in arguments.items()}, seed=seed)


def of_tf1(name: str, arguments: dict[str, Any], seed: int = 7) -> Any:
    import tensorflow as tf

    tf.random.set_seed(seed)
    title = {"uniform": "random_uniform", "normal": "random_normal"}.get(name, name)
    return getattr(tf.compat.v1.initializers, title)(**{NAMES.get(k, k): v for k, v in arguments.items()})


def drawn(initializer: Any, shape: tuple[int, ...]) -> np.ndarray:
    import tensorflow as tf

    return np.asarray(initializer(shape, dtype=tf.float32), np.float64)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """The two-sample statistic of Kolmogorov and Smirnov times sqrt(nm / (n + m)): above 1.95 with probability 0.001."""
    a, b = np.sort(a.ravel()), np.sort(b.ravel())
    both = np.concatenate([a, b])
    apart = np.searchsorted(a, both, "right") / len(a) - np.searchsorted(b, both, "right") / len(b)
    return float(np.abs(apart).max() * math.sqrt(len(a) * len(b) / (len(a) + len(b))))


def assert_same_distribution(found: np.ndarray, expected: np.ndarray, bounded: bool) -> None:
    assert found.shape == expected.shape
    assert distance(found, expected) < 1.95
    centre, spread = expected.mean(), expected.std()
    assert found.mean() == pytest.approx(centre, abs=5 * spread * math.sqrt(2 / expected.size))
    assert found.std() == pytest.approx(spread, rel=0.02)
    for power in (3, 4):
        moments = [np.mean(((x - centre) / spread) ** power) for x in (found, expected)]
        assert moments[0] == pytest.approx(moments[1], abs=0.15)
    if bounded:
        assert found.max() == pytest.approx(expected.max(), abs=0.02 * spread)
        assert found.min() == pytest.approx(expected.min(), abs=0.02 * spread)


def bounded(name: str, arguments: dict[str, Any]) -> bool:
    kind = arguments.get("distribution", name)
    return "uniform" in kind


@pytest.mark.tf
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal", "variance_scaling", *SCALED])
def test_defaults_are_those_of_keras(name: str, shape: str) -> None:
    arguments = dict(PARAMETERS[name])
    expected = drawn(of_keras(name, {}), SHAPES[shape])
    assert_same_distribution(ours(name, SHAPES[shape], arguments), expected, bounded(name, arguments))


@pytest.mark.tf
@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize(("name", "arguments"), GIVEN, ids=lambda x: x if isinstance(x, str) else "-".join(map(str, x.values())))
@pytest.mark.parametrize("source", [of_keras, of_tf1])
def test_arguments_are_those_of_tensorflow(name: str, arguments: dict[str, Any], shape: str, source: Any) -> None:
    expected = drawn(source(name, arguments), SHAPES[shape])
    assert_same_distribution(ours(name, SHAPES[shape], arguments), expected, bounded(name, arguments))


@pytest.mark.tf
@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize("factor", [1.0, 1.43])
def test_uniform_unit_scaling_is_tensorflow_1s(factor: float, shape: str) -> None:
    arguments = {"factor": factor}
    expected = drawn(of_tf1("uniform_unit_scaling", arguments), SHAPES[shape])
    assert_same_distribution(ours("uniform_unit_scaling", SHAPES[shape], arguments), expected, True)


@pytest.mark.tf
@pytest.mark.parametrize("shape", [(90, 90), (60, 150), (150, 60), (3, 20, 50)])
@pytest.mark.parametrize("source", [of_keras, of_tf1])
def test_orthogonal_is_tensorflows(shape: tuple[int, ...], source: Any) -> None:
    """Products of rows or columns are gain^2 times the identity in both, and elements have one distribution over several draws."""
    found = np.stack([ours("orthogonal", shape, {"gain": 1.5}, seed) for seed in range(4)])
    expected = np.stack([drawn(source("orthogonal", {"gain": 1.5}, seed), shape) for seed in range(4)])
    for q in (found, expected):
        flat = q[0].reshape(-1, shape[-1])
        small = flat @ flat.T if flat.shape[0] < flat.shape[1] else flat.T @ flat
        np.testing.assert_allclose(small, 2.25 * np.eye(len(small)), atol=1e-4)
    assert distance(found, expected) < 1.95
    assert found.std() == pytest.approx(expected.std(), rel=1e-3)


@pytest.mark.tf
@pytest.mark.parametrize("source", ["keras", "v1"])
def test_what_is_not_random_is_tensorflows(source: str) -> None:
    import tensorflow as tf

    theirs = tf.keras.initializers if source == "keras" else tf.compat.v1.initializers
    constant = theirs.Constant(2.5) if source == "keras" else theirs.constant(2.5)
    identity = theirs.Identity(0.5) if source == "keras" else theirs.identity(0.5)
    cases = {"zeros": (theirs.zeros(), {}), "ones": (theirs.ones(), {})} if source == "v1" else {}
    cases |= {"constant": (constant, {"value": 2.5}), "identity": (identity, {"gain": 0.5})}
    for name, (initializer, arguments) in cases.items():
        np.testing.assert_array_equal(ours(name, (3, 5), arguments), drawn(initializer, (3, 5)))


@pytest.mark.tf
def test_log_uniform_is_exp_of_tensorflows_uniform() -> None:
    import tensorflow as tf

    expected = np.exp(drawn(tf.keras.initializers.RandomUniform(math.log(2.0), math.log(50.0), seed=3), (200, 200)))
    assert_same_distribution(ours("log_uniform", (200, 200), {"low": 2.0, "high": 50.0}), expected, False)


def test_no_initializer_is_left_out() -> None:
    compared = {"uniform", "normal", "truncated_normal", "variance_scaling", *SCALED, "uniform_unit_scaling", "orthogonal"}
    assert set(PARAMETERS) == {*compared, "zeros", "ones", "constant", "identity", "log_uniform", "values"}


GATES = """
model m(units: int = 150) with (seed = 5) {
  input x: f32[batch, time, 50]
  scope enc with (init = he_normal) {
    layer lstm = LSTM(units)
    run = scan(lstm, x)
  }
  OTHER
  output y = enc.run
  init enc/lstm/forget_gate/wx ~ variance_scaling(scale = 3.0, mode = "fan_out", distribution = "uniform")
  init enc/lstm/*/wt ~ orthogonal
  init enc/lstm/output_gate/wt ~ orthogonal
}
"""


@pytest.mark.tf
@pytest.mark.parametrize("level", [0, 1])
def test_gates_have_the_fans_of_their_own_variables(level: int) -> None:
    """What the compiler packs into [50, 4 * 150] starts as four matrices [50, 150], each as its own text says."""
    from rnndsl.backends.tensorflow.module import build

    plan = plan_of(GATES.replace("OTHER", ""), level)
    values = {path: v.numpy() for path, v in build(plan).variables_by_path.items()}
    for gate in ("input", "memory", "output"):
        found = values[f"enc/lstm/{gate}_{'cell' if gate == 'memory' else 'gate'}/wx"]
        expected = drawn(of_keras("he_normal", {}), (50, 150))
        assert distance(found, expected) < 1.95
        assert found.std() == pytest.approx(math.sqrt(2 / 50), rel=0.03)
    uniform = values["enc/lstm/forget_gate/wx"]
    assert np.abs(uniform).max() == pytest.approx(math.sqrt(3 * 3 / 150), rel=0.01)
    for gate in ("input_gate", "forget_gate", "memory_cell", "output_gate"):
        q = values[f"enc/lstm/{gate}/wt"]
        np.testing.assert_allclose(q @ q.T, np.eye(150), atol=2e-5)
    pairs = [values[f"enc/lstm/{a}/wt"] for a in ("input_gate", "forget_gate")]
    assert abs(np.corrcoef(pairs[0].ravel(), pairs[1].ravel())[0, 1]) < 0.03


def test_other_layers_change_no_numbers() -> None:
    plans = [plan_of(GATES.replace("OTHER", other)) for other in ("", "layer first = Dense(7)\n  output z = first(enc.run)")]
    first, second = ({v.path: initial_value(v, plan.seed) for v in plan.variables} for plan in plans)
    assert set(second) == {*first, "first/kernel", "first/bias"}
    for path, value in first.items():
        np.testing.assert_array_equal(second[path], value)
