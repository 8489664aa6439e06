"""Arrays from and to files: `.npz`, `.npy`, `.csv` and `.csv.gz`."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from rnndsl.arrays.npy import Archive, read_npy, write_npz
from rnndsl.arrays.tables import read_table, write_table
from rnndsl.arrays.values import Array, DataError
from rnndsl.regular import replacing, unreadable

SUFFIXES = (".npz", ".npy", ".csv", ".csv.gz")
WRITTEN = (".npz", ".csv")


def is_table(path: Path) -> bool:
    """Whether `path` is named as a table is."""
    return path.name.endswith((".csv", ".csv.gz"))


def read_array(path: Path, name: str | None = None) -> Array:
    """The array of a `.npy` or `.csv` (two-dimensional), or of a `.npz`: its array `name`, or its only one. Raises DataError."""
    try:
        if is_table(path):
            return read_table(path)
        if path.suffix == ".npy":
            return read_npy(path)
    except OSError as error:
        raise DataError(unreadable(path, error)) from None
    if path.suffix != ".npz":
        raise DataError(f"`{path}`: a file of arrays ends in {', '.join(SUFFIXES)}")
    with Archive(path) as archive:
        names = [*archive.headers]
        if name not in names and len(names) != 1:
            raise DataError(f"`{path}` holds no array `{name}`; it holds {', '.join(names) or 'none'}")
        return archive.read(name if name in names else names[0])


def read_archive(path: Path, wanted: Container[str]) -> dict[str, Array]:
    """Those arrays of a `.npz` whose names are `wanted`. The others are not read. Raises DataError."""
    with Archive(path) as archive:
        return {name: archive.read(name) for name in archive.headers if name in wanted}


def check_output(path: Path, inputs: Sequence[Path]) -> None:
    """Check, before any work is done, that `write_arrays` can write to `path`, which is none of `inputs`. Raises DataError."""
    if path.suffix not in WRITTEN:
        raise DataError(f"`{path}`: the output is written as {' or '.join(WRITTEN)}")
    try:
        _check_place(path)
    except OSError as error:
        raise DataError(f"cannot write `{path}`: {error.strerror or error}") from None
    real = Path(os.path.realpath(path))
    if real in [Path(os.path.realpath(each)) for each in inputs]:
        raise DataError(f"`{path}` is an input: the output would take its place")


def _check_place(path: Path) -> None:
    """Raises DataError, OSError."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if real.is_dir():
        raise DataError(f"`{path}` is a folder, not a file")
    if not real.parent.is_dir():
        raise DataError(f"`{path}`: there is no folder `{real.parent if path.is_symlink() else path.parent}`")
    if real.exists() and not real.is_file():
        raise DataError(f"`{path}` is not a regular file")
    if not os.access(real.parent, os.W_OK | os.X_OK):
        raise DataError(f"no permission to write `{path}`")
    if not shutil.disk_usage(real.parent).total:  # of the kernel's own file systems, such as /proc
        raise DataError(f"`{path}`: no file can be made in `{real.parent}`")


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` to a `.npz`, or side by side as the columns of a `.csv`, as a whole or not at all. Raises DataError."""
    try:
        with replacing(path) as file:
            if path.suffix == ".npz":
                write_npz(file, arrays)
            else:
                write_table(file, arrays)
    except OSError as error:
        raise DataError(f"cannot write `{path}`: {error.strerror or error}") from None
