"""Folders that are written as a whole or not at all.

A `Staging` is a folder beside the target. What is written into it takes the target's place in one step at the end; a compilation
that fails or is killed leaves the target as it was. Its process holds a lock on the folder, so that a later compilation can
tell a folder that was left behind from one in use, in other containers too. Needs no TensorFlow.
"""

from __future__ import annotations

import errno
import math
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rnndsl.artefact.exchange import exchange, lock
from rnndsl.plan.model import Plan
from rnndsl.text.codes import artefact as codes
from rnndsl.text.diagnostics import Diagnostic, DiagnosticsError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_BYTES = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8, "i32": 4, "i64": 8, "bool": 1}
Ours = Callable[[Path], "frozenset[str] | None"]
"""From a folder to the files in it that a compilation wrote, relative to it; None if it is no artefact."""


def check_target(target: Path, needed: int, ours: Ours) -> None:
    """Check that an artefact of at least `needed` bytes can be written to `target`. Writes nothing. Raises DiagnosticsError."""
    real = real_path(target)
    with suppress(OSError):
        if real.is_symlink():
            fail(codes.link_to_itself(target))
        if real.exists() and not real.is_dir():
            fail(codes.target_is_file(target))
    try:
        _check_replaceable(target, real, ours)
        base = _nearest(real.parent)
        if not base.is_dir():
            fail(codes.target_is_file(base))
        if not os.access(base, os.W_OK | os.X_OK):
            fail(codes.target_forbidden(target, base))
        if any(len(os.fsencode(part)) > os.pathconf(base, "PC_NAME_MAX") for part in real.relative_to(base).parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        disk = shutil.disk_usage(base)
    except OSError as error:
        raise DiagnosticsError([fault(error, target)]) from None
    if not disk.total:  # of the kernel's own file systems, such as /proc
        fail(codes.target_forbidden(target, base))
    if disk.free < needed:
        fail(codes.no_room(target, needed, disk.free))


def fault(error: OSError, target: Path) -> Diagnostic:
    """The diagnostic of an error that came while `target` was written."""
    if error.errno in _FULL:
        return codes.disk_full(target, None if error.errno == errno.ENOSPC else os.strerror(error.errno or 0))
    if error.errno in _FORBIDDEN:
        return codes.target_forbidden(target)
    return codes.write_failed(target, error.strerror or str(error))


def fail(diagnostic: Diagnostic) -> None:
    """Raise `diagnostic` as a `DiagnosticsError`."""
    raise DiagnosticsError([diagnostic])


def real_path(target: Path) -> Path:
    """`target` with its links resolved, so that a link to an artefact stays one."""
    return Path(os.path.realpath(target))


def files_below(folder: Path) -> list[str]:
    """The files in `folder` and below, relative to it with `/`, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


class Staging:
    """A new folder beside `target`; a context manager that gives its path and removes it at the end.

    `commit` lets the folder take the place of the target. Raises DiagnosticsError.
    """

    def __init__(self, target: Path, ours: Ours) -> None:
        self.shown = target
        self.target = real_path(target)
        self.ours = ours
        self.folder = self.target.parent / f"{self._prefix}new-{secrets.token_hex(6)}"
        self._lock: int | None = None
        self._made: list[Path] = []

    @property
    def _prefix(self) -> str:
        return f".{self.target.name[:200]}.rnndsl-"

    def __enter__(self) -> Path:
        try:
            self._make_parents()
            self._clean()
            self._make_folder()
        except OSError as error:
            self._unmake()
            raise DiagnosticsError([fault(error, self.shown)]) from None
        return self.folder

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        self._unmake()
        if isinstance(error, OSError) and self._concerns(error):
            raise DiagnosticsError([fault(error, self.shown)]) from error

    def commit(self) -> bool:
        """Put the folder in the place of the target; if every byte is equal, touch nothing. Returns whether anything changed."""
        if same_content(self.folder, self.target):
            return False
        _check_replaceable(self.shown, self.target, self.ours)
        _synchronise(self.folder)
        if self._take_free_place():
            return True
        try:
            if not exchange(self.folder, self.target):
                self._replace_in_two_steps()
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EXDEV):
                raise
            fail(codes.target_in_use(self.shown))
        return True

    def _take_free_place(self) -> bool:
        try:
            if not self.target.exists():
                self.folder.rename(self.target)
                return True
        except OSError:
            if not self.target.exists():
                raise
        return False  # another compilation may have been faster

    def _replace_in_two_steps(self) -> None:
        old = self.folder.with_name(self.folder.name.replace("new-", "old-"))
        self.target.rename(old)
        try:
            self.folder.rename(self.target)
        except OSError:
            old.rename(self.target)
            raise
        shutil.rmtree(old, ignore_errors=True)

    def _make_parents(self) -> None:
        missing = [path for path in self.target.parents if not path.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            self._made.append(path)

    def _unmake(self) -> None:
        """Remove the parents that were made, if they are empty."""
        for path in reversed(self._made):
            with suppress(OSError):
                path.rmdir()

    def _make_folder(self) -> None:
        while True:
            self.folder.mkdir()
            self._lock = lock(self.folder)
            if self.folder.exists():
                return
            if self._lock is not None:  # taken for one that was left behind, in the moment before it was locked
                os.close(self._lock)

    def _clean(self) -> None:
        """Remove what killed compilations have left; put an artefact back that one had moved aside."""
        for path in sorted(self.target.parent.glob(f"{_escape(self._prefix)}*")):
            held = lock(path, wait=False)
            if held is None:
                continue
            if "old-" in path.name.removeprefix(self._prefix) and not self.target.exists():
                path.rename(self.target)
            else:
                shutil.rmtree(path, ignore_errors=True)
            os.close(held)

    def _concerns(self, error: OSError) -> bool:
        """Whether an error is about what is being written, and not a fault of the compiler."""
        if error.errno in _FULL:
            return True
        return isinstance(error.filename, str) and Path(error.filename).is_relative_to(self.target.parent)


def same_content(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same bytes. False if one cannot be read."""
    try:
        names = files_below(one)
        if not other.is_dir() or names != files_below(other):
            return False
        return all(_same_bytes(one / name, other / name) for name in names)
    except OSError:
        return False


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while True:
            block = first.read(1 << 20)
            if block != second.read(1 << 20):
                return False
            if not block:
                return True


def _check_replaceable(target: Path, real: Path, ours: Ours) -> None:
    """Raises DiagnosticsError for a folder that holds anything but an artefact, or that cannot be replaced."""
    if not real.exists():
        return
    if Path.cwd().is_relative_to(real):
        fail(codes.target_is_current(target))
    there = files_below(real)
    if not there and not any(real.iterdir()):
        return
    known = ours(real)
    if known is None:
        fail(codes.target_foreign(target))
        return
    foreign = [name for name in there if name not in known]
    if foreign:
        fail(codes.target_holds_more(target, foreign))


def _nearest(path: Path) -> Path:
    """The nearest ancestor of `path`, or itself, that exists."""
    return next((p for p in (path, *path.parents) if p.exists()), path)


def _escape(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _synchronise(folder: Path) -> None:
    """Have the files written to the disk before their folder takes its place, so that a power cut does not leave empty ones."""
    for name in files_below(folder):
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())


def variables_bytes(plan: Plan) -> int:
    """The bytes of the values of a plan's variables, but for those that a backend adds."""
    return sum(_BYTES[v.dtype] * math.prod(v.shape) for v in plan.variables if not v.axes)
