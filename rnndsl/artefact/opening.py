"""Opens an artefact: its manifest, once every file that it names is there with the bytes that were written. Needs no TensorFlow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from rnndsl.artefact.manifest import MANIFEST, DTypeName, Length, Manifest, TensorInfo, VariableInfo, own_digest
from rnndsl.plan.model import DType, TensorType
from rnndsl.regular import open_regular
from rnndsl.text.fault import FaultError
from rnndsl.text.faults import artefacts as faults
from rnndsl.text.faults.files import unreadable

DTYPES: dict[DTypeName, DType] = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    "int32": "i32",
    "int64": "i64",
    "bool": "bool",
}
"""The language's names of TensorFlow's dtypes."""

MOST_BYTES = 1 << 27
"""Of a manifest; one of ten thousand variables has some 8 MB."""


class ArtefactError(FaultError, ValueError):
    """An artefact is damaged, or none that this version can read. The message names the file."""


class NoArtefactError(FaultError, FileNotFoundError):
    """There is no artefact."""


def open_artefact(folder: Path) -> Manifest:
    """The manifest of the artefact in `folder`, whose files are those that were written, by their digests.

    Raises NoArtefactError if there is none, ArtefactError if it is damaged or of another version.
    """
    manifest = _manifest(folder)
    for name, digest in manifest.outputs.items():
        if _digest(folder / name) != digest:
            raise ArtefactError(faults.changed(folder / name, MANIFEST))
    return manifest


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    text = _read(path)
    fields = _ours(text)
    if fields is None:
        raise ArtefactError(faults.no_manifest(path))
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise ArtefactError(faults.other_version(path, at, first["msg"])) from None
    if manifest.sha256 != own_digest(fields):
        raise ArtefactError(faults.manifest_changed(path))
    return manifest


def written_files(folder: Path) -> frozenset[str] | None:
    """The files in `folder` that a compilation wrote; None if it holds no artefact of ours. Any version of the format will do."""
    try:
        manifest = _ours(_read(folder / MANIFEST))
    except (OSError, ArtefactError):
        return None
    if manifest is None:
        return None
    outputs: Any = manifest.get("outputs")
    names: list[str] = list(outputs) if isinstance(outputs, dict) else []  # pyright: ignore[reportUnknownArgumentType]
    return frozenset({MANIFEST, *names})


def _ours(text: bytes) -> dict[str, Any] | None:
    """A manifest of ours, of any version."""
    try:
        manifest: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != "rnndsl-artefact":  # pyright: ignore[reportUnknownMemberType]
        return None
    return cast("dict[str, Any]", manifest)


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            text = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NoArtefactError(faults.none(path.parent, MANIFEST)) from None
    except OSError as error:
        raise ArtefactError(unreadable(path, error)) from None
    if len(text) > MOST_BYTES:
        raise ArtefactError(faults.too_large(path, MOST_BYTES))
    return text


def _digest(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtefactError(faults.unreadable(unreadable(path, error))) from None


def declared(info: TensorInfo | VariableInfo) -> TensorType:
    """The type of a tensor or variable in the language's terms: axes by name, then dims."""
    shape: Sequence[Length] = info.shape or ()
    axes = tuple(str(n) for n in shape if not isinstance(n, int))
    return TensorType(DTYPES[info.dtype], axes, tuple(n for n in shape if isinstance(n, int)))
