"""The command `rnndsl`: finds the command's module, and turns what happens into an exit status.

0: done. 1: the spec is wrong. 2: the command line is wrong. 3: a bug of rnndsl. 130: interrupted; 141: the reader of the output
went away.
"""

from __future__ import annotations

import errno
import gc
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rnndsl.cli.parser import Parser, UsageError
from rnndsl.cli.saying import abandon_streams, complain, complain_at_last, open_streams
from rnndsl.text.faults import command as faults
from rnndsl.text.faults.files import unprinted

OK, SPEC_WRONG, USAGE, BUG, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.EBADF})
"""What the system says of a full disk and the like."""

COMMANDS = {
    "check": "say what is wrong with specs",
    "compile": "compile a spec to an artefact",
    "inspect": "show the variables, collections and signatures of a spec or an artefact",
    "explain": "print what a signature computes, a training step too, as equations",
    "run": "run an artefact or a spec on arrays",
    "train": "train a spec or an artefact on arrays, to an artefact",
    "plot": "draw what an artefact forecasts beside the truth",
    "fmt": "format specs",
    "new": "print a cell of the standard library, to change it",
    "weights": "list and compare the tensors of files of trained values",
    "doc": "list the standard library and the functions of the language",
}


class Command(Protocol):
    """A module of this package: one command."""

    def run(self, argv: Sequence[str]) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(200_000, 20, 100)  # Python's own 700 would look for garbage often in trees that stay: 10 ms of a check
    lost = open_streams()
    try:
        status = _guarded(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        abandon_streams()
        return BROKEN_PIPE
    except OSError as error:
        abandon_streams()
        return complain_at_last(unprinted(error))
    if lost is not None and lost.getvalue():
        return complain_at_last(faults.closed_output())
    return status


def _guarded(arguments: list[str]) -> int:
    """Do what `arguments` say. Raises OSError if what is printed cannot be written."""
    try:
        _check_folder()
        return _dispatch(arguments)
    except UsageError as error:
        complain(error.fault)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
            raise
        from rnndsl.cli.bug import report_bug

        return report_bug(error, arguments)


def _check_folder() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(faults.no_current_folder(error)) from None


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        _top().print_help(sys.stderr)
        return USAGE
    name = arguments[0]
    if name.startswith("-"):
        return _top_options(arguments)
    if name not in COMMANDS:
        raise UsageError(faults.no_command(name, list(COMMANDS)))
    command: Command = importlib.import_module(f"rnndsl.cli.commands.{name}")  # pyright: ignore[reportAssignmentType]
    return command.run(arguments[1:])


def _top() -> Parser:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name.ljust(width)}  {what}" for name, what in COMMANDS.items())
    parser = Parser("rnndsl", "The rnndsl compiler: recurrent networks as text, to TensorFlow graphs.", f"commands:\n{listed}")
    parser.formatter_class = __import__("argparse").RawDescriptionHelpFormatter
    parser.usage = "rnndsl COMMAND [options]"
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def _top_options(arguments: list[str]) -> int:
    if _top().read(arguments).version:
        from rnndsl import __version__

        print(f"rnndsl {__version__}")
        return OK
    raise UsageError(faults.nothing_asked(list(COMMANDS)))


if __name__ == "__main__":
    sys.exit(main())
