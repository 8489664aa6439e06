"""An artefact of rnndsl: the present values of its variables, by path."""

from __future__ import annotations

import re
from pathlib import Path

from rnndsl.artefact.reading.opening import open_artefact
from rnndsl.artefact.reading.plain import ArtefactError, NoArtefactError
from rnndsl.records import replace
from rnndsl.weights.formats.checkpoint import CheckpointSource
from rnndsl.weights.source import Array, WeightsFileError

_PREFIX = "variables_by_path/"
_ESCAPED = re.compile(r"\.([S.])")


class ArtefactSource(CheckpointSource):
    """folder: of the artefact, which holds a `manifest.json` and a SavedModel. Imports TensorFlow."""

    def __init__(self, folder: Path) -> None:
        try:
            open_artefact(folder)
        except (ArtefactError, NoArtefactError) as error:
            raise WeightsFileError(error.fault) from None
        super().__init__(folder / "variables" / "variables", "artefact")
        self.files = (folder / "manifest.json", *self.files)
        self._names = {_path(name): name for name in self.tensors if name.startswith(_PREFIX)}
        self.tensors = {path: replace(self.tensors[name], name=path) for path, name in self._names.items()}

    def read(self, name: str) -> Array:
        return super().read(self._names[name])


def _path(key: str) -> str:
    """TensorFlow writes a `/` within a name as `.S` and a `.` as `..`."""
    return _ESCAPED.sub(lambda found: "/" if found[1] == "S" else ".", key.removeprefix(_PREFIX))
