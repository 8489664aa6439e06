"""Files that cannot be read or written: what the operating system says, in words."""

from __future__ import annotations

import errno
from pathlib import PurePath

from rnndsl.regular import NotRegularError
from rnndsl.text.fault import Fault

File = PurePath | str


def unreadable(path: File, error: OSError) -> Fault:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return missing(path)
        case IsADirectoryError():
            return folder(path)
        case PermissionError():
            return Fault(f"no permission to read `{path}`")
        case NotRegularError():
            return special(path)
        case _ if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            return special(path)
        case _:
            return unread(path, error)


def unread(path: File, error: Exception) -> Fault:
    return Fault(f"`{path}` cannot be read: {getattr(error, 'strerror', None) or error}")


def missing(path: File) -> Fault:
    return Fault(f"there is no file `{path}`")


def folder(path: File) -> Fault:
    return Fault(f"`{path}` is a folder, not a file")


def special(path: File) -> Fault:
    return Fault(f"`{path}` is not a regular file")


def unwritable(path: File, error: OSError) -> Fault:
    return Fault(f"cannot write `{path}`: {error.strerror or error}")


def unprinted(error: OSError) -> Fault:
    """Of standard output, or of a file that the error names."""
    return Fault(f"cannot write: {error.strerror}{f' ({error.filename})' if error.filename else ''}")


def forbidden(path: File) -> Fault:
    return Fault(f"no permission to write `{path}`")


def no_folder(path: File, folder: File) -> Fault:
    return Fault(f"`{path}`: there is no folder `{folder}`")


def nothing_made(path: File, folder: File) -> Fault:
    """In a file system that is the kernel's own, such as /proc."""
    return Fault(f"`{path}`: no file can be made in `{folder}`")


def is_input(path: File) -> Fault:
    return Fault(f"`{path}` is an input: the output would take its place")


def exists(path: File) -> Fault:
    return Fault(f"`{path}` exists", "give another file: nothing is overwritten")
