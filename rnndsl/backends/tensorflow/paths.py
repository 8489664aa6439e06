"""Names of folders that TensorFlow would read as patterns, or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_SPECIAL = re.compile(r"[^\x20-\x7e]|[\[\]*?{}\\]")


@contextmanager
def plain_path(folder: Path) -> Generator[Path]:
    """A path to `folder` that TensorFlow takes as it is: it looks for checkpoints by patterns, and knows UTF-8 alone.

    Where the name of a folder has a `[` or the like, that is a path through a descriptor that is open within the block.
    """
    if not _SPECIAL.search(str(folder)) or not Path("/proc/self/fd").is_dir():
        yield folder
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
