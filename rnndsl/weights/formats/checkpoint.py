"""TensorFlow's checkpoints, of version 1 and 2, and the variables of a SavedModel, read by TensorFlow itself.

A checkpoint is named by its prefix, as TensorFlow does: `model.ckpt` for `model.ckpt.index` and its data. Keys of version 2's
object graphs lose `/.ATTRIBUTES/VARIABLE_VALUE`; what is no number, and the bookkeeping of the graph, is left out.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.backends.tensorflow.paths import plain_path
from rnndsl.text.faults import weights as faults
from rnndsl.weights.source import Array, Source, TensorInfo, WeightsFileError

_TAIL = "/.ATTRIBUTES/VARIABLE_VALUE"


class CheckpointSource(Source):
    """prefix: of the files of the checkpoint. Imports TensorFlow."""

    def __init__(self, prefix: Path, format: str = "checkpoint") -> None:
        from rnndsl.backends.tensorflow.quiet import import_tensorflow

        import_tensorflow()
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        self.format = format
        self.prefix = prefix
        self._open = ExitStack()
        try:
            if prefix.is_dir():
                self.prefix = prefix = prefix / _latest(tf, prefix)
            self._reader: Any = tf.train.load_checkpoint(str(self._open.enter_context(plain_path(prefix.parent)) / prefix.name))
            shapes, dtypes = self._reader.get_variable_to_shape_map(), self._reader.get_variable_to_dtype_map()
        except Exception as error:  # TensorFlow raises many kinds, some plain RuntimeErrors
            self.close()
            raise WeightsFileError(faults.no_checkpoint(prefix, _first_line(error))) from None
        self.files = _files(prefix)
        self._keys = {key.removesuffix(_TAIL): key for key in sorted(shapes) if _is_number(dtypes[key])}
        self.tensors = {
            name: TensorInfo(name, dtypes[key].as_numpy_dtype().dtype.name, tuple(shapes[key])) for name, key in self._keys.items()
        }

    def read(self, name: str) -> Array:
        try:
            return np.asarray(self._reader.get_tensor(self._keys[name]))
        except KeyError:
            raise
        except Exception as error:
            raise WeightsFileError(faults.unread(self.prefix, name, _first_line(error))) from None

    def close(self) -> None:
        self._open.close()


def _latest(tf: Any, folder: Path) -> str:
    """The name of the newest checkpoint in `folder`. Its file `checkpoint` may name one elsewhere, which is not followed."""
    with plain_path(folder) as path:
        found = tf.train.latest_checkpoint(str(path))
    if found is None:
        raise ValueError(faults.no_latest())
    return Path(found).name


def _files(prefix: Path) -> list[Path]:
    """Of the checkpoint `prefix`: version 1's one file, or an index with its data."""
    beside = (x for x in prefix.parent.iterdir() if x.name.startswith((f"{prefix.name}.index", f"{prefix.name}.data-")))
    return [prefix] if prefix.is_file() else sorted(beside)


def _is_number(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype.is_complex)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
