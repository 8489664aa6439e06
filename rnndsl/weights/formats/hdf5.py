"""Keras' `.weights.h5`, the same within a `.keras`, and any other HDF5 file: datasets by their path."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from rnndsl.text.faults import weights as faults
from rnndsl.weights.archives import open_zip, told
from rnndsl.weights.source import Array, Source, TensorInfo

h5: Any = importlib.import_module("h5py")  # it has no types
_IN_KERAS = "model.weights.h5"


class Hdf5Source(Source):
    """`tensors` are the datasets of numbers, by path. Links to other files are not followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = (path,)
        self._within: IO[bytes] | None = None
        self.format = "keras" if path.suffix == ".keras" else "hdf5"
        with told(partial(faults.no_hdf5, path)):
            self._file = h5.File(self._opened(path), "r")
            self._datasets = self._find()
        self.tensors = {name: TensorInfo(name, d.dtype.name, tuple(d.shape)) for name, d in self._datasets.items()}

    def read(self, name: str) -> Array:
        dataset = self._datasets[name]
        with told(partial(faults.unread, self.path, name)):
            return np.asarray(dataset[()])

    def close(self) -> None:
        self._file.close()
        if self._within is not None:
            self._within.close()

    def _opened(self, path: Path) -> Any:
        if path.suffix != ".keras":
            return path
        with open_zip(path, partial(faults.no_keras, path)) as archive:  # what is opened within it keeps the file open
            self._within = archive.open(_IN_KERAS)
        return self._within

    def _find(self) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5.Dataset) and item.shape is not None and item.dtype.kind in "biufcV" and not item.external:
                found[name] = item

        self._file.visititems(visit)  # does not follow soft and external links
        return {name: d for name, d in found.items() if d.dtype.kind != "V" or d.dtype.name == "bfloat16"}


def write(file: BinaryIO, tensors: Mapping[str, Array]) -> None:
    """Raises KeyError of a dtype that HDF5 has not."""
    held = io.BytesIO()  # HDF5 reads what it writes
    with h5.File(held, "w") as made:
        for name, x in tensors.items():
            if x.dtype.kind not in "biufc":
                raise KeyError(x.dtype.name)
            made.create_dataset(name, data=x)
    file.write(held.getvalue())
