"""PyTorch's `torch.save` of a `state_dict`: a zip with a pickle of names and places, and the bytes of each storage.

The pickle is read by an unpickler that knows three things, none of which does anything but note where a tensor lies; whatever
else a pickle asks for is refused by name. The layout is that of `torch/serialization.py` since version 1.6.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from rnndsl.records import Immutable, record
from rnndsl.text.faults import weights as faults
from rnndsl.weights.archives import open_zip, told
from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError, numpy_dtype

_STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "BoolStorage": "bool",
}  # fmt: skip
_MOST_PICKLE = 64 * 2**20
"""Bytes of the longest pickle that is read: names and places alone, some 200 bytes a tensor."""
_DEEPEST = 20
"""How deeply dicts of tensors may lie in each other."""


@record
class _Storage(Immutable):
    dtype: str
    key: str


@record
class _Placed(Immutable):
    """A tensor: its storage, where it begins there, its shape and its strides, counted in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Placed:
    if not isinstance(storage, _Storage) or not all(isinstance(n, int) and n >= 0 for n in (offset, *shape, *strides)):
        raise pickle.UnpicklingError(faults.no_tensor())
    return _Placed(storage, offset, tuple(shape), tuple(strides))


def _parameter(data: Any, *_: Any) -> Any:
    return data


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
        }
        if module_name == "torch" and global_name in _STORAGES:
            return _STORAGES[global_name]
        if (module_name, global_name) not in known:
            raise pickle.UnpicklingError(faults.asks_for(f"{module_name}.{global_name}"))
        return known[module_name, global_name]

    def persistent_load(self, pid: Any, /) -> Any:
        match pid:
            case ("storage", str(dtype), str(key), *_) if dtype in _STORAGES.values():
                return _Storage(dtype, key)
            case _:
                raise pickle.UnpicklingError(faults.no_storage())


class TorchSource(Source):
    """`tensors` are named by the keys of the dict, those of dicts within it joined by dots."""

    format = "torch"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = (path,)
        self._zip = open_zip(path, partial(faults.no_torch, path))
        try:
            self._root, placed = self._placed()
            self._check(placed)
        except BaseException:
            self._zip.close()
            raise
        self._tensors = placed
        self.tensors = {name: TensorInfo(name, x.storage.dtype, x.shape) for name, x in placed.items()}

    def read(self, name: str) -> Array:
        x = self._tensors[name]
        with told(partial(faults.unread, self.path, name)):
            data = self._zip.read(f"{self._root}data/{x.storage.key}")
        dtype = numpy_dtype(x.storage.dtype)
        whole = np.frombuffer(data, dtype)[x.offset :]
        strides = tuple(n * dtype.itemsize for n in x.strides)
        return np.lib.stride_tricks.as_strided(whole, x.shape, strides).copy()

    def close(self) -> None:
        self._zip.close()

    def _placed(self) -> tuple[str, dict[str, _Placed]]:
        """The folder within the zip, and every tensor with its place."""
        pickles = [m for m in self._zip.infolist() if m.filename.split("/")[-1] == "data.pkl"]
        if len(pickles) != 1 or pickles[0].file_size > _MOST_PICKLE:
            raise WeightsFileError(faults.no_state_dict(self.path))
        try:
            top: Any = _Unpickler(io.BytesIO(self._zip.read(pickles[0]))).load()
        except Exception as error:  # a pickle may go wrong in any way
            raise WeightsFileError(faults.pickle(self.path, error)) from None
        found = dict(_flat(top, "", 0))
        if not found:
            raise WeightsFileError(faults.no_names(self.path))
        return pickles[0].filename.removesuffix("data.pkl"), found

    def _check(self, placed: dict[str, _Placed]) -> None:
        """Every tensor lies within its storage, and the storage's size is that of its member of the zip."""
        sizes = {m.filename: m.file_size for m in self._zip.infolist()}
        for name, x in placed.items():
            room = sizes.get(f"{self._root}data/{x.storage.key}", 0) // numpy_dtype(x.storage.dtype).itemsize
            last = x.offset + sum((n - 1) * s for n, s in zip(x.shape, x.strides, strict=True)) if all(x.shape) else -1
            if last >= room:
                raise WeightsFileError(faults.beyond(self.path, name, x.shape))


def _flat(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, _Placed]]:
    if isinstance(value, _Placed):
        yield prefix, value
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    for key, each in cast("dict[Any, Any]", value).items():
        yield from _flat(each, f"{prefix}.{key}" if prefix else str(key), depth + 1)


# ---------------------------------------------------------------- writing


def write(file: BinaryIO, tensors: Mapping[str, Array]) -> None:
    """What `torch.save` writes of a `state_dict`, without PyTorch. Raises KeyError of a dtype that it has not."""
    with zipfile.ZipFile(file, "w") as archive:
        _store(archive, "data.pkl", _pickle(tensors))
        _store(archive, "byteorder", b"little")
        for i, x in enumerate(tensors.values()):
            _store(archive, f"data/{i}", x.astype(x.dtype.newbyteorder("<"), copy=False).tobytes())
        _store(archive, "version", b"3\n")


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(f"archive/{name}"), data)  # with no time of day: the same bytes for the same values


def _pickle(tensors: Mapping[str, Array]) -> bytes:
    """The pickle of an OrderedDict of tensors, in protocol 2, opcode by opcode: the names in it are PyTorch's own."""
    kinds = {dtype: kind for kind, dtype in _STORAGES.items()}
    ordered = _global("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    text = pickle.PROTO + b"\x02" + ordered + pickle.MARK
    for i, (name, x) in enumerate(tensors.items()):
        storage = [_string("storage"), _global("torch", kinds[x.dtype.name]), _string(str(i)), _string("cpu"), _whole(x.size)]
        strides = [_whole(s // x.itemsize) for s in x.strides]
        tensor = [_tuple(storage) + pickle.BINPERSID, _whole(0), _tuple(map(_whole, x.shape)), _tuple(strides), pickle.NEWFALSE]
        text += _string(name) + _global("torch._utils", "_rebuild_tensor_v2") + _tuple([*tensor, ordered]) + pickle.REDUCE
    return text + pickle.SETITEMS + pickle.STOP


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _string(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE + len(data).to_bytes(4, "little") + data


def _whole(n: int) -> bytes:
    data = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    return pickle.LONG1 + bytes([len(data)]) + data


def _tuple(items: Iterable[bytes]) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE
