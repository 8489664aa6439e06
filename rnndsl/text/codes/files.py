"""Diagnostics of files that are read: RNN0720 to RNN0749."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

FILE_MISSING = Code("RNN0720", "file not found", "there is no file `{path}`")
FILE_IS_FOLDER = Code("RNN0721", "a folder in place of a file", "`{path}` is a folder, not a file")
FILE_FORBIDDEN = Code("RNN0722", "file may not be read", "no permission to read `{path}`")
FILE_TOO_LARGE = Code("RNN0723", "file too large", "`{path}` is too large: {size} bytes, where {limit} is the most")
FILE_BINARY = Code("RNN0724", "binary file", "`{path}` is not text: it holds a zero byte at offset {offset}")
FILE_NOT_UTF8 = Code("RNN0725", "file is not UTF-8", "`{path}` is not UTF-8: byte 0x{byte:02x} on line {line} (offset {offset})")
FILE_OUTSIDE = Code("RNN0726", "file outside the project", "`{path}` is outside the project, whose root is `{root}`")
FILE_SPECIAL = Code("RNN0727", "not a regular file", "`{path}` is not a regular file")
FILE_UNREADABLE = Code("RNN0728", "file cannot be read", "`{path}` cannot be read: {reason}")
IMPORT_ABSOLUTE = Code("RNN0729", "absolute import path", "an import is relative to the importing file: `{path}` is absolute")
STD_MISSING = Code("RNN0730", "no such module of the standard library", "there is no module `{name}`")
