"""Writes a model to a folder: SavedModel, manifest, MetaGraph. As a whole or not at all, with the same bytes each time."""

from __future__ import annotations

import errno
import importlib.metadata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rnndsl.artefact import files
from rnndsl.artefact.describe import describe
from rnndsl.artefact.files import Staging
from rnndsl.artefact.manifest import Manifest, MetaGraphInfo, Provenance, to_json
from rnndsl.artefact.meta_graph import write_meta_graph
from rnndsl.artefact.reading.opening import written_files
from rnndsl.artefact.reading.plain import MANIFEST, file_digest
from rnndsl.artefact.saved_model import save_module
from rnndsl.backends.stablehlo.files import write_modules
from rnndsl.backends.tensorflow.paths import plain_path
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Plan, Receipt
from rnndsl.text.diagnostics import DiagnosticsError

_ERRNO = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "File too large": errno.EFBIG,
    "Permission denied": errno.EACCES,
    "Operation not permitted": errno.EPERM,
    "Read-only file system": errno.EROFS,
    "Input/output error": errno.EIO,
    "File name too long": errno.ENAMETOOLONG,
}
"""What TensorFlow says of errors of the system, which it does not number."""


def write_artefact(
    plan: Plan,
    target: Path,
    *,
    provenance: Provenance,
    build: Callable[[Plan], Any],
    emit_meta_graph: bool = False,
    sizes: Mapping[str, int] | None = None,
    build_plain: Callable[[Plan], Any] | None = None,
    receipts: Mapping[str, Receipt] | None = None,
) -> list[Path]:
    """Build the module of `plan` and write it to the folder `target`. Returns the files of the artefact, in order.

    The folder is replaced in one step at the end; whatever fails before leaves it as it was. If nothing has changed, its files
    and their times stay. A folder that holds anything that no compilation wrote is not replaced.

    build: makes a `tf.Module` with `signature_functions`, `collections` and `variables_by_path`.
    build_plain: likewise, with nothing that TensorFlow cannot differentiate, for the MetaGraph; `build` if left out.
    sizes: of axes, for StableHLO modules; there are none without.
    receipts: of the variables whose values were loaded, by path.
    Raises DiagnosticsError (RNN0701 to RNN0707) if the folder cannot be written.
    """
    files.check_target(target, needed_bytes(plan, emit_meta_graph), written_files)
    staging = Staging(target, written_files)
    with staging as folder:
        module = build(plan)
        try:
            with plain_path(folder) as path:
                save_module(module, path)
                meta_graph = None
                if emit_meta_graph:
                    meta_graph = write_meta_graph(plan, module if build_plain is None else build_plain(plan), path)
                if sizes is not None:
                    write_modules(plan, folder, sizes)
                _write_manifest(plan, module, path, provenance, meta_graph, receipts or {})
        except tf.errors.OpError as error:
            raise_fault(error, target)
            raise
        names = files.files_below(folder)
        staging.commit()
    return [target / name for name in names]


def _write_manifest(
    plan: Plan,
    module: Any,
    folder: Path,
    provenance: Provenance,
    meta_graph: MetaGraphInfo | None,
    receipts: Mapping[str, Receipt],
) -> None:
    manifest = Manifest(
        **describe(plan, module, folder, receipts),
        meta_graph=meta_graph,
        rnndsl_version=importlib.metadata.version("rnndsl"),
        tensorflow_version=str(tf.__version__),
        provenance=provenance,
        outputs={name: file_digest(folder / name) for name in files.files_below(folder)},
    )
    (folder / MANIFEST).write_text(to_json(manifest), encoding="utf-8", newline="\n")


def raise_fault(error: Any, target: Path) -> None:
    """Raise what TensorFlow says of a full or forbidden disk as a diagnostic; return for anything else."""
    message = str(error.message)
    for text, number in _ERRNO.items():
        if text in message:
            raise DiagnosticsError([files.fault(OSError(number, text), target)]) from None


def needed_bytes(plan: Plan, emit_meta_graph: bool) -> int:
    """At least this many bytes are written: the values of the variables that the plan knows."""
    return files.variables_bytes(plan) * (2 if emit_meta_graph else 1)
