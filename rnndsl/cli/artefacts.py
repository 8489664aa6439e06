"""Finding artefacts: a folder that is one, or that holds one for each model of a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.parser import UsageError

if TYPE_CHECKING:
    from rnndsl.artefact.manifest import Manifest


def artefacts_in(folder: Path) -> dict[Path, Manifest]:
    """The artefact in `folder`, or else those in the folders in it. Raises UsageError if there is none, or one is damaged."""
    from rnndsl.artefact.manifest import MANIFEST
    from rnndsl.artefact.opening import ArtefactError, open_artefact

    try:
        folders = [folder] if os.path.lexists(folder / MANIFEST) else sorted(p.parent for p in folder.glob(f"*/{MANIFEST}"))
        if not folders:
            raise UsageError(f"`{folder}` holds no artefact (no {MANIFEST})")
        return {each: open_artefact(each) for each in folders}
    except OSError as error:
        raise UsageError(f"`{error.filename or folder}` cannot be read: {error.strerror or error}") from None
    except ArtefactError as error:
        raise UsageError(str(error), "compile it again") from None
