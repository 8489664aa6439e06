"""Files of trained values that do not hold what their format asks for. `name`: of a tensor; `reason`: the words of what read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault

FORMATS = (
    "a TensorFlow checkpoint (its prefix), a SavedModel or an artefact of rnndsl (its folder), .npz, .safetensors, .weights.h5 "
    "or .h5, .keras, .pt, .pth or .bin of PyTorch, .onnx"
)


def no_format(path: PurePath) -> Fault:
    return Fault(f"`{path}` is of no format that is known here: {FORMATS}")


def foreign_folder(path: PurePath) -> Fault:
    return Fault(f"`{path}` holds neither a SavedModel nor a checkpoint")


def unread(path: PurePath, name: str, reason: object) -> Fault:
    return Fault(f"`{path}`: `{name}` cannot be read: {reason}")


def no_checkpoint(prefix: PurePath, reason: str) -> Fault:
    return Fault(f"`{prefix}` cannot be read as a checkpoint: {reason}")


def no_latest() -> Fault:
    """A reason for `no_checkpoint`."""
    return Fault("its file `checkpoint` names none that is there")


# ---------------------------------------------------------------- export


def no_writer(path: PurePath) -> Fault:
    return Fault(f"`{path}` is of no format that is written here: .npz, .safetensors, .h5 (Keras), .pt, .pth or .bin (PyTorch)")


def no_dtype(path: PurePath, dtype: str) -> Fault:
    return Fault(f"`{path}`: the format has no {dtype}")


def no_value(path: str) -> Fault:
    """`path`: of a variable that the spec loads."""
    return Fault(f"there is no value of `{path}`, which the spec loads: is it the spec's artefact?")


def part_missing(key: str) -> Fault:
    return Fault(f"a part of `{key}` is of no variable: the spec loads the other parts of it alone")


# ---------------------------------------------------------------- HDF5 and Keras


def no_hdf5(path: PurePath, reason: str) -> Fault:
    return Fault(f"`{path}` cannot be read as HDF5: {reason}")


def no_keras(path: PurePath, reason: str) -> Fault:
    return Fault(f"`{path}` is no file of Keras: {reason}")


# ---------------------------------------------------------------- PyTorch


def no_torch(path: PurePath, reason: str) -> Fault:
    return Fault(f"`{path}` is no file of PyTorch 1.6 or later (load it there and save it again): {reason}")


def no_state_dict(path: PurePath) -> Fault:
    return Fault(f"`{path}` is no `state_dict` of PyTorch: it has no `data.pkl` of a fit size")


def pickle(path: PurePath, reason: object) -> Fault:
    return Fault(f"`{path}` is not loaded, since its pickle is no `state_dict`: {reason}")


def no_tensor() -> Fault:
    """A reason for `pickle`, as are the next two."""
    return Fault("a tensor without a storage, or of a negative size")


def asks_for(what: str) -> Fault:
    return Fault(f"it asks for `{what}`, which no tensor needs")


def no_storage() -> Fault:
    return Fault("it refers to something that is no storage")


def no_names(path: PurePath) -> Fault:
    return Fault(f"`{path}` holds no tensors by name")


def beyond(path: PurePath, name: str, shape: Sequence[int]) -> Fault:
    return Fault(f"`{path}`: `{name}`, {list(shape)}, is larger than what the file has of it")


# ---------------------------------------------------------------- ONNX


def needs_onnx(path: PurePath) -> Fault:
    return Fault(f"`{path}`: reading ONNX needs the package `onnx`: pip install rnndsl[onnx]")


def no_onnx(path: PurePath, reason: object) -> Fault:
    return Fault(f"`{path}` is no ONNX model: {reason}")


def no_initializers(path: PurePath) -> Fault:
    return Fault(f"`{path}` holds no ONNX initializers")


def elsewhere(path: PurePath, name: str) -> Fault:
    return Fault(f"`{path}`: the values of `{name}` lie in another file: save the model with them inside")


def no_numbers(path: PurePath, name: str) -> Fault:
    return Fault(f"`{path}`: `{name}` has a dtype that is none of numbers")


# ---------------------------------------------------------------- safetensors


def ends_within(path: PurePath, name: str) -> Fault:
    return Fault(f"`{path}` ends within `{name}`")


def long_header(path: PurePath) -> Fault:
    return _no_safetensors(path, "its header would be longer than the file")


def no_json(path: PurePath, reason: object) -> Fault:
    return _no_safetensors(path, f"its header is no JSON ({reason})")


def name_twice() -> Fault:
    """A reason for `no_json`."""
    return Fault("a name stands twice")


def no_object(path: PurePath) -> Fault:
    return _no_safetensors(path, "its header is no JSON object")


def _no_safetensors(path: PurePath, reason: str) -> Fault:
    return Fault(f"`{path}` is no safetensors file: {reason}")


def no_entry(path: PurePath, name: str) -> Fault:
    return Fault(f"`{path}`: the header's entry of `{name}` is none of the format's")


def entry_size(path: PurePath, name: str, type: str, begin: int, end: int) -> Fault:
    """`type`: dtype and shape; `begin` and `end` in bytes."""
    return Fault(f"`{path}`: `{name}` is {type}, and its bytes go from {begin} to {end}")


def hole(path: PurePath, at: int) -> Fault:
    return Fault(f"`{path}`: its tensors overlap or leave a hole at byte {at}")


def total(path: PurePath, taken: int, size: int) -> Fault:
    """Both in bytes."""
    return Fault(f"`{path}`: its tensors take {taken} bytes, where the file has {size}")
