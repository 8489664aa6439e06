"""`.npz` files that pages of the documentation describe: a line `name: float32[3, 4]` for each array, all zeros."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np


def write_described(path: Path, text: str) -> None:
    np.savez(path, **dict(map(_array, text.splitlines())))  # type: ignore[arg-type]


def _array(line: str) -> tuple[str, np.ndarray[Any, Any]]:
    match = re.fullmatch(r"(\S+): (\w+)\[(.*)\]", line)
    assert match, line
    return match[1], np.zeros([int(n) for n in match[3].split(",") if n.strip()], match[2])
