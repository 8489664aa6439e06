"""NumPy's `.npz`: a zip of arrays, each with a header of its own."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from rnndsl.weights.archives import open_zip, told
from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError


class NpzSource(Source):
    format = "npz"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = open_zip(path, f"`{path}` is no .npz")
        self._members: dict[str, zipfile.ZipInfo] = {}
        found: dict[str, TensorInfo] = {}
        try:
            for member in self._zip.infolist():
                name = member.filename.removesuffix(".npy")
                self._members[name] = member
                found[name] = self._info(name, member)
        except BaseException:
            self._zip.close()
            raise
        self.tensors = found

    def read(self, name: str) -> Array:
        member = self._members[name]
        with told(f"`{self.path}`: `{name}` cannot be read"), self._zip.open(member) as file:
            return npy.read_array(file, allow_pickle=False)

    def close(self) -> None:
        self._zip.close()

    def _info(self, name: str, member: zipfile.ZipInfo) -> TensorInfo:
        with told(f"`{self.path}`: `{name}` is no array"), self._zip.open(member) as file:
            shape, dtype, start = _header(file)
        if dtype.hasobject or dtype.kind not in "biufc":
            raise WeightsFileError(f"`{self.path}`: `{name}` holds {dtype}, and no numbers")
        size = math.prod(shape) * dtype.itemsize
        if size != member.file_size - start:
            raise WeightsFileError(f"`{self.path}`: `{name}` says {size} bytes and has {member.file_size - start}")
        return TensorInfo(name, dtype.name, shape)


def _header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, dtype and the length of the header. NumPy refuses one of more than 10,000 characters."""
    major, _ = npy.read_magic(file)
    shape, _, dtype = npy.read_array_header_1_0(file) if major == 1 else npy.read_array_header_2_0(file)
    return shape, dtype, file.tell()
