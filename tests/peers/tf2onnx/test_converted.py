"""tf2onnx converts what `--jit never` compiles, and ONNX Runtime gives the artefact's numbers. Not those of a beam search: tf2onnx
makes sums of selections, and the infinities of scores that nothing has yet become NaN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

import rnndsl
from tests.artefact.test_tools import SPECS, called


def converted(folder: Path, name: str) -> bytes:
    """A signature as a model of ONNX, its results in order of their names. tf2onnx takes no result that is called as an input is,
    as the states of a stream are: they are handed over without names."""
    loaded = tf.saved_model.load(str(folder))
    signature = loaded.signatures[name]
    specs = list(signature.structured_input_signature[1].values())

    @tf.function(input_signature=specs)
    def plain(*values: Any) -> list[Any]:
        found = signature(**{spec.name: value for spec, value in zip(specs, values, strict=True)})
        return [tf.identity(found[key]) for key in sorted(found)]

    model, _ = tf2onnx.convert.from_function(plain, input_signature=specs, opset=18)
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        *(
            (name, signature)
            for name in ("sunspots", "stacked_gru", "characters", "forecast")
            for signature in ("predict", "stream")
        ),
        ("digits", "predict"),
        ("adsorption", "predict"),
    ],
)
def test_numbers(name: str, signature: str, tmp_path: Path) -> None:
    folder = rnndsl.compile(SPECS / f"{name}.rnn", tmp_path / name, jit="never")
    values, expected = called(folder, signature)
    session = onnxruntime.InferenceSession(converted(folder, signature))
    feeds = dict(zip((x.name for x in session.get_inputs()), ordered(session, values), strict=True))
    for key, found in zip(sorted(expected), session.run(None, feeds), strict=True):
        np.testing.assert_allclose(found, expected[key], rtol=1e-4, atol=1e-5, err_msg=key)


def ordered(session: Any, values: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The values in the order of the session's inputs, whose names begin with those of the signature."""
    return [values[next(key for key in values if x.name.split(":")[0] == key)] for x in session.get_inputs()]
