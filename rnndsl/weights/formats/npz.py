"""NumPy's `.npz`: a zip of arrays, each with a header of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from rnndsl.arrays.npy import Archive
from rnndsl.arrays.values import DataError
from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError


class NpzSource(Source):
    format = "npz"

    def __init__(self, path: Path) -> None:
        self.files = (path,)
        try:
            self._archive = Archive(path)
        except DataError as error:
            raise WeightsFileError(error.fault) from None
        self.tensors = {name: TensorInfo(name, x.dtype.name, x.shape) for name, x in self._archive.headers.items()}

    def read(self, name: str) -> Array:
        try:
            return self._archive.read(name)
        except DataError as error:
            raise WeightsFileError(error.fault) from None

    def close(self) -> None:
        self._archive.close()


def write(file: BinaryIO, tensors: Mapping[str, Array]) -> None:
    """Raises KeyError of the dtype that NumPy's own files have not."""
    for x in tensors.values():
        if x.dtype.kind not in "biufc":
            raise KeyError(x.dtype.name)
    np.savez(file, allow_pickle=False, **tensors)  # pyright: ignore[reportArgumentType]
