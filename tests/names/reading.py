"""Files with their names, for the tests of the binder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rnndsl.names.modules import ResolvedModule
from rnndsl.names.reading import Reader
from rnndsl.names.resolve import Resolver, resolve
from rnndsl.text.sink import Sink

ROOT = Path(__file__).resolve().parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.rnn")), ROOT / "tests/elaborate/valid/features.rnn"]
STD = sorted((ROOT / "rnndsl/std").glob("*.rnn"))
TOKEN = re.compile(
    r"""\#[^\n]* | "[^"\\\n]*(?:\\[^\n][^"\\\n]*)*" | import\s+[\w.]+ | \w*\*[\w*]* | [0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?
    | (?P<name>[A-Za-z_]\w*)""",
    re.VERBOSE,
)
"""What a text is made of; segments of a path with a `*` pick many names, the module of an import is a file."""


def module_of(path: Path) -> ResolvedModule:
    resolver = Resolver(Reader(ROOT), Sink())
    resolver.core = resolver.std("std.core", None)
    if path in STD:
        return resolver.std(f"std.{path.stem}", None)
    return resolve(path, Reader.for_spec(path), Sink())


def of_text(folder: Path, text: str) -> ResolvedModule:
    path = folder / "spec.rnn"
    path.write_text(text, encoding="utf-8")
    return resolve(path, Reader.for_spec(path), Sink())


def words(text: str) -> Iterator[tuple[int, str]]:
    """Each word outside of comments and strings, and where it begins."""
    for token in TOKEN.finditer(text):
        if token["name"]:
            yield token.start(), token["name"]
