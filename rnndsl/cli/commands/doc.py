"""`rnndsl doc [NAME]`: the standard library and the functions of the language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rnndsl.cli.doc import library
from rnndsl.cli.parser import Parser, UsageError
from rnndsl.cli.saying import say
from rnndsl.names.library import entries, find
from rnndsl.regular import replacing
from rnndsl.text.faults import command as faults
from rnndsl.text.faults.files import unwritable


def run(argv: Sequence[str]) -> int:
    """List the library, show one definition in full, or write the whole as a page."""
    parser = Parser("rnndsl doc", "Show the standard library: signatures, papers, equations.")
    parser.add_argument("name", metavar="NAME", nargs="?", help="a definition (LSTM, std.tf1.GRUCell) or a module (std.cells)")
    parser.add_argument("--functions", action="store_true", help="list the functions of the language")
    parser.add_argument("--html", metavar="FILE", help="write the whole library as a page with its equations set")
    arguments = parser.read(argv)
    if arguments.html is not None:
        return _write(Path(arguments.html), library.page(entries()))
    if arguments.functions:
        say(library.function_table())
        return 0
    say(_text(arguments.name))
    return 0


def _text(name: str | None) -> str:
    every = entries()
    if name is None:
        return library.listing(every)
    of_module = [e for e in every if e.module == name]
    if of_module:
        return library.listing(of_module)
    found = find(name)
    if not found:
        raise UsageError(faults.not_in_library(name, [e.name for e in every]))
    return "\n".join(library.describe(e) for e in found)


def _write(path: Path, text: str) -> int:
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise UsageError(unwritable(path, error)) from None
    return 0
