"""What the commands print. Names come from files and command lines, so what would steer a terminal is shown as `·`."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from rnndsl.text.fault import Fault
from rnndsl.text.render.snippet import CONTROL, printable


def open_streams() -> io.StringIO | None:
    """Make the standard streams fit to print any name on. Returns what stands for standard output where that is closed.

    A closed descriptor would be given to the next file that is opened, and what a library prints would end in that.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # names of files need not be printable
            reconfigure(errors="backslashreplace")
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        return None
    sys.stdout = lost = io.StringIO()
    return lost


def abandon_streams() -> None:
    """Write nothing more: what is left in the buffers cannot be written, and must not be tried at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def complain_at_last(fault: Fault) -> int:
    """Complain, where that can still be done. Returns the exit status of a wrong use."""
    with suppress(OSError):
        complain(fault)
        sys.stderr.flush()
    abandon_streams()
    return 2


def say(text: str) -> None:
    """Print `text` to standard output, with a newline at its end if it has none."""
    sys.stdout.write(printable(text) if text.endswith("\n") or not text else f"{printable(text)}\n")


def say_json(text: str, stream: TextIO | None = None) -> None:
    """Print a JSON text, in which every character that would steer a terminal is written as an escape."""
    print(CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text), file=stream)


def complain(fault: Fault, kind: str = "error") -> None:
    """Print `error:` and the fault, and below it what would help, to standard error."""
    print(f"{kind}: {printable(fault.message)}", file=sys.stderr)
    if fault.help:
        print(f"help: {printable(fault.help)}", file=sys.stderr)
