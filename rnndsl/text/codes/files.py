"""Diagnostics of files that are read: RNN0720 to RNN0749. See `rnndsl.text.codes`.

`importer` is where a text names the file; None for one of the command line.
"""

from __future__ import annotations

from collections.abc import Iterable

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import Hint, did_you_mean

FILE_MISSING = Code("RNN0720", "file not found", status=2)
FILE_IS_FOLDER = Code("RNN0721", "a folder in place of a file", status=2)
FILE_FORBIDDEN = Code("RNN0722", "file may not be read", status=2)
FILE_TOO_LARGE = Code("RNN0723", "file too large")
FILE_BINARY = Code("RNN0724", "binary file")
FILE_NOT_UTF8 = Code("RNN0725", "file is not UTF-8")
FILE_OUTSIDE = Code("RNN0726", "file outside the project", status=2)
FILE_SPECIAL = Code("RNN0727", "not a regular file", status=2)
FILE_UNREADABLE = Code("RNN0728", "file cannot be read", status=2)
ABSOLUTE = Code("RNN0729", "absolute path")
STD_MISSING = Code("RNN0730", "no such module of the standard library")


def missing(importer: Span | None, path: str, beside: Iterable[str]) -> Diagnostic:
    """`beside`: the names of the specs in its folder, one of which may be meant."""
    wrong = FILE_MISSING(importer, f"there is no file `{path}`")
    if path == "-":
        return wrong.suggest("a spec is read from a file, not from standard input")
    return wrong.suggest(did_you_mean(path.replace("\\", "/").rpartition("/")[2], beside))


def is_folder(importer: Span | None, path: str) -> Diagnostic:
    return FILE_IS_FOLDER(importer, f"`{path}` is a folder, not a file")


def forbidden(importer: Span | None, path: str) -> Diagnostic:
    return FILE_FORBIDDEN(importer, f"no permission to read `{path}`")


def too_large(importer: Span | None, path: str, size: int, limit: int) -> Diagnostic:
    return FILE_TOO_LARGE(importer, f"`{path}` is too large: {size} bytes, where {limit} is the most")


def endless(importer: Span | None, path: str, limit: int) -> Diagnostic:
    """A file that does not say how large it is, and is too large."""
    return FILE_TOO_LARGE(importer, f"`{path}` is too large: over {limit} bytes, which is the most")


def binary(importer: Span | None, path: str, offset: int) -> Diagnostic:
    return FILE_BINARY(importer, f"`{path}` is not text: it holds a zero byte at offset {offset}")


def not_utf8(importer: Span | None, path: str, byte: int, line: int, offset: int) -> Diagnostic:
    wrong = FILE_NOT_UTF8(importer, f"`{path}` is not UTF-8: byte 0x{byte:02x} on line {line} (offset {offset})")
    return wrong.suggest("save the file as UTF-8")


def outside(importer: Span | None, path: str, root: str) -> Diagnostic:
    return FILE_OUTSIDE(importer, f"`{path}` is outside the project, whose root is `{root}`")


def special(importer: Span | None, path: str) -> Diagnostic:
    return FILE_SPECIAL(importer, f"`{path}` is not a regular file")


def unreadable(importer: Span | None, path: str, reason: str) -> Diagnostic:
    """`reason`: the words of the operating system."""
    return FILE_UNREADABLE(importer, f"`{path}` cannot be read: {reason}")


def import_absolute(span: Span, path: str) -> Diagnostic:
    return ABSOLUTE(span, f"an import is relative to the importing file: `{path}` is absolute")


def weights_absolute(span: Span, path: str) -> Diagnostic:
    return ABSOLUTE(span, f"a file of weights is named relative to the spec: `{path}` is absolute")


def no_std_module(importer: Span | None, name: str, known: Iterable[str]) -> Diagnostic:
    return _no_module(importer, name, did_you_mean(name, known))


def not_of_std(span: Span, name: str) -> Diagnostic:
    """An import by a dotted name that does not begin with `std`."""
    return _no_module(span, name, Hint("`std.…` is the library; a file is imported by its path in quotes"))


def _no_module(span: Span | None, name: str, hint: Hint | None) -> Diagnostic:
    return STD_MISSING(span, f"there is no module `{name}`").suggest(hint)
