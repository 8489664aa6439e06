"""Diagnostics of writing an artefact: RNN0701 to RNN0719. See `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.wording import quoted

TARGET_IS_FILE = Code("RNN0701", "a file in the way", status=2)
TARGET_FOREIGN = Code("RNN0702", "folder of something else", status=2)
TARGET_HOLDS_MORE = Code("RNN0703", "folder with files of somebody else", status=2)
TARGET_FORBIDDEN = Code("RNN0704", "no permission to write", status=2)
DISK_FULL = Code("RNN0705", "disk full", status=2)
TARGET_BUSY = Code("RNN0706", "folder cannot be replaced", status=2)
WRITE_FAILED = Code("RNN0707", "writing failed", status=2)

SHOWN = 3
"""Files that a message names."""

Target = PurePath | str


def target_is_file(target: Target) -> Diagnostic:
    return TARGET_IS_FILE(None, f"`{target}` is a file, where the artefact wants a folder")


def target_foreign(target: Target) -> Diagnostic:
    wrong = TARGET_FOREIGN(None, f"`{target}` is not empty and holds no artefact of rnndsl, so it is not replaced")
    return wrong.suggest("remove it first, or give another folder")


def target_holds_more(target: Target, files: Sequence[str]) -> Diagnostic:
    shown = quoted(files[:SHOWN]) + (f" and {len(files) - SHOWN} more" if len(files) > SHOWN else "")
    wrong = TARGET_HOLDS_MORE(None, f"`{target}` holds files that no compilation wrote: {shown}")
    return wrong.suggest("move them elsewhere: the folder is replaced as a whole")


def target_forbidden(target: Target, folder: Target | None = None) -> Diagnostic:
    """`folder`: where nothing can be made, if that is known."""
    wrong = TARGET_FORBIDDEN(None, f"no permission to write to `{target}`")
    return wrong.note(f"no files can be made in `{folder}`") if folder is not None else wrong


def no_room(target: Target, needed: int, free: int) -> Diagnostic:
    """Known before anything is written; both in bytes."""
    return DISK_FULL(None, f"the disk of `{target}` is full: {needed} bytes are needed and {free} are free")


def disk_full(target: Target, reason: str | None) -> Diagnostic:
    """`reason`: the words of the operating system, if the disk has room and something else has not (a quota)."""
    return DISK_FULL(None, f"the disk of `{target}` is full{f' ({reason})' if reason else ''}")


def target_in_use(target: Target) -> Diagnostic:
    return _busy(target, "it is in use, perhaps as a mount point")


def target_is_current(target: Target) -> Diagnostic:
    return _busy(target, "the current folder is in it")


def _busy(target: Target, reason: str) -> Diagnostic:
    return TARGET_BUSY(None, f"`{target}` cannot be replaced as a whole: {reason}").suggest("give a folder in it")


def write_failed(target: Target, reason: str) -> Diagnostic:
    """`reason`: the words of the operating system."""
    return WRITE_FAILED(None, f"the artefact `{target}` cannot be written: {reason}")


def link_to_itself(target: Target) -> Diagnostic:
    return write_failed(target, "it is a link that leads to itself")
