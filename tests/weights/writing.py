"""The same tensors in every format, written by each format's own library."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def tensors() -> dict[str, Array]:
    """Several dtypes and ranks; a scalar, an empty one, and one whose values are not in C order."""
    r = np.random.default_rng(5)
    return {
        "rnn/kernel": r.normal(size=(3, 8)).astype("float32"),
        "rnn/bias": r.normal(size=8),
        "rnn/half": r.normal(size=(2, 2, 2)).astype("float16"),
        "step": np.array(2**40 + 1, "int64"),
        "ids": r.integers(-5, 5, size=(4, 1)).astype("int32"),
        "on": np.array([True, False]),
        "nothing": np.zeros((0, 3), "float32"),
        "turned": np.asfortranarray(r.normal(size=(3, 5)).astype("float32")),
    }


def contiguous(x: Array) -> Array:
    """NumPy's own makes a vector of a scalar."""
    return np.ascontiguousarray(x).reshape(x.shape)


def write_npz(folder: Path, values: Mapping[str, Array]) -> Path:
    path = folder / "values.npz"
    np.savez_compressed(path, **values)
    return path


def write_safetensors(folder: Path, values: Mapping[str, Array]) -> Path:
    from safetensors.numpy import save_file

    path = folder / "values.safetensors"
    save_file({name: contiguous(x) for name, x in values.items()}, path, {"format": "np"})
    return path


def write_hdf5(folder: Path, values: Mapping[str, Array]) -> Path:
    import h5py

    path = folder / "values.weights.h5"
    with h5py.File(path, "w") as file:
        for name, x in values.items():
            file.create_dataset(name, data=x)
    return path


def write_keras(folder: Path, values: Mapping[str, Array]) -> Path:
    path = folder / "values.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.write(write_hdf5(folder, values), "model.weights.h5")
    return path


def write_onnx(folder: Path, values: Mapping[str, Array]) -> Path:
    import onnx
    from onnx import helper, numpy_helper

    initializers = [numpy_helper.from_array(contiguous(x), name) for name, x in values.items()]
    path = folder / "values.onnx"
    onnx.save(helper.make_model(helper.make_graph([], "g", [], [], initializers)), path)
    return path


def write_torch(folder: Path, values: Mapping[str, Array]) -> Path:
    """What `torch.save` writes, by its published layout; tests/peers has PyTorch itself write it."""
    path = folder / "values.pt"
    storages = {name: contiguous(x) for name, x in values.items()}
    data = torch_pickle(storages)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("values/data.pkl", data)
        for i, x in enumerate(storages.values()):
            archive.writestr(f"values/data/{i}", x.tobytes())
        archive.writestr("values/version", "3\n")
    return path


class _Storage:
    def __init__(self, kind: str, key: str, count: int) -> None:
        self.kind, self.key, self.count = kind, key, count


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any, /) -> Any:
        if not isinstance(obj, _Storage):
            return None
        return ("storage", getattr(sys.modules["torch"], obj.kind), obj.key, "cpu", obj.count)


def torch_pickle(values: Mapping[str, Array], shape: Callable[[Array], tuple[int, ...]] = np.shape) -> bytes:
    """The pickle of a `state_dict`, written with stand-ins for PyTorch's own names. `shape`: what it says of each."""
    kinds = {"float64": "Double", "float32": "Float", "float16": "Half", "int64": "Long", "int32": "Int", "bool": "Bool"}
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in kinds.values():
        setattr(torch, f"{kind}Storage", type(f"{kind}Storage", (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_: Any) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]

    class Tensor:
        def __init__(self, at: int, x: Array) -> None:
            self.at, self.x = at, x

        def __reduce__(self) -> Any:
            storage = _Storage(f"{kinds[self.x.dtype.name]}Storage", str(self.at), self.x.size)
            strides = tuple(s // self.x.itemsize for s in self.x.strides)
            return _rebuild_tensor_v2, (storage, 0, shape(self.x), strides, False, OrderedDict())

    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        file = io.BytesIO()
        _Pickler(file, 2).dump(OrderedDict((name, Tensor(i, x)) for i, (name, x) in enumerate(values.items())))
        return file.getvalue()
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def write_checkpoint_1(folder: Path, values: Mapping[str, Array]) -> Path:
    import tensorflow as tf

    prefix = folder / "model.ckpt"
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, x in values.items():
            tf.compat.v1.get_variable(name, initializer=tf.constant(x), use_resource=False)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(prefix))
    return prefix


def write_checkpoint_2(folder: Path, values: Mapping[str, Array]) -> Path:
    import tensorflow as tf

    root = tf.train.Checkpoint()
    for name, x in values.items():
        node = root
        *parts, last = name.split("/")
        for part in parts:
            if not hasattr(node, part):
                setattr(node, part, tf.train.Checkpoint())
            node = getattr(node, part)
        setattr(node, last, tf.Variable(x))
    return Path(root.write(str(folder / "objects")))


PLAIN: dict[str, Callable[[Path, Mapping[str, Array]], Path]] = {
    "npz": write_npz,
    "safetensors": write_safetensors,
    "hdf5": write_hdf5,
    "keras": write_keras,
    "torch": write_torch,
    "onnx": write_onnx,
}
"""By the name of the format, those that need no TensorFlow."""
TENSORFLOW = {"checkpoint 1": write_checkpoint_1, "checkpoint 2": write_checkpoint_2}
