"""Finding artefacts: a folder that is one, or that holds one for each model of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.parser import UsageError

if TYPE_CHECKING:
    from rnndsl.artefact.manifest import Manifest


def artefacts_in(folder: Path) -> dict[Path, Manifest]:
    """The artefact in `folder`, or else those in the folders in it. Raises UsageError if there is none, or one cannot be read."""
    from rnndsl.artefact.manifest import MANIFEST, read_manifest

    folders = [folder] if (folder / MANIFEST).is_file() else sorted(p.parent for p in folder.glob(f"*/{MANIFEST}"))
    if not folders:
        raise UsageError(f"`{folder}` holds no artefact (no {MANIFEST})")
    try:
        return {each: read_manifest(each) for each in folders}
    except OSError as error:
        raise UsageError(f"`{error.filename}` cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"the {MANIFEST} in `{folder}` is none of rnndsl's, or of another version of it") from None
