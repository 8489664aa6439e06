"""An artefact written again with other values of its variables: the same graph, another checkpoint, a manifest that says so."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnndsl.artefact import files
from rnndsl.artefact.files import Staging
from rnndsl.artefact.manifest import Manifest, TrainingInfo, to_json
from rnndsl.artefact.meta_graph import CHECKPOINT
from rnndsl.artefact.reading.opening import written_files
from rnndsl.artefact.reading.plain import MANIFEST, file_digest
from rnndsl.artefact.write import raise_fault
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.paths import plain_path
from rnndsl.backends.tensorflow.tensorflow_module import tf

_VARIABLES = "variables/variables"


def resave(
    source: Path, manifest: Manifest, values: Mapping[str, Any], target: Path, training: Sequence[TrainingInfo] = ()
) -> None:
    """Write the artefact in `source` to the folder `target`, with `values` by path in place of those stored.

    `initialize` and `reset` go back to where they did before. What a scan carries from call to call is not kept: the artefact
    starts afresh. `training` is added to the manifest's records. The same values give the same bytes. `target` may be `source`;
    it is replaced in one step, and stays as it was if that fails.

    Raises DiagnosticsError (RNN0701 to RNN0707) if the folder cannot be written, OSError if `source` cannot be read.
    """
    needed = sum((source / name).stat().st_size for name in manifest.outputs)
    files.check_target(target, needed, written_files)
    kept = [v for v in manifest.variables if v.path in values and v.kind != "carried"]
    staging = Staging(target, written_files)
    with staging as folder:
        for name in manifest.outputs:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, folder / name)
        try:
            with plain_path(folder) as path:
                _rewrite(path / _VARIABLES, {v.checkpoint_key: values[v.path] for v in kept if v.checkpoint_key})
                _rewrite(path / CHECKPOINT, {op_name(v.path): values[v.path] for v in kept})
        except tf.errors.OpError as error:
            raise_fault(error, target)
            raise
        outputs = {name: file_digest(folder / name) for name in files.files_below(folder)}
        written = manifest.model_copy(update={"outputs": outputs, "training": (*manifest.training, *training)})
        (folder / MANIFEST).write_text(to_json(written), encoding="utf-8", newline="\n")
        staging.commit()


def _rewrite(prefix: Path, values: Mapping[str, Any]) -> None:
    """Write the checkpoint `prefix`, if there is one, with `values` by key in place of those that it has under these keys."""
    if not prefix.with_name(f"{prefix.name}.index").exists():
        return
    reader = tf.train.load_checkpoint(str(prefix))
    keys = sorted(reader.get_variable_to_shape_map())
    tensors = [tf.constant(values[key] if key in values else reader.get_tensor(key)) for key in keys]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=keys, shape_and_slices=[""] * len(keys), tensors=tensors)
