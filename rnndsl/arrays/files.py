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
from rnndsl.regular import replacing
from rnndsl.text.faults import arrays as faults
from rnndsl.text.faults import files

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
        raise DataError(files.unreadable(path, error)) from None
    if path.suffix != ".npz":
        raise DataError(faults.suffix(path, SUFFIXES))
    with Archive(path) as archive:
        names = [*archive.headers]
        if name not in names and len(names) != 1:
            raise DataError(faults.not_in_archive(path, name, names))
        return archive.read(name if name in names else names[0])


def read_archive(path: Path, wanted: Container[str]) -> dict[str, Array]:
    """Those arrays of a `.npz` whose names are `wanted`. The others are not read. Raises DataError."""
    with Archive(path) as archive:
        return {name: archive.read(name) for name in archive.headers if name in wanted}


def check_output(path: Path, inputs: Sequence[Path], suffixes: Sequence[str] = WRITTEN) -> None:
    """Check, before any work is done, that arrays can be written to `path`, which is none of `inputs` and ends in one of
    `suffixes`. Raises DataError."""
    if path.suffix not in suffixes:
        raise DataError(faults.output_suffix(path, suffixes))
    try:
        _check_place(path)
    except OSError as error:
        raise DataError(files.unwritable(path, error)) from None
    real = Path(os.path.realpath(path))
    if real in [Path(os.path.realpath(each)) for each in inputs]:
        raise DataError(files.is_input(path))


def _check_place(path: Path) -> None:
    """Raises DataError, OSError."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if real.is_dir():
        raise DataError(files.folder(path))
    if not real.parent.is_dir():
        raise DataError(files.no_folder(path, real.parent if path.is_symlink() else path.parent))
    if real.exists() and not real.is_file():
        raise DataError(files.special(path))
    if not os.access(real.parent, os.W_OK | os.X_OK):
        raise DataError(files.forbidden(path))
    if not shutil.disk_usage(real.parent).total:  # of the kernel's own file systems, such as /proc
        raise DataError(files.nothing_made(path, real.parent))


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` to a `.npz`, or side by side as the columns of a `.csv`, as a whole or not at all. Raises DataError."""
    try:
        with replacing(path) as file:
            if path.suffix == ".npz":
                write_npz(file, arrays)
            else:
                write_table(file, arrays)
    except OSError as error:
        raise DataError(files.unwritable(path, error)) from None
