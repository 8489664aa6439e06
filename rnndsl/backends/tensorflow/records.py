"""Records of TensorFlow: files of `tf.train.Example`, whose features are lists of numbers by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from rnndsl.arrays.unpacking import most_unpacked
from rnndsl.arrays.values import Array, DataError
from rnndsl.backends.tensorflow.loading import sentence
from rnndsl.backends.tensorflow.quiet import import_tensorflow
from rnndsl.regular import open_regular
from rnndsl.text.faults import files
from rnndsl.text.faults import records as faults
from rnndsl.text.faults.arrays import unpacked

Features = dict[str, Array | None]
"""The numbers of each feature; None for one that holds bytes."""


def features(path: Path) -> Iterator[Features]:
    """The features of each example of the file `path`, packed by gzip if its name ends in `.gz`. Raises DataError."""
    import_tensorflow()
    from google.protobuf.message import DecodeError

    from rnndsl.backends.tensorflow.tensorflow_module import tf

    for number, record in enumerate(_records(path, tf), start=1):
        try:
            example = tf.train.Example.FromString(record)
        except DecodeError:
            raise DataError(faults.no_example(path, number)) from None
        found = cast("dict[str, Any]", dict(example.features.feature))
        yield {name: _numbers(found[name]) for name in sorted(found)}


def _records(path: Path, tf: Any) -> Iterator[bytes]:
    try:
        with open_regular(path) as file:
            most = most_unpacked(os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise DataError(files.unreadable(path, error)) from None
    read = size = 0
    try:
        for record in tf.data.TFRecordDataset(str(path), compression_type="GZIP" if path.suffix == ".gz" else ""):
            found: bytes = record.numpy()
            size += len(found)
            if size > most:
                raise DataError(unpacked(path, most))
            yield found
            read += 1
    except tf.errors.OpError as error:
        raise DataError(faults.no_records(path, read, sentence(error).split("' failed")[0])) from None


def _numbers(feature: Any) -> Array | None:
    match feature.WhichOneof("kind"):
        case "float_list":
            return np.array(feature.float_list.value, np.float32)
        case "int64_list":
            return np.array(feature.int64_list.value, np.int64)
        case "bytes_list":
            return None
        case _:  # a feature without values
            return np.zeros(0, np.float32)
