"""Random numbers spelled out for XLA: TensorFlow's own, from any number on."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.backends.tensorflow.ops.random import philox
from rnndsl.backends.tensorflow.tensorflow_module import tf

pytestmark = [pytest.mark.tf, pytest.mark.xla]
STREAM = 7117992347077301094


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", [2**62 + 7, *(pytest.param(s, marks=pytest.mark.slow) for s in (0, 5, -3))])
def test_uniform_and_normal_are_those_of_tensorflow(dtype, seed):
    both = {philox.uniform: tf.random.stateless_uniform, philox.normal: tf.random.stateless_normal}
    for own, theirs in both.items():

        @tf.function(jit_compile=True)
        def drawn(count, start, own=own):
            return own(count, STREAM, tf.constant(seed, tf.int64), tf.as_dtype(dtype), start)

        for count, start in ((10, 0), (9, 1), (3, 2), (100, 37), (1, 0)):
            whole = theirs([count + start], [STREAM, seed], dtype=dtype, alg="philox")[start:]
            found = drawn(count, tf.constant(start))
            if own is philox.uniform:
                np.testing.assert_array_equal(found, whole)
            else:
                np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-6)
