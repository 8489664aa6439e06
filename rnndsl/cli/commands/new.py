"""`rnndsl new CELL`: a definition of the standard library as text of the user's own, to change."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from rnndsl.cli.parser import Parser, UsageError
from rnndsl.cli.saying import say
from rnndsl.names.library import Entry, entries, find, own_file
from rnndsl.regular import replacing
from rnndsl.syntax.words import KEYWORDS
from rnndsl.text.faults import command as faults
from rnndsl.text.faults import files


def run(argv: Sequence[str]) -> int:
    """Print the definition, or write it to a new file. Raises UsageError for a name that is in no module, or in two."""
    parser = Parser("rnndsl new", "Print a block or cell of the standard library as text of your own, to change it.")
    parser.add_argument("name", metavar="NAME", help="such as LSTM, or std.tf1.GRUCell")
    parser.add_argument("--as", dest="renamed", metavar="NAME", help="the definition's new name")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file, which must not exist")
    arguments = parser.read(argv)
    entry = _entry(arguments.name)
    if arguments.renamed is not None:
        _check_name(arguments.renamed, entry)
    text = own_file(entry, arguments.renamed)
    if arguments.output is None:
        say(text)
        return 0
    if os.path.lexists(arguments.output):
        raise UsageError(files.exists(arguments.output))
    try:
        with replacing(Path(arguments.output)) as file:
            file.write(text.encode())
    except OSError as error:
        raise UsageError(files.unwritable(arguments.output, error)) from None
    return 0


def _check_name(name: str, entry: Entry) -> None:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(faults.no_name(name))
    if name in KEYWORDS:
        raise UsageError(faults.word_of_language(name))
    if name in chain.from_iterable(entry.needs().values()):
        raise UsageError(faults.used_by_definition(name, entry.name))


def _entry(name: str) -> Entry:
    found = find(name)
    if not found:
        raise UsageError(faults.not_in_library(name, [e.name for e in entries()]))
    if len(found) > 1:
        raise UsageError(faults.in_modules(name, [e.module for e in found]))
    return found[0]
