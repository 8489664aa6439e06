"""An artefact at work by TensorFlow, whichever version is there, and the standard library."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.arrays.values import Array, fit, fit_all
from rnndsl.artefact.reading.plain import MANIFEST, ArtefactError, check_files, check_manifest, ours, read, tensor_type
from rnndsl.backends.tensorflow.loading import computed, load_module, to_tensors, variables_of
from rnndsl.text.fault import CallError, FaultError
from rnndsl.text.faults import artefacts, calls, federated

_VERSION = 1


class MissingError(FaultError, ModuleNotFoundError):
    """A package is not installed."""


def needed(module: str, package: str, name: str) -> Any:
    """The `module` of the `package` that brings what is called `name`. Raises MissingError."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingError(federated.needs(package, name)) from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the artefact in `folder` as JSON, whose files are those that were written, by their digests.

    Raises NoArtefactError if there is none, ArtefactError if it is damaged or of another version.
    """
    path = folder / MANIFEST
    fields = ours(read(path))
    if fields is None:
        raise ArtefactError(artefacts.no_manifest(path))
    if fields.get("format_version") != _VERSION:
        raise ArtefactError(artefacts.other_version(path, "format_version", str(fields.get("format_version"))))
    check_manifest(path, fields)
    check_files(folder, fields["outputs"])
    return fields


class Opened:
    """The artefact in `folder`: its variables, which start with the stored values, and calls of its signatures.

    Raises what `read_manifest` does, and CallError for what TensorFlow cannot load.
    """

    def __init__(self, folder: Path) -> None:
        self.manifest = read_manifest(folder)
        self.module = load_module(folder)
        self._types = {v["path"]: tensor_type(v["dtype"], v["shape"]) for v in self.manifest["variables"]}
        self._variables = variables_of(self.module, self._types)
        self._signatures = {x["name"]: x for x in self.manifest["signatures"] if x["name"] in self.module.signatures}

    @property
    def variables(self) -> dict[str, Array]:
        """Copies of the present values of all variables, by path."""
        return {path: np.array(variable.numpy()) for path, variable in self._variables.items()}

    def assign(self, values: Mapping[str, Array]) -> None:
        """Set variables by path. Raises DataError for a misfit; none is set then."""
        fitting = {path: fit(path, value, self._types[path]) for path, value in values.items()}
        for path, value in fitting.items():
            self._variables[path].assign(value)

    def call(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Call a signature with arrays by name. Raises CallError for an unknown one, or if it fails; DataError for a misfit."""
        info = self._signatures.get(signature)
        if info is None:
            raise CallError(calls.no_signature(signature, sorted(self._signatures)))
        wanted = {x["name"]: tensor_type(x["dtype"], x["shape"]) for x in info["inputs"]}
        tensors = to_tensors(fit_all(signature, wanted, inputs))
        return computed(signature, lambda: self.module.signatures[signature](**tensors))
