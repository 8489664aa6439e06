"""The manifest of an artefact as plain JSON, and the digests that hold it. Needs the standard library alone, so that what runs an
artefact beside other frameworks, under their pins, can open it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rnndsl.plan.model import DType, TensorType
from rnndsl.regular import open_regular
from rnndsl.text.fault import FaultError
from rnndsl.text.faults import artefacts as faults
from rnndsl.text.faults.files import unreadable

MANIFEST = "manifest.json"

DTYPES: dict[str, DType] = {
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


def read(path: Path) -> bytes:
    """The text of the manifest `path`. Raises NoArtefactError if there is none, ArtefactError if it cannot be read."""
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


def ours(text: bytes) -> dict[str, Any] | None:
    """The fields of a manifest of ours, of any version; None if it is none."""
    try:
        manifest: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != "rnndsl-artefact":  # pyright: ignore[reportUnknownMemberType]
        return None
    return cast("dict[str, Any]", manifest)


def check_manifest(path: Path, fields: Mapping[str, Any]) -> None:
    """Raises ArtefactError if the manifest `path` is not as it was written, by its own digest."""
    if fields.get("sha256") != own_digest(fields):
        raise ArtefactError(faults.manifest_changed(path))


def check_files(folder: Path, outputs: Mapping[str, str]) -> None:
    """Raises ArtefactError if a file in `folder` has not the digest that the manifest gives in `outputs`."""
    for name, digest in outputs.items():
        try:
            found = file_digest(folder / name)
        except OSError as error:
            raise ArtefactError(faults.unreadable(unreadable(folder / name, error))) from None
        if found != digest:
            raise ArtefactError(faults.changed(folder / name, MANIFEST))


def own_digest(fields: Mapping[str, Any]) -> str:
    """The digest of a manifest, in hexadecimal, from its fields as JSON has them."""
    text = to_text({name: value for name, value in fields.items() if name != "sha256"})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a regular file, in hexadecimal. Raises OSError."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tensor_type(dtype: str, shape: Sequence[int | str | None]) -> TensorType:
    """The type of a tensor or variable of the manifest in the language's terms: axes by name, then dims."""
    axes = tuple(str(n) for n in shape if not isinstance(n, int))
    return TensorType(DTYPES[dtype], axes, tuple(n for n in shape if isinstance(n, int)))


def to_text(value: Any) -> str:
    """JSON with sorted keys, the same for the same value."""
    return json.dumps(_finite(value), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no infinities: they become strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
