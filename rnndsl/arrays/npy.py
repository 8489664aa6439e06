"""NumPy's own files, `.npy` and `.npz`. A header is not believed before what it declares has been held against the size of the
file; nothing in it is executed, and a pickle is not read."""

from __future__ import annotations

import io
import lzma
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.lib import format as npy

from rnndsl.arrays.unpacking import most_unpacked
from rnndsl.arrays.values import Array, DataError
from rnndsl.records import Immutable, record
from rnndsl.regular import open_regular
from rnndsl.text.fault import Fault
from rnndsl.text.faults import arrays as faults
from rnndsl.text.faults.files import unreadable

_MOST_HEADER = 10_000

_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError, ValueError, IndexError, TypeError,
    RuntimeError, NotImplementedError, OverflowError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError, OSError,
)  # fmt: skip
"""What zipfile raises for archives that are damaged, encrypted, or packed in a way it does not know, and NumPy for headers."""


@record
class Header(Immutable):
    """What an array is said to be: its shape and dtype; `start` is the length of the header in bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int


class Archive:
    """A `.npz`. `headers`: what its arrays are, by name. A context manager. Raises DataError, which names the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open_regular(path)
        except OSError as error:
            raise DataError(unreadable(path, error)) from None
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        with _told(partial(faults.no_npz, self.path)):
            self._zip = zipfile.ZipFile(self._file)
        self._members = {_name(member): member for member in self._zip.infolist()}
        for name, count in Counter(map(_name, self._zip.infolist())).items():
            if count > 1:
                raise DataError(faults.twice(self.path, name))
        packed = sum(x.file_size for x in self._members.values() if x.compress_type != zipfile.ZIP_STORED)
        most = most_unpacked(os.fstat(self._file.fileno()).st_size)
        if packed > most:
            raise DataError(faults.unpacked(self.path, most, packed))
        self.headers = {name: self._header(name) for name in self._members}

    def read(self, name: str) -> Array:
        """The array `name`. Raises KeyError, DataError."""
        member = self._members[name]
        with _told(partial(faults.broken, self.path, name)), self._zip.open(member) as file:
            return npy.read_array(file, allow_pickle=False)

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _header(self, name: str) -> Header:
        member = self._members[name]
        with _told(partial(faults.no_header, self.path, name)), self._zip.open(member) as file:
            header = _read_header(file)
        _check(self.path, name, header, member.file_size)
        return header


def read_npy(path: Path) -> Array:
    """The array of a `.npy`. Raises DataError, OSError."""
    with open_regular(path) as file:
        with _told(partial(faults.no_npy, path)):
            header = _read_header(file)
        size = file.seek(0, 2)
        _check(path, None, header, size)
        file.seek(0)
        with _told(partial(faults.broken, path, None)):
            return npy.read_array(file, allow_pickle=False)


def write_npz(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write a `.npz`. `np.savez` takes names as keywords, and so none is `file`. What its format has not, bf16, becomes f32."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, array.astype(np.float32) if array.dtype.name == "bfloat16" else array, allow_pickle=False)


@contextmanager
def _told(fault: Callable[[str], Fault]) -> Generator[None]:
    """What goes wrong inside becomes a DataError of the `fault` with this reason."""
    try:
        yield
    except DataError:
        raise
    except _BROKEN as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(fault(reason)) from None


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _read_header(file: Any) -> Header:
    """Raises what is in `_BROKEN`."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(faults.version(*version))
    packing = "<H" if version == (1, 0) else "<I"
    prefix = file.read(struct.calcsize(packing))
    [length] = struct.unpack(packing, prefix)
    if length > _MOST_HEADER:
        raise ValueError(faults.long_header(length, _MOST_HEADER))
    text = io.BytesIO(prefix + file.read(length))
    # 3.0 is 2.0 with names of fields in UTF-8, and an array of numbers has none.
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(text)
    if any(n < 0 for n in shape):
        raise ValueError(faults.negative_length())
    return Header(tuple(shape), dtype, file.tell())


def _check(path: Path, name: str | None, header: Header, size: int) -> None:
    """Hold what a header declares against the `size` of the file, or of the array `name` in it. Raises DataError."""
    if header.dtype.hasobject:
        raise DataError(faults.pickled(path, name))
    if header.dtype.kind not in "biufc":
        raise DataError(faults.no_numbers(path, name, header.dtype))
    declared = math.prod(header.shape) * header.dtype.itemsize
    if declared != size - header.start:
        raise DataError(faults.size(path, name, declared, size - header.start))
