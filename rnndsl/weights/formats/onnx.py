"""ONNX: the initializers of a model's graph, read by the `onnx` package (an extra: `pip install rnndsl[onnx]`)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.text.faults import weights as faults
from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError


class OnnxSource(Source):
    """Values that lie in other files are not followed."""

    format = "onnx"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = (path,)
        try:
            self._onnx: Any = importlib.import_module("onnx")
            self._helper: Any = importlib.import_module("onnx.numpy_helper")
        except ImportError:
            raise WeightsFileError(faults.needs_onnx(path)) from None
        try:
            model: Any = self._onnx.load_model_from_string(path.read_bytes())
        except Exception as error:  # protobuf's DecodeError, and others
            raise WeightsFileError(faults.no_onnx(path, error)) from None
        self._initializers = {x.name: x for x in model.graph.initializer}
        self.tensors = {name: self._info(name, x) for name, x in self._initializers.items()}
        if not self.tensors:
            raise WeightsFileError(faults.no_initializers(path))

    def read(self, name: str) -> Array:
        x = self._initializers[name]
        if x.data_location == self._onnx.TensorProto.EXTERNAL:
            raise WeightsFileError(faults.elsewhere(self.path, name))
        try:
            return np.asarray(self._helper.to_array(x))
        except Exception as error:
            raise WeightsFileError(faults.unread(self.path, name, error)) from None

    def _info(self, name: str, x: Any) -> TensorInfo:
        try:
            dtype = self._onnx.helper.tensor_dtype_to_np_dtype(x.data_type)
        except Exception:
            raise WeightsFileError(faults.no_numbers(self.path, name)) from None
        return TensorInfo(name, dtype.name, tuple(x.dims))
