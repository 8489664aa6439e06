"""The one place through which every file is read.

A `Reader` belongs to one spec. It checks a path before anything is read (kind, permission, size, project root), decodes the
text, and records what was read with its digest, for the manifest and the depfile. Every fault is a diagnostic, raised as
`SpecError`.

A file's name (`SourceFile.name`, `ReadFile.path`) is relative to the folder of the spec, so that it does not depend on where
the project lies or on the current folder; `Reader.shown` gives the path to print for it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import Literal

from rnndsl.records import Immutable, record
from rnndsl.text.codes import files as codes
from rnndsl.text.diagnostics import Diagnostic, SpecError
from rnndsl.text.source import SourceFile, Span, unicode

MARKERS = ("rnndsl.toml", "pyproject.toml", ".git")
MAX_TEXT_BYTES = 10_000_000
_PIPE = re.compile(r"/(?:pipe|socket):\[[0-9]+\]$")
"""Where `/dev/stdin` leads if it is one."""
STD = Path(__file__).parents[1] / "std"  # pip installs packages as files: importlib.resources would cost 18 ms of import

Kind = Literal["spec", "import", "std", "grammar", "weights"]


@record
class ReadFile(Immutable):
    """A file that was read. `path` is its name, with `/`; `location` where it is on this machine; `sha256` in hexadecimal."""

    path: str
    sha256: str
    kind: Kind
    location: Path


def find_root(spec: Path) -> Path:
    """The project root of `spec`: the nearest folder above it that holds a marker, or else its own folder. Links are resolved."""
    folder = _real(spec).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in MARKERS):
            return candidate
    return folder


class Reader:
    """Reads the files of one spec; nothing outside `root` but the standard library.

    `base` is the folder that names are relative to; the root unless given. `spec` is the spec's path, its links resolved.
    """

    spec: Path

    def __init__(self, root: Path, base: Path | None = None) -> None:
        self.root = _real(root)
        self.base = _real(base) if base else self.root
        self._files: dict[str, ReadFile] = {}
        self._sources: dict[Path, SourceFile] = {}
        self._given: dict[Path, str] = {}

    @classmethod
    def for_spec(cls, spec: Path) -> Reader:
        """A reader for `spec` and what it imports."""
        reader = cls(find_root(spec), _real(spec).parent)
        reader.spec = _real(spec)
        reader._given[reader.spec] = unicode(str(spec))
        return reader

    @property
    def files(self) -> list[ReadFile]:
        """Every file read so far, in the order of first reading."""
        return list(self._files.values())

    def read_text(self, path: Path, importer: Span | None = None) -> SourceFile:
        """The text of `path`; one `SourceFile` object a file. `importer` is the place of the import, None for the spec itself.

        Raises SpecError.
        """
        real = _real(path)
        if real in self._sources:
            return self._sources[real]
        if importer is None:
            self._given.setdefault(real, unicode(str(path)))
        data = self._read(real, importer, MAX_TEXT_BYTES)
        source = SourceFile(self.name_of(real), _decode(data, self._path(real, importer), importer))
        self.record(source.name, data, "import" if importer else "spec", real)
        self._sources[real] = source
        return source

    def resolve_import(self, written: str, importer: Path | None, span: Span) -> Path:
        """The path, its links resolved, of a file that the file `importer` names as `written` at `span`. Raises SpecError."""
        if Path(written).is_absolute():
            codes.import_absolute(span, written).throw()
        return _real((importer.parent if importer else self.base) / written)

    def read_std(self, module: str, importer: Span | None = None) -> SourceFile:
        """The standard library's module `module`: `read_std("core")` has the name `std/core.rnn`. Raises SpecError."""
        name = f"{STD.name}/{module}.rnn"
        location = STD / f"{module}.rnn"
        if location in self._sources:
            return self._sources[location]
        if not module.isidentifier() or not location.is_file():
            codes.no_std_module(importer, f"std.{module}", std_modules()).throw()
        data = self._read(location, None, MAX_TEXT_BYTES)
        source = SourceFile(name, _decode(data, name, importer), library=True)
        self.record(name, data, "std", location)
        self._sources[location] = source
        return source

    def find_weights(self, written: str, span: Span) -> Path:
        """The path, its links resolved, of the weights that the spec names as `written` at `span`; what is there is not looked at.
        Raises SpecError."""
        if Path(written).is_absolute():
            codes.weights_absolute(span, written).throw()
        real = _real(self.base / written)
        if not real.is_relative_to(self.root):
            codes.outside(span, self.name_of(real), _nearest(self.root)).throw()
        return real

    def record_weights(self, path: Path) -> None:
        """Note a file of weights, with the digest of what is in it. Raises OSError."""
        real = _real(path)
        with real.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = self.name_of(real)
        self._files.setdefault(name, ReadFile(name, digest, "weights", real))

    def record(self, name: str, data: bytes, kind: Kind, location: Path) -> None:
        """Note a file that has been read: one read elsewhere, such as the grammar, too."""
        self._files.setdefault(name, ReadFile(name, hashlib.sha256(data).hexdigest(), kind, location))

    def shown(self, name: str) -> str:
        """The path to print for the file `name`: as the user gave it, or else relative to the current folder if it is below it."""
        if name in self._files and self._files[name].kind in ("std", "grammar"):
            return name
        real = _real(self.base / name)
        return self._given.get(real) or _nearest(real)

    def name_of(self, real: Path) -> str:
        """The name of the file at `real`, its links resolved: relative to the folder of the spec, with `/`."""
        return unicode(Path(os.path.relpath(real, self.base)).as_posix())

    def _path(self, real: Path, importer: Span | None) -> str:
        return self._given.get(real, self.name_of(real)) if importer is None else self.name_of(real)

    def _read(self, real: Path, importer: Span | None, limit: int) -> bytes:
        shown = self._path(real, importer)
        if importer is not None and not real.is_relative_to(self.root):
            codes.outside(importer, shown, _nearest(self.root)).throw()
        try:
            return _read_regular(real, shown, importer, limit)
        except FileNotFoundError:
            if _PIPE.search(str(real)):
                codes.special(importer, shown).throw()
            raise SpecError(codes.missing(importer, shown, _beside(real))) from None
        except OSError as error:
            raise SpecError(_fault(error, importer, shown)) from None


def std_modules() -> list[str]:
    """The names of the modules of the standard library, `std.core` and so on."""
    return sorted(f"std.{path.stem}" for path in STD.glob("*.rnn"))


def std_homes(name: str) -> list[str]:
    """The modules of the standard library that define the block, cell, optimizer or function `name`."""
    defines = re.compile(rf"^(?:block|cell|optimizer|fn) {re.escape(name)}\b", re.MULTILINE)
    return sorted(f"std.{path.stem}" for path in STD.glob("*.rnn") if defines.search(path.read_text(encoding="utf-8")))


def _read_regular(real: Path, shown: str, importer: Span | None, limit: int) -> bytes:
    # Not to wait for the other end of a pipe, the file is opened first, without blocking, and then looked at.
    descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            codes.is_folder(importer, shown).throw()
        if not stat.S_ISREG(status.st_mode):
            codes.special(importer, shown).throw()
        if status.st_size > limit:
            codes.too_large(importer, shown, status.st_size, limit).throw()
        data = file.read(limit + 1)
    if len(data) > limit:
        codes.endless(importer, shown, limit).throw()
    return data


def _decode(data: bytes, shown: str, importer: Span | None) -> str:
    zero = data.find(b"\0")
    if zero >= 0:
        codes.binary(importer, shown, zero).throw()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        offset = error.start + (len(data) - len(error.object))  # the decoder has taken a byte order mark off
        line = data.count(b"\n", 0, offset) + 1
        raise SpecError(codes.not_utf8(importer, shown, data[offset], line, offset)) from None


def _fault(error: OSError, importer: Span | None, shown: str) -> Diagnostic:
    if isinstance(error, PermissionError):
        return codes.forbidden(importer, shown)
    if isinstance(error, IsADirectoryError):
        return codes.is_folder(importer, shown)
    if isinstance(error, NotADirectoryError):
        return codes.missing(importer, shown, ())
    if error.errno == errno.ENXIO:  # a socket, or a device that is not there
        return codes.special(importer, shown)
    return codes.unreadable(importer, shown, error.strerror or str(error))


def _real(path: Path) -> Path:
    """`path` made absolute, its links resolved; a zero character, which no path has, is written out."""
    return Path(os.path.realpath(str(path).replace("\0", "\\0")))


def _beside(real: Path) -> list[str]:
    try:
        return sorted(unicode(path.name) for path in real.parent.iterdir())[:1000]
    except OSError:
        return []


def _nearest(path: Path) -> str:
    """`path` relative to the current folder if it is in it, absolute if not."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return str(path)
