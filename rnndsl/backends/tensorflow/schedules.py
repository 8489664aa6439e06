"""Learning rates as f64 scalars, so that a rate is rounded once, to the dtype of the variable."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Schedule


def _cosine(step: Any, rate: float, steps: float, alpha: float = 0.0) -> Any:
    """rate * ((1 - alpha) * (1 + cos(pi * min(step, steps) / steps)) / 2 + alpha); Loshchilov & Hutter 2016, one period."""
    part = tf.minimum(step, steps) / steps
    return rate * ((1 - alpha) * (1 + tf.cos(math.pi * part)) / 2 + alpha)


def _exponential_decay(step: Any, rate: float, steps: float, decay: float, staircase: bool = False) -> Any:
    """rate * decay ** (step / steps), the exponent rounded down if `staircase`."""
    part = step / steps
    return rate * tf.pow(tf.constant(decay, tf.float64), tf.floor(part) if staircase else part)


def _piecewise(step: Any, boundaries: list[float], values: list[float]) -> Any:
    """values[k] while step <= boundaries[k], the last value afterwards."""
    passed = tf.reduce_sum(tf.cast(step > tf.constant(boundaries, tf.float64), tf.int32))
    return tf.gather(tf.constant(values, tf.float64), passed)


_SCHEDULES: Mapping[str, Callable[..., Any]] = {
    "cosine": _cosine,
    "exponential_decay": _exponential_decay,
    "piecewise": _piecewise,
}


def learning_rate(rate: float | Schedule | str, iteration: Any, given: Any) -> Any:
    """The rate of the step after `iteration` steps: a number, a schedule, or an input, which is `given`."""
    if isinstance(rate, str):
        return tf.cast(given, tf.float64)
    if isinstance(rate, Schedule):
        return _SCHEDULES[rate.name](tf.cast(iteration, tf.float64), **rate.arguments)
    return tf.constant(rate, tf.float64)
