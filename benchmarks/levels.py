"""An LSTM over time: each optimisation level against the plain lowering and against Keras, side by side in one run.

    python benchmarks/levels.py [T B n u]

Prints the ratio of each to Keras, forward and for a training step, by the median of paired rounds.
On a machine that does other work, read the ratios, not the milliseconds.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROUNDS = 7
SPEC = """rnn 1
model m(n: int, units: int) {
  input x: f32[batch, time, n]
  target y: f32[batch, units]
  layer cell = LSTM(units)
  run = scan(cell, x)
  output last = run.last
  loss mse = mean(square(run.last - y))
  train step = sgd(rate = 0.01)
}
"""


def main() -> None:
    import keras
    import numpy as np
    import tensorflow as tf

    from rnndsl.backends.tensorflow.module import build
    from rnndsl.driver import Job
    from rnndsl.elaborate import elaborate
    from rnndsl.passes import run_passes

    steps, batch, n, units = map(int, sys.argv[1:5] or (100, 64, 256, 512))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.rnn"
        path.write_text(SPEC, encoding="utf-8")
        job = Job(path)
        plan = elaborate(job.resolve(), "m", {"n": n, "units": units}, job.sink)
    assert plan is not None
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(batch, steps, n)).astype("f"))
    y = tf.constant(random.normal(size=(batch, units)).astype("f"))

    layer = keras.layers.LSTM(units)
    layer.build(x.shape)
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(layer.trainable_variables)

    @tf.function(jit_compile=False)
    def keras_forward():
        return layer(x)

    @tf.function(jit_compile=False)
    def keras_step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(x) - y))
        weights = layer.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    runs = {("keras", "forward"): keras_forward, ("keras", "step"): keras_step}
    for level in (0, 1):
        module = build(run_passes(plan, level))
        functions = module.signature_functions
        runs[f"level {level}", "forward"] = lambda f=functions["predict"]: f(x=x)
        runs[f"level {level}", "step"] = lambda f=functions["step"]: f(x=x, y=y)
    for run in runs.values():
        run()
    seconds: dict[tuple[str, str], list[float]] = {key: [] for key in runs}
    for _ in range(ROUNDS):
        for key, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[key].append(time.perf_counter() - start)
    print(f"T, B, n, u = {steps}, {batch}, {n}, {units}; medians of {ROUNDS} rounds, and the ratio to Keras in the same round")
    for (who, what), values in seconds.items():
        ratios = [a / b for a, b in zip(values, seconds["keras", what], strict=True)]
        print(f"{what:8} {who:8} {statistics.median(values) * 1e3:8.1f} ms  {statistics.median(ratios):5.2f}")


if __name__ == "__main__":
    main()
