"""What the commands print. Names come from files and command lines, so what would steer a terminal is shown as `·`."""

from __future__ import annotations

import sys
from typing import TextIO

from rnndsl.text.render.snippet import CONTROL, printable


def say(text: str) -> None:
    """Print `text` to standard output, with a newline at its end if it has none."""
    sys.stdout.write(printable(text) if text.endswith("\n") or not text else f"{printable(text)}\n")


def say_json(text: str, stream: TextIO | None = None) -> None:
    """Print a JSON text, in which every character that would steer a terminal is written as an escape."""
    print(CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text), file=stream)


def complain(text: str, help: str | None = None, kind: str = "error") -> None:
    """Print `error: text`, and below it what would help, to standard error."""
    print(f"{kind}: {printable(text)}", file=sys.stderr)
    if help:
        print(f"help: {printable(help)}", file=sys.stderr)
