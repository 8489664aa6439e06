"""Which format a file or folder is of, by its name and what is in it."""

from __future__ import annotations

import os
from pathlib import Path

from rnndsl.weights.source import Source, WeightsFileError

FORMATS = (
    "a TensorFlow checkpoint (its prefix), a SavedModel or an artefact of rnndsl (its folder), .npz, .safetensors, .weights.h5 "
    "or .h5, .keras, .pt, .pth or .bin of PyTorch, .onnx"
)


def open_source(path: Path) -> Source:
    """The tensors in `path`. Raises WeightsFileError for what is missing, of no known format, or damaged."""
    try:
        return _open(path)
    except (OSError, MemoryError) as error:
        raise WeightsFileError(f"`{path}` cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _open(path: Path) -> Source:
    if path.is_dir():
        return _folder(path)
    if path.name.endswith(".index") and path.is_file():
        return _checkpoint(path.with_name(path.name.removesuffix(".index")))
    if path.with_name(f"{path.name}.index").is_file():
        return _checkpoint(path)
    if not path.exists():
        raise WeightsFileError(f"there is no file `{path}`")
    if not path.is_file():
        raise WeightsFileError(f"`{path}` is no file")
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
        case _:
            raise WeightsFileError(f"`{path}` is of no format that is known here: {FORMATS}")
    return Format(path)


def _folder(path: Path) -> Source:
    if os.path.lexists(path / "manifest.json"):
        from rnndsl.weights.formats.artefact import ArtefactSource

        return ArtefactSource(path)
    if (path / "variables" / "variables.index").is_file():
        return _checkpoint(path / "variables" / "variables", "SavedModel")
    if (path / "checkpoint").is_file():
        return _checkpoint(path)
    raise WeightsFileError(f"`{path}` holds neither a SavedModel nor a checkpoint")


def _checkpoint(prefix: Path, format: str = "checkpoint") -> Source:
    from rnndsl.weights.formats.checkpoint import CheckpointSource

    return CheckpointSource(prefix, format)
