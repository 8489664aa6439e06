"""`rnndsl new CELL`: a definition of the standard library as text of the user's own, to change."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from rnndsl.cli.parser import Parser, UsageError
from rnndsl.cli.saying import say
from rnndsl.names.library import Entry, entries, find, own_file
from rnndsl.regular import replacing
from rnndsl.syntax.words import KEYWORDS
from rnndsl.text.wording import did_you_mean


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
        raise UsageError(f"`{arguments.output}` exists", "give another file: nothing is overwritten")
    try:
        with replacing(Path(arguments.output)) as file:
            file.write(text.encode())
    except OSError as error:
        raise UsageError(f"cannot write `{arguments.output}`: {error.strerror}") from None
    return 0


def _check_name(name: str, entry: Entry) -> None:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"`{name}` is not a name", "a name is of letters of the Latin alphabet, digits and `_`")
    if name in KEYWORDS:
        raise UsageError(f"`{name}` is a word of the language, and no name")
    if name in [each.name for each in entry.needs()]:
        raise UsageError(f"the definition of {entry.name} uses `{name}` itself", "give another name")


def _entry(name: str) -> Entry:
    found = find(name)
    if not found:
        near = did_you_mean(name.rpartition(".")[2], [e.name for e in entries()])
        raise UsageError(f"the standard library has no `{name}`", near or "`rnndsl doc` lists it")
    if len(found) > 1:
        raise UsageError(f"`{name}` is in {' and '.join(e.module for e in found)}", f"say which: `{found[0].module}.{name}`")
    return found[0]
