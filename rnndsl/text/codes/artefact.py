"""Diagnostics of writing an artefact: RNN0701 to RNN0719."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

TARGET_IS_FILE = Code("RNN0701", "a file in the way", "`{path}` is a file, where the artefact wants a folder")
TARGET_FOREIGN = Code(
    "RNN0702", "folder of something else", "`{path}` is not empty and holds no artefact of rnndsl, so it is not replaced"
)
TARGET_HOLDS_MORE = Code("RNN0703", "folder with files of somebody else", "`{path}` holds files that no compilation wrote: {files}")
TARGET_FORBIDDEN = Code("RNN0704", "no permission to write", "no permission to write to `{path}`")
DISK_FULL = Code("RNN0705", "disk full", "the disk of `{path}` is full{detail}")
TARGET_BUSY = Code("RNN0706", "folder cannot be replaced", "`{path}` cannot be replaced as a whole: {reason}")
WRITE_FAILED = Code("RNN0707", "writing failed", "the artefact `{path}` cannot be written: {reason}")
