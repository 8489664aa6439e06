"""Names in the artefact."""

from __future__ import annotations

import re


def artefact_name(name: str) -> str:
    """A name as TensorFlow's signatures can hold it: `/` and `.` become `_`."""
    return re.sub(r"[/.]", "_", name)
