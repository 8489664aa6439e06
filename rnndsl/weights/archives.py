"""Zip files that others wrote: what may go wrong with one, as one fault."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rnndsl.weights.source import WeightsFileError

_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, KeyError, ValueError, IndexError,
    RuntimeError, NotImplementedError, OverflowError, SyntaxError,
)  # fmt: skip
"""What zipfile raises for archives that are damaged, encrypted, or packed in a way it does not know, and NumPy for members."""


@contextmanager
def told(what: str) -> Generator[None]:
    """Faults of an archive inside become WeightsFileErrors that begin with `what`."""
    try:
        yield
    except WeightsFileError:
        raise
    except _BROKEN as error:
        raise WeightsFileError(f"{what}: {error}") from None


def open_zip(path: Path, what: str) -> zipfile.ZipFile:
    """The archive at `path`. Raises WeightsFileError, which begins with `what`."""
    with told(what):
        return zipfile.ZipFile(path)
