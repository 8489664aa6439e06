"""Finding artefacts: a folder that is one, or that holds one for each model of a file."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.parser import UsageError
from rnndsl.text.faults import command as faults
from rnndsl.text.faults.artefacts import none
from rnndsl.text.faults.files import unreadable

if TYPE_CHECKING:
    from rnndsl.artefact.manifest import Manifest


def artefacts_in(folder: Path) -> dict[Path, Manifest]:
    """The artefact in `folder`, or else those in the folders in it. Raises UsageError if there is none, or one is damaged."""
    from rnndsl.artefact.reading.opening import open_artefact
    from rnndsl.artefact.reading.plain import MANIFEST, ArtefactError, NoArtefactError

    try:
        folders = [folder] if os.path.lexists(folder / MANIFEST) else sorted(p.parent for p in folder.glob(f"*/{MANIFEST}"))
        if not folders:
            raise UsageError(none(folder, MANIFEST))
        return {each: open_artefact(each) for each in folders}
    except (ArtefactError, NoArtefactError) as error:
        raise UsageError(error.fault) from None
    except OSError as error:
        raise UsageError(unreadable(error.filename or folder, error)) from None


def one_artefact(folder: Path, arguments: Namespace) -> tuple[Path, Manifest]:
    """The artefact that a command line of `add_settings` means by `folder`. Raises UsageError."""
    if arguments.settings:
        raise UsageError(faults.compiled_already("--set"))
    found = artefacts_in(folder)
    known = [manifest.name for manifest in found.values()]
    if arguments.model:
        found = {path: manifest for path, manifest in found.items() if manifest.name == arguments.model}
    if not found:
        raise UsageError(faults.not_in_folder(folder, arguments.model, known))
    if len(found) > 1:
        raise UsageError(faults.several_artefacts(folder, len(found), known))
    return next(iter(found.items()))
