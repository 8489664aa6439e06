"""Files that somebody else wrote: a regular one or an error, never a wait at a pipe. And files replaced as a whole."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO


class NotRegularError(OSError):
    """A pipe, a device, a socket: what is in it may have no end."""


def open_regular(path: Path) -> BufferedReader:
    """The file `path`, to be read. Raises OSError: IsADirectoryError for a folder, NotRegularError for a pipe and the like."""
    if "\0" in str(path):  # no path has one, and Python refuses it by a ValueError
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    # A pipe that nobody writes to is opened without waiting, and then seen to be one.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise NotRegularError(errno.EINVAL, "it is no regular file", str(path))


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder; False for a name that the file system cannot hold."""
    try:
        return path.is_dir()
    except OSError:
        return False


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends, with the permissions of what was there.

    If the block fails, `path` stays as it was. A link stays one: what it leads to is replaced. A device or a pipe is written
    to as it is, and a pipe without a reader is an error, not a wait. Raises OSError.
    """
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if real.exists() and not real.is_file():
        with _opened_stream(real) as stream:
            yield stream
        return
    made = real.with_name(f".rnndsl-{secrets.token_hex(6)}")
    mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else None
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        try:
            yield file
            file.flush()
            if mode is not None:
                made.chmod(mode)
            made.replace(real)
        except BaseException:
            made.unlink(missing_ok=True)
            raise


def _opened_stream(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")
