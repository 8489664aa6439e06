"""Random draws as pure functions of (stream, call counter, step): Philox (Salmon et al. 2011), the same on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnndsl.backends.tensorflow.ops.random import philox
from rnndsl.backends.tensorflow.tensorflow_module import tf

_MULTIPLIER = 6364136223846793005
"""An odd constant of a 64-bit linear congruential generator (Knuth, MMIX): products of small numbers with it lie far apart."""


def mix(seed: Any, step: Any) -> Any:
    """A seed for step `step` (integer scalar) within `seed` (i64 scalar); distinct for all counters and steps that occur."""
    return seed * tf.constant(_MULTIPLIER, tf.int64) + tf.cast(step, tf.int64) + 1


def seed_pair(stream: int, seed: Any) -> Any:
    """The two i64 numbers that TensorFlow's stateless draws take."""
    return tf.stack([tf.constant(stream, tf.int64), seed])


def _drawn_in(dtype: Any) -> Any:
    """Half-precision numbers are drawn in f32 and rounded, since their own grids are too coarse for probabilities."""
    return tf.float64 if dtype == tf.float64 else tf.float32


def uniform(shape: Any, stream: int, seed: Any, dtype: Any, start: Any = None) -> Any:
    """Uniform in [0, 1), in f32 or wider. start: an i32 scalar where XLA compiles, the number to begin with."""
    if start is not None:
        return _spelled_out(philox.uniform, shape, stream, seed, dtype, start)
    return tf.random.stateless_uniform(shape, seed_pair(stream, seed), dtype=_drawn_in(dtype), alg="philox")


def normal(shape: Any, stream: int, seed: Any, dtype: Any, start: Any = None) -> Any:
    """Standard normal, in f32 or wider; `start` as above."""
    if start is not None:
        return _spelled_out(philox.normal, shape, stream, seed, dtype, start)
    return tf.random.stateless_normal(shape, seed_pair(stream, seed), dtype=_drawn_in(dtype), alg="philox")


def _spelled_out(draw: Callable[..., Any], shape: Any, stream: int, seed: Any, dtype: Any, start: Any) -> Any:
    return tf.reshape(draw(tf.reduce_prod(shape), stream, seed, _drawn_in(dtype), start), shape)
