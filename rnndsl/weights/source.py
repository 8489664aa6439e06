"""A file or folder of tensors by name.

What each tensor is comes from the file's header; its values are read when they are asked for, and nothing in a file is ever
executed. A header is not believed before what it declares has been held against the size of the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from rnndsl.records import Immutable, record
from rnndsl.text.fault import FaultError

Array = np.ndarray[Any, np.dtype[Any]]


class WeightsFileError(FaultError, ValueError):
    """A file does not hold what its format asks for. The message names the file."""


@record
class TensorInfo(Immutable):
    """A tensor of a source. `dtype` is NumPy's name of it, or `bfloat16`, `float8_e4m3fn` and the like of ml_dtypes."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.size * numpy_dtype(self.dtype).itemsize


class Source:
    """What every format offers. A context manager: leaving it closes the file.

    format: its name, for people. tensors: what the file holds, by name, in the file's order. files: all that it is made of.
    """

    format: str
    tensors: Mapping[str, TensorInfo]
    files: Sequence[Path]

    def read(self, name: str) -> Array:
        """The values of a tensor, of the dtype and shape that `tensors` says.

        Raises KeyError for a name that the source lacks, WeightsFileError for values that are not there.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The dtype of NumPy, or of ml_dtypes, called `name`."""
    if not name.startswith(("bfloat", "float8")):
        return np.dtype(name)
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name))
