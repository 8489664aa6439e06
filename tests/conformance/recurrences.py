"""Models of recurrences in f64, sequences for them, and comparisons."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.conformance.loops import Array, Run, Weights

LEVELS = pytest.mark.parametrize("level", [0, 1])
B, T = 4, 5
LENGTHS = np.array([5, 0, 3, 1], np.int32)
MASK = np.array([[0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 0, 1, 1]], bool)
WITHIN = np.arange(T) < LENGTHS[:, None]
ALWAYS = np.ones((B, T), bool)

INPUTS = """
  input x: f64[batch, time, 2]
  input n: i32[batch]
  input m: bool[batch, time]
"""


class Model:
    """A spec in f64 with random variables."""

    def __init__(self, text: str, level: int) -> None:
        from rnndsl.backends.tensorflow.module import build

        plan = plan_of(text, level)
        rng = np.random.default_rng(0)
        self.module = build(plan)
        self.values = {v.path: 0.6 * rng.normal(size=v.shape) for v in plan.variables if v.kind == "param"}
        for path, value in self.values.items():
            self.module.variables_by_path[path].assign(value)

    def weights(self, path: str) -> Weights:
        return Weights(self.values, path)

    def apply(self, **inputs: Array) -> dict[str, Array]:
        import tensorflow as tf

        variables = {path: tf.constant(v) for path, v in self.values.items()}
        found = self.module.apply(variables, {k: tf.constant(v) for k, v in inputs.items()}, tf.constant(0, tf.int64))
        return {name: value.numpy() for name, value in found.items()}

    def predict(self, **inputs: Array) -> dict[str, Array]:
        import tensorflow as tf

        return {
            name: value.numpy() for name, value in self.module.predict(**{k: tf.constant(v) for k, v in inputs.items()}).items()
        }


def numbers(*shape: int) -> Array:
    return np.random.default_rng(len(shape) + shape[-1]).normal(size=shape)


def close(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def zeros(*sizes: int) -> list[Array]:
    return [np.zeros((B, n)) for n in sizes]


def outputs(name: str, *states: str) -> str:
    finals = "".join(f"  output {name}_{s} = {name}.final.{s}\n" for s in states)
    return f"  output {name}_out = {name}\n  output {name}_last = {name}.last\n{finals}"


def check(found: dict[str, Array], name: str, expected: Run, *states: str) -> None:
    close(found[f"{name}_out"], expected.out)
    close(found[f"{name}_last"], expected.last)
    for state, final in zip(states, expected.finals, strict=True):
        close(found[f"{name}_{state}"], final)
