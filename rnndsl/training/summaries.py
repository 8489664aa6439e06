"""What TensorBoard shows of a run: the results of each epoch, and how the variables of the collection `summaries` are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.api import Loaded
from rnndsl.arrays.values import Array, DataError
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.text.faults import files


class Summaries:
    """Writes a file of events to `folder`, by operations of TensorFlow's own: TensorBoard, which reads it, need not be there.

    After each epoch, at the number of steps so far: each result, and each of `variables` of the `model`, a number as it is, others
    as a histogram of what is finite of them. Raises DataError if the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, model: Loaded, variables: Sequence[str]) -> None:
        self._model = model
        self._variables = variables
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(files.unwritable(folder, error)) from None
        try:
            self._writer: Any = tf.summary.create_file_writer(str(folder))
            self._writer.init()
        except tf.errors.OpError as error:
            raise DataError(files.unwritable(folder, OSError(error.error_code, error.message))) from None

    def step(self, epoch: int, done: int, of: int | None, results: Mapping[str, float]) -> None:
        """Steps have no events."""

    def epoch(self, epoch: int, steps: int, results: Mapping[str, float]) -> None:
        for name, value in results.items():
            self._number(name, steps, value)
        values = self._model.variables if self._variables else {}
        for path in self._variables:
            self._variable(path, steps, values[path])

    def close(self) -> None:
        """All events are in the file from now on."""
        self._writer.close()

    def _variable(self, path: str, steps: int, value: Array) -> None:
        wide = value.astype("f8")
        if not wide.ndim:
            self._number(path, steps, float(wide))
            return
        finite = wide[np.isfinite(wide)]
        if finite.size:
            tf.raw_ops.WriteHistogramSummary(writer=self._resource, step=steps, tag=path, values=finite)

    def _number(self, name: str, steps: int, value: float) -> None:
        tf.raw_ops.WriteScalarSummary(writer=self._resource, step=steps, tag=name, value=value)

    @property
    def _resource(self) -> Any:
        return self._writer._resource
