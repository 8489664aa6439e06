"""`rnndsl fmt SPEC...`: write specs in their canonical form."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rnndsl.cli.parser import Parser, UsageError
from rnndsl.cli.saying import say
from rnndsl.cli.specs import exit_status, print_findings
from rnndsl.names.reading import Reader
from rnndsl.regular import replacing
from rnndsl.syntax import format_module, parse
from rnndsl.text.diagnostics import SpecError
from rnndsl.text.faults.files import unwritable
from rnndsl.text.render import Findings
from rnndsl.text.sink import Sink


def run(argv: Sequence[str]) -> int:
    """Format every spec in place; with `--check`, only say which would change, with status 1. A wrong spec is left as it is."""
    parser = Parser("rnndsl fmt", "Write specs in their canonical form.")
    parser.add_argument("specs", nargs="+", metavar="SPEC")
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 if a spec is not in its canonical form")
    arguments = parser.read(argv)
    wrong: list[Findings] = []
    changed: list[str] = []
    for spec in arguments.specs:
        sink, reader = Sink(), Reader.for_spec(Path(spec))
        text = _formatted(reader, sink)
        if sink.failed:
            wrong.append(Findings(tuple(d for d in sink.sorted() if d.severity == "error"), reader.shown))
        elif text is not None:
            changed.append(spec)
            if not arguments.check:
                _replace(spec, reader.spec, text)
    for spec in changed:
        say(f"{spec}: {'not formatted' if arguments.check else 'formatted'}")
    if wrong:
        print_findings(wrong, "text", sys.stderr)
        return exit_status(wrong)
    return 1 if changed and arguments.check else 0


def _formatted(reader: Reader, sink: Sink) -> str | None:
    """The canonical text of the reader's spec; None if it has errors or is in that form."""
    try:
        source = reader.read_text(reader.spec)
    except SpecError as error:
        sink.add(error.diagnostic)
        return None
    module = parse(source, sink)
    text = None if sink.failed else format_module(module)
    return text if text != source.text else None


def _replace(spec: str, path: Path, text: str) -> None:
    """Write the whole file or nothing of it. Raises UsageError."""
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise UsageError(unwritable(spec, error)) from None
