"""Recurrent layers beside Keras' own, side by side in one process: forward and a training step, as a table of ratios and as JSON.

    python benchmarks/ratios.py [--cell LSTM …] [--row T,B,n,u …] [--seconds 4] [--json FILE]

Keras runs plain and compiled by XLA; LSTM and GRU are its layers, other cells a cell of the same equations in `keras.layers.RNN`.
All start from the same weights. Before anything is timed, what they give and the loss of two training steps agree to 1e-4.
Then they take turns, after a round of warming up. A ratio is that of two calls in the same round, in time: below 1, rnndsl
is faster than the fastest of Keras; its spread is from the first to the third quartile. `floor` is the time of the bare products.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cells
import keras
import numpy as np
import tensorflow as tf

import rnndsl

ROWS = ((50, 32, 64, 128), (100, 1, 64, 256), (100, 64, 256, 512), (784, 32, 1, 128), (1000, 8, 32, 64))
"""Steps, batch, inputs, units."""
RATE = 0.01
TOLERANCE = 1e-4
LEAST = 5
"""Rounds, however long they take."""

Weights = Mapping[str, np.ndarray]
Calls = dict[tuple[str, str], Callable[[], np.ndarray]]
"""By who computes and what."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Ratios of rnndsl to Keras.")
    parser.add_argument("--cell", action="append", choices=list(cells.CELLS), help="all, if none is named")
    parser.add_argument("--row", action="append", type=_row, metavar="T,B,n,u", help="those of the table, if none is given")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each cell in each row")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    print(f"{'cell':8} {'T,B,n,u':16} {'what':8} {'rnndsl':>9} {'keras':>9} {'xla':>9} {'floor':>9}  ratio (quartiles)")
    for row in arguments.row or ROWS:
        for name in arguments.cell or cells.CELLS:
            for entry in measured(cells.CELLS[name], row, arguments.seconds):
                found.append({"cell": name, "row": row, **entry})
                print(_line(found[-1]), flush=True)
    if arguments.json:
        about = {"tensorflow": tf.__version__, "keras": keras.__version__, "cores": os.cpu_count()}
        arguments.json.write_text(json.dumps({"about": about, "rows": found}, indent=1) + "\n", encoding="utf-8")


def _row(text: str) -> tuple[int, ...]:
    sizes = tuple(map(int, text.split(",")))
    if len(sizes) != len(ROWS[0]):
        raise argparse.ArgumentTypeError("four sizes: T,B,n,u")
    return sizes


def _line(entry: Mapping[str, Any]) -> str:
    ms = " ".join(f"{entry['ms'][who]:9.2f}" for who in ("rnndsl", "keras", "xla", "floor"))
    low, middle, high = entry["ratio"]
    return f"{entry['cell']:8} {','.join(map(str, entry['row'])):16} {entry['what']:8} {ms}  {middle:.2f} ({low:.2f} to {high:.2f})"


def measured(cell: cells.Cell, row: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """Medians in ms and ratios, forward and of a training step."""
    steps, batch, n, units = row
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(batch, steps, n)).astype("f"))
    y = tf.constant(random.normal(size=(batch, units)).astype("f"))
    with tempfile.TemporaryDirectory() as folder:
        own, weights = _own(cell, n, units, x, y, Path(folder))
        calls = {**own, **_keras(cell, weights, units, x, y, "keras"), **_keras(cell, weights, units, x, y, "xla")}
        check(calls)
        calls.update(_floor(cell, row))
        times = in_turns(calls, seconds)
    return [_entry(times, what) for what in ("forward", "step")]


def _entry(times: Mapping[tuple[str, str], list[float]], what: str) -> dict[str, Any]:
    of = {who: values for (who, whats), values in times.items() if whats == what}
    fastest = min(("keras", "xla"), key=lambda who: statistics.median(of[who]))
    ratios = [a / b for a, b in zip(of["rnndsl"], of[fastest], strict=True)]
    ms = {who: statistics.median(values) * 1e3 for who, values in of.items()}
    return {"what": what, "ms": ms, "fastest": fastest, "ratio": statistics.quantiles(ratios, n=4), "rounds": len(ratios)}


def check(calls: Calls) -> None:
    """Results agree, and the losses of two steps, so that the first has changed the weights alike. Raises AssertionError."""
    for what, times in (("forward", 1), ("step", 2)):
        for _ in range(times):
            given = {who: call() for (who, whats), call in calls.items() if whats == what}
            for who, values in given.items():
                np.testing.assert_allclose(values, given["rnndsl"], rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{who} {what}")


def in_turns(calls: Calls, seconds: float) -> dict[tuple[str, str], list[float]]:
    """The seconds of each call, round by round."""
    for call in calls.values():
        call()
    times: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < LEAST:
        for key, call in calls.items():
            start = time.perf_counter()
            call()
            times[key].append(time.perf_counter() - start)
    return times


def _own(cell: cells.Cell, n: int, units: int, x: Any, y: Any, folder: Path) -> tuple[Calls, Weights]:
    """The artefact's calls, and its first weights by the ends of their paths."""
    spec = folder / "m.rnn"
    spec.write_text(cells.spec(cell, n, units), encoding="utf-8")
    rnndsl.compile(spec, folder / "out")
    module: Any = tf.saved_model.load(str(folder / "out"))
    weights = {v.name.split(":")[0].removeprefix("cell/"): v.numpy() for v in module.collections["model_variables"]}
    predict, step = module.signatures["predict"], module.signatures["step"]
    calls: Calls = {
        ("rnndsl", "forward"): lambda: predict(x=x)["last"].numpy(),
        ("rnndsl", "step"): lambda: step(x=x, y=y)["loss"].numpy(),
    }
    return calls, weights


def _keras(cell: cells.Cell, weights: Weights, units: int, x: Any, y: Any, who: str) -> Calls:
    layer = cell.layer(units, weights, x.shape)
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(layer.trainable_variables)
    compiled = who == "xla"
    forward = tf.function(lambda a: layer(a), jit_compile=compiled)

    @tf.function(jit_compile=compiled)
    def step(a: Any, b: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(a) - b))
        variables = layer.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return {(who, "forward"): lambda: forward(x).numpy(), (who, "step"): lambda: step(x, y).numpy()}


def _floor(cell: cells.Cell, row: Sequence[int]) -> Calls:
    """The products alone, as TensorFlow has them before the loop and XLA in it. A training step has three of each, of which those
    that give the gradients of weights may be one after the loop, and faster."""
    steps, batch, n, units = row
    wide = tf.ones([steps * batch, n]), tf.ones([n, cell.inputs * units])
    state, matrix = tf.ones([batch, units]), tf.fill([units, max(cell.states, 1) * units], 1.0 / units)

    @tf.function(jit_compile=True)
    def recurrence(h: Any) -> Any:
        return tf.while_loop(lambda t, h: t < steps, lambda t, h: (t + 1, (h @ matrix)[:, :units]), (0, h))[1]

    def products(times: int) -> np.ndarray:
        last = state
        for _ in range(times):
            tf.linalg.matmul(*wide)
            last = recurrence(last) if cell.states else last
        return last.numpy()

    return {("floor", "forward"): lambda: products(1), ("floor", "step"): lambda: products(3)}


if __name__ == "__main__":
    main()
