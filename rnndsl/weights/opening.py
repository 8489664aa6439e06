"""Which format a file or folder is of, by its name and what is in it."""

from __future__ import annotations

import os
from pathlib import Path

from rnndsl.text.faults import files
from rnndsl.text.faults import weights as faults
from rnndsl.weights.source import Source, WeightsFileError

_TABLE = (0xDB4775248B80FB57).to_bytes(8, "little")
"""The last bytes of a table of TensorFlow's (tensorflow/core/lib/io/format.h)."""


def is_light(path: Path) -> bool:
    """Whether `open_source` tells what is in `path`, or that it cannot be read, without TensorFlow and without long imports."""
    try:
        if path.is_dir() or path.with_name(f"{path.name}.index").is_file():
            return False
        return path.suffix not in (".index", ".onnx") and not (path.is_file() and _is_table(path))
    except OSError:
        return True


def open_source(path: Path) -> Source:
    """The tensors in `path`. Raises WeightsFileError for what is missing, of no known format, or damaged."""
    try:
        return _open(path)
    except (OSError, MemoryError) as error:
        raise WeightsFileError(files.unread(path, error)) from None


def _open(path: Path) -> Source:
    if path.is_dir():
        return _folder(path)
    if path.name.endswith(".index") and path.is_file():
        return _checkpoint(path.with_name(path.name.removesuffix(".index")))
    if path.with_name(f"{path.name}.index").is_file():
        return _checkpoint(path)
    if not path.exists():
        raise WeightsFileError(files.missing(path))
    if not path.is_file():
        raise WeightsFileError(files.special(path))
    match path.suffix:
        case ".npz":
            from rnndsl.weights.formats.npz import NpzSource as Format
        case ".safetensors":
            from rnndsl.weights.formats.safetensors import SafetensorsSource as Format
        case ".h5" | ".hdf5" | ".keras":
            from rnndsl.weights.formats.hdf5 import Hdf5Source as Format
        case ".pt" | ".pth" | ".bin":
            from rnndsl.weights.formats.torch import TorchSource as Format
        case ".onnx":
            from rnndsl.weights.formats.onnx import OnnxSource as Format
        case _ if _is_table(path):
            return _checkpoint(path)
        case _:
            raise WeightsFileError(faults.no_format(path))
    return Format(path)


def _is_table(path: Path) -> bool:
    """Whether it is a table of TensorFlow's, as a checkpoint of version 1 is."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(-min(len(_TABLE), file.tell()), os.SEEK_END)
        return file.read() == _TABLE


def _folder(path: Path) -> Source:
    if os.path.lexists(path / "manifest.json"):
        from rnndsl.weights.formats.artefact import ArtefactSource

        return ArtefactSource(path)
    if (path / "variables" / "variables.index").is_file():
        return _checkpoint(path / "variables" / "variables", "SavedModel")
    if (path / "checkpoint").is_file():
        return _checkpoint(path)
    raise WeightsFileError(faults.foreign_folder(path))


def _checkpoint(prefix: Path, format: str = "checkpoint") -> Source:
    from rnndsl.weights.formats.checkpoint import CheckpointSource

    return CheckpointSource(prefix, format)
