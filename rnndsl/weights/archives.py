"""Zip files that others wrote: what may go wrong with one, as one fault."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from rnndsl.text.fault import Fault
from rnndsl.weights.source import WeightsFileError

_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, KeyError, ValueError, IndexError,
    RuntimeError, NotImplementedError, OverflowError, SyntaxError,
)  # fmt: skip
"""What zipfile raises for archives that are damaged, encrypted, or packed in a way it does not know, and NumPy for members."""


@contextmanager
def told(fault: Callable[[str], Fault]) -> Generator[None]:
    """What goes wrong inside, in an archive, becomes a WeightsFileError of the `fault` with this reason."""
    try:
        yield
    except WeightsFileError:
        raise
    except _BROKEN as error:
        raise WeightsFileError(fault(str(error))) from None


def open_zip(path: Path, fault: Callable[[str], Fault]) -> zipfile.ZipFile:
    """The archive at `path`. Raises WeightsFileError of the `fault` with a reason."""
    with told(fault):
        return zipfile.ZipFile(path)
