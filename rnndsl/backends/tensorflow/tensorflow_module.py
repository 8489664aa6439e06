"""The one import of TensorFlow and Keras. Their stubs are partial, so both are `Any` to the type checker."""

from __future__ import annotations

import importlib
from typing import Any

from rnndsl.text.faults.calls import other_keras

tf: Any = importlib.import_module("tensorflow")

DTYPES: dict[str, Any] = {
    "f16": tf.float16,
    "bf16": tf.bfloat16,
    "f32": tf.float32,
    "f64": tf.float64,
    "i32": tf.int32,
    "i64": tf.int64,
    "bool": tf.bool,
}
"""TensorFlow's dtype of a dtype of the language."""


def keras() -> Any:
    """Keras 3 on TensorFlow. Raises RuntimeError if it is configured for another backend."""
    module: Any = importlib.import_module("keras")
    backend = module.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(str(other_keras(backend)))
    return module
