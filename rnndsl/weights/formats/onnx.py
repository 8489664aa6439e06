"""ONNX: the initializers of a model's graph, read by the `onnx` package (an extra: `pip install rnndsl[onnx]`)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError


class OnnxSource(Source):
    """Values that lie in other files are not followed."""

    format = "onnx"

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._onnx: Any = importlib.import_module("onnx")
            self._helper: Any = importlib.import_module("onnx.numpy_helper")
        except ImportError:
            raise WeightsFileError(f"`{path}`: reading ONNX needs the package `onnx`: pip install rnndsl[onnx]") from None
        try:
            model: Any = self._onnx.load_model_from_string(path.read_bytes())
        except Exception as error:  # protobuf's DecodeError, and others
            raise WeightsFileError(f"`{path}` is no ONNX model: {error}") from None
        self._initializers = {x.name: x for x in model.graph.initializer}
        self.tensors = {name: self._info(name, x) for name, x in self._initializers.items()}
        if not self.tensors:
            raise WeightsFileError(f"`{path}` holds no ONNX initializers")

    def read(self, name: str) -> Array:
        x = self._initializers[name]
        if x.data_location == self._onnx.TensorProto.EXTERNAL:
            raise WeightsFileError(f"`{self.path}`: the values of `{name}` lie in another file: save the model with them inside")
        try:
            return np.asarray(self._helper.to_array(x))
        except Exception as error:
            raise WeightsFileError(f"`{self.path}`: `{name}` cannot be read: {error}") from None

    def _info(self, name: str, x: Any) -> TensorInfo:
        try:
            dtype = self._onnx.helper.tensor_dtype_to_np_dtype(x.data_type)
        except Exception:
            raise WeightsFileError(f"`{self.path}`: `{name}` has a dtype that is none of numbers") from None
        return TensorInfo(name, dtype.name, tuple(x.dims))
