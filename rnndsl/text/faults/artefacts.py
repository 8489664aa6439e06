"""Artefacts that are none, or are no longer what was written."""

from __future__ import annotations

from pathlib import PurePath

from rnndsl.text.fault import Fault


def none(folder: PurePath, manifest: str) -> Fault:
    """`manifest`: the name of the file that an artefact has."""
    return Fault(f"`{folder}` holds no artefact (no {manifest})")


def no_manifest(path: PurePath) -> Fault:
    return _again(f"`{path}` is no manifest of rnndsl")


def other_version(path: PurePath, field: str, reason: str) -> Fault:
    """`reason`: what is wrong with the field."""
    return _again(f"`{path}` is damaged, or of another version of rnndsl: `{field}`: {reason}")


def not_relative(path: str) -> Fault:
    """A reason for `other_version`, as is the next."""
    return Fault(f"{path} is not relative")


def leads_out(path: str) -> Fault:
    return Fault(f"{path} leads out of the folder")


def manifest_changed(path: PurePath) -> Fault:
    return _again(f"`{path}` has changed since it was written: its SHA-256 is another one")


def changed(path: PurePath, manifest: str) -> Fault:
    return _again(f"`{path}` has changed since it was written: its SHA-256 is not the one in {manifest}")


def too_large(path: PurePath, most: int) -> Fault:
    return _again(f"`{path}` is too large: over {most:,} bytes")


def unreadable(fault: Fault) -> Fault:
    """`fault`: of a file that the artefact needs."""
    return _again(f"the artefact is damaged: {fault.message}")


def _again(message: str) -> Fault:
    return Fault(message, "compile it again")
