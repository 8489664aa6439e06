"""Opens an artefact: its manifest, once every file that it names is there with the bytes that were written. Needs no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rnndsl.artefact.manifest import Manifest, TensorInfo, VariableInfo
from rnndsl.artefact.reading.plain import MANIFEST, ArtefactError, check_files, check_manifest, ours, read, tensor_type
from rnndsl.plan.model import TensorType
from rnndsl.text.faults import artefacts as faults


def open_artefact(folder: Path) -> Manifest:
    """The manifest of the artefact in `folder`, whose files are those that were written, by their digests.

    Raises NoArtefactError if there is none, ArtefactError if it is damaged or of another version.
    """
    manifest = _manifest(folder)
    check_files(folder, manifest.outputs)
    return manifest


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    text = read(path)
    fields = ours(text)
    if fields is None:
        raise ArtefactError(faults.no_manifest(path))
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise ArtefactError(faults.other_version(path, at, first["msg"])) from None
    check_manifest(path, fields)
    return manifest


def written_files(folder: Path) -> frozenset[str] | None:
    """The files in `folder` that a compilation wrote; None if it holds no artefact of ours. Any version of the format will do."""
    try:
        manifest = ours(read(folder / MANIFEST))
    except (OSError, ArtefactError):
        return None
    if manifest is None:
        return None
    outputs: Any = manifest.get("outputs")
    names: list[str] = list(outputs) if isinstance(outputs, dict) else []  # pyright: ignore[reportUnknownArgumentType]
    return frozenset({MANIFEST, *names})


def declared(info: TensorInfo | VariableInfo) -> TensorType:
    """The type of a tensor or variable in the language's terms: axes by name, then dims."""
    return tensor_type(info.dtype, info.shape or ())
