"""What takes a SavedModel takes an artefact: Keras, `saved_model_cli` and TFLite, the last where it is compiled without XLA."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnndsl

pytestmark = [pytest.mark.tf, pytest.mark.slow]
SPECS = Path(__file__).parents[2] / "specs"
SIZES = {"batch": 3, "time": 5}
CONVERTED = [
    *((name, signature) for name in ("sunspots", "stacked_gru", "characters", "forecast") for signature in ("predict", "stream")),
    ("digits", "predict"),  # which reads both ways and has no stream
    ("long_memory", "stream"),  # whose `predict` keeps a state of any length between calls, which TFLite cannot hold
]


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The artefact of a spec of `specs/` without XLA."""
    base = tmp_path_factory.mktemp("portable")

    @cache
    def made(name: str) -> Path:
        return rnndsl.compile(SPECS / f"{name}.rnn", base / name, jit="never")

    return made


def values_for(signature: Any) -> dict[str, np.ndarray]:
    """Numbers for the inputs of a signature of TensorFlow's: axes of SIZES, in order; ids and lengths from 1 to 3."""
    random = np.random.default_rng(4)
    made: dict[str, np.ndarray] = {}
    for name, spec in signature.structured_input_signature[1].items():
        open_sizes = iter(SIZES.values())
        shape = [next(open_sizes) if size is None else size for size in spec.shape]
        dtype = spec.dtype.as_numpy_dtype
        if dtype == np.bool_:
            made[name] = np.arange(shape[-1]) < random.integers(1, 5, [*shape[:-1], 1])
        elif np.issubdtype(dtype, np.integer):
            made[name] = random.integers(1, 4, shape).astype(dtype)
        else:
            made[name] = random.normal(size=shape).astype(dtype)
    return made


def called(folder: Path, name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Numbers for a signature, and what it gives of them."""
    import tensorflow as tf

    signature = tf.saved_model.load(str(folder)).signatures[name]
    values = values_for(signature)
    return values, {key: value.numpy() for key, value in signature(**{k: tf.constant(v) for k, v in values.items()}).items()}


@pytest.mark.parametrize(("name", "signature"), CONVERTED)
def test_tflite_converts_it_to_its_own_operations(name: str, signature: str, portable: Any) -> None:
    import tensorflow as tf

    folder = portable(name)
    values, expected = called(folder, signature)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[signature])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with pytest.warns(UserWarning, match="LiteRT"):
        interpreter = tf.lite.Interpreter(model_content=converter.convert())
    found = interpreter.get_signature_runner(signature)(**values)
    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-5, err_msg=key)


def test_saved_model_cli_runs_it(portable: Any, tmp_path: Path) -> None:
    folder = portable("sunspots")
    values, expected = called(folder, "predict")
    np.save(tmp_path / "x.npy", values["x"])
    command = [str(Path(sys.executable).with_name("saved_model_cli")), "run", "--dir", str(folder), "--tag_set", "serve"]
    command += ["--signature_def", "predict", "--inputs", f"x={tmp_path / 'x.npy'}", "--outdir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "prediction.npy"), expected["prediction"], rtol=1e-6)


@pytest.mark.parametrize("jit", ["never", "always"])
def test_keras_takes_it_as_a_layer(jit: str, tmp_path: Path) -> None:
    import keras

    folder = rnndsl.compile(SPECS / "sunspots.rnn", tmp_path / "sunspots", jit=jit)
    values, expected = called(folder, "predict")
    layer = keras.layers.TFSMLayer(str(folder), call_endpoint="predict")
    found = layer(values["x"])
    np.testing.assert_allclose(found["prediction"], expected["prediction"], rtol=1e-5, atol=1e-6)
    inputs = keras.Input([None, 1])
    model = keras.Model(inputs, layer(inputs)["prediction"])
    np.testing.assert_allclose(model.predict(values["x"], verbose=0), expected["prediction"], rtol=1e-5, atol=1e-6)
