"""What TensorFlow 2.21 has written, TensorFlow 2.14 reads: signatures, the pure function, its gradients by a caller's tape."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

SPECS = Path(__file__).parents[3] / "specs"
INPUTS = {
    "sunspots": {"x": (4, 12, 1)},
    "stacked_gru": {"x": (4, 7, 6), "valid": (4, 7)},
}


def made(name: str, folder: Path, *options: str) -> Path:
    """The artefact of a spec, by the rnndsl of the environment that made this one."""
    command = [os.environ["RNNDSL"], "compile", str(SPECS / f"{name}.rnn"), "-o", str(folder), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


def numbers(name: str) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    return {k: random.random(s) < 0.7 if k == "valid" else random.normal(size=s).astype("f4") for k, s in INPUTS[name].items()}


def expected(folder: Path, values: dict[str, np.ndarray], at: Path) -> dict[str, np.ndarray]:
    np.savez(at / "in.npz", **values)
    command = [os.environ["RNNDSL"], "run", str(folder), str(at / "in.npz"), "-o", str(at / "out.npz")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return dict(np.load(at / "out.npz"))


@pytest.mark.parametrize("options", [(), ("--jit", "never")], ids=["auto", "never"])
@pytest.mark.parametrize("name", INPUTS)
def test_older_tensorflow_reads_it(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    assert tf.__version__.startswith("2.14")
    folder, values = made(name, tmp_path / "out", *options), numbers(name)
    model: Any = tf.saved_model.load(str(folder))
    found = model.signatures["predict"](**{k: tf.constant(v) for k, v in values.items()})
    for key, value in expected(folder, values, tmp_path).items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-6)

    variables = {v.name.split(":")[0]: v.read_value() for v in model.collections["model_variables"]}
    trained = [v.name.split(":")[0] for v in model.collections["trainable_variables"]]

    @tf.function
    def slopes(given: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([given[path] for path in trained])
            results = model.apply(given, {k: tf.constant(v) for k, v in values.items()}, tf.constant(0, tf.int64))
            total = tf.add_n([tf.reduce_sum(tf.cast(y, tf.float32)) for y in results.values()])
        return tape.gradient(total, [given[path] for path in trained])

    gradients = slopes(variables)
    assert all(np.isfinite(g).all() for g in gradients)
    assert any(np.abs(g).max() > 0 for g in gradients)
