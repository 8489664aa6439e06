"""safetensors: a JSON header of names, dtypes, shapes and places, then the bytes (huggingface.co/docs/safetensors, format)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from rnndsl.text.faults import weights as faults
from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError, numpy_dtype

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_MOST_HEADER = 100_000_000
"""Bytes of the longest header that the format allows."""


class SafetensorsSource(Source):
    format = "safetensors"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = (path,)
        self._file = path.open("rb")
        try:
            self._header()
        except BaseException:
            self._file.close()
            raise

    def read(self, name: str) -> Array:
        info = self.tensors[name]
        self._file.seek(self._begin[name])
        data = self._file.read(info.bytes)
        if len(data) != info.bytes:
            raise WeightsFileError(faults.ends_within(self.path, name))
        return np.frombuffer(data, numpy_dtype(info.dtype)).reshape(info.shape).copy()

    def close(self) -> None:
        self._file.close()

    def _header(self) -> None:
        size = self.path.stat().st_size
        head = self._file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > min(_MOST_HEADER, size - 8):
            raise WeightsFileError(faults.long_header(self.path))
        try:
            entries: Any = json.loads(self._file.read(length).decode("utf-8"), object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            raise WeightsFileError(faults.no_json(self.path, error)) from None
        if not isinstance(entries, dict):
            raise WeightsFileError(faults.no_object(self.path))
        start = 8 + length
        self._begin: dict[str, int] = {}
        found: dict[str, TensorInfo] = {}
        spans: list[tuple[int, int]] = []
        for name, entry in cast("dict[str, Any]", entries).items():
            if name == "__metadata__":
                continue
            found[name], span = self._entry(name, entry)
            self._begin[name] = start + span[0]
            spans.append(span)
        self._check_spans(sorted(spans), size - start)
        self.tensors = found

    def _entry(self, name: str, entry: Any) -> tuple[TensorInfo, tuple[int, int]]:
        """The tensor that `entry` of the header describes, and where its bytes lie, counted from the end of the header."""
        try:
            dtype, shape = _DTYPES[entry["dtype"]], [int(n) for n in entry["shape"]]
            begin, end = (int(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError):
            raise WeightsFileError(faults.no_entry(self.path, name)) from None
        size = math.prod(shape) * numpy_dtype(dtype).itemsize
        if min([*shape, begin], default=begin) < 0 or end - begin != size:
            raise WeightsFileError(faults.entry_size(self.path, name, f"{dtype}{shape}", begin, end))
        return TensorInfo(name, dtype, tuple(shape)), (begin, end)

    def _check_spans(self, spans: list[tuple[int, int]], size: int) -> None:
        """The tensors' bytes fill the rest of the file, each byte once."""
        at = 0
        for begin, end in spans:
            if begin != at:
                raise WeightsFileError(faults.hole(self.path, at))
            at = end
        if at != size:
            raise WeightsFileError(faults.total(self.path, at, size))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(faults.name_twice())
    return found


def write(file: BinaryIO, tensors: Mapping[str, Array]) -> None:
    """Raises KeyError of a dtype that the format has not."""
    names = {dtype: name for name, dtype in _DTYPES.items()}
    header: dict[str, Any] = {}
    at = 0
    for name, x in tensors.items():
        header[name] = {"dtype": names[x.dtype.name], "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the values begin at a multiple of 8
    file.write(len(text).to_bytes(8, "little") + text)
    for x in tensors.values():
        file.write(x.astype(x.dtype.newbyteorder("<"), copy=False).tobytes())
