"""What a user sees of a bug of rnndsl."""

from __future__ import annotations

import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from rnndsl.cli.saying import complain
from rnndsl.text.faults import command as faults
from rnndsl.text.faults.files import unprinted

USAGE, BUG = 2, 3


def report_bug(error: Exception, arguments: Sequence[str]) -> int:
    """Say that `error` is a bug and how to report it; the traceback goes to a file, or is shown with `--traceback`.

    A full disk and too little memory are no bugs: one line, and exit status 2.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
        complain(unprinted(error))
        return USAGE
    if isinstance(error, MemoryError):
        complain(faults.little_memory(str(error)))
        return USAGE
    text = "".join(traceback.format_exception(error))
    kept = _keep(text, arguments)
    complain(faults.bug(type(error).__name__, _short(error), kept))
    if "--traceback" in arguments:
        print(text, file=sys.stderr)
    return BUG


def _short(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return lines[0][:200]


def _keep(text: str, arguments: Sequence[str]) -> str | None:
    """Write the report to a file in the folder for temporary files; its path, or None if that fails."""
    from rnndsl import __version__

    versions = f"rnndsl {__version__}, Python {platform.python_version()}, {platform.platform()}"
    head = f"{versions}\ncommand: rnndsl {' '.join(arguments)}\n\n"
    try:
        descriptor, path = tempfile.mkstemp(prefix="rnndsl-bug-", suffix=".txt")
        with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
            file.write(head + text)
    except OSError:
        return None
    return path
