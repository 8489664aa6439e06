"""Examples from records of TensorFlow: an input takes the feature of its name."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from rnndsl.arrays.values import Array, DataError
from rnndsl.plan.model import TensorType
from rnndsl.text.fault import Fault
from rnndsl.text.faults import records as faults
from rnndsl.training.data.elements import gathered, shaped
from rnndsl.training.data.tabular import Tabled

SUFFIXES = (".tfrecord", ".tfrecords", ".tfrecord.gz", ".tfrecords.gz")


def has_records(path: Path) -> bool:
    """Whether `path` is named as a file of records is."""
    return path.name.endswith(SUFFIXES)


def of_records(path: Path, types: Mapping[str, TensorType], optional: Container[str]) -> Tabled:
    """The examples of the file `path`, in its order. What is `optional` may lack. Raises DataError."""
    from rnndsl.backends.tensorflow.records import features

    def lacking(number: int, name: str, given: Sequence[str]) -> Fault:
        return faults.lacks_feature(path, number, name, types[name], given)

    def fitted(number: int, name: str, numbers: Array | None) -> Array:
        if numbers is None:
            raise DataError(faults.bytes_feature(path, number, name, types[name]))
        return shaped(name, numbers, types[name], number)

    found = gathered(features(path), types, optional, lacking, fitted)
    if found is None:
        raise DataError(faults.no_examples(path))
    return found
