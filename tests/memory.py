"""Memory of a process as tests measure it."""

from __future__ import annotations

import gc
import re
import resource
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def peak() -> float:
    """The most memory that this process has held since its program started, in MiB.

    Linux' `ru_maxrss` is no less than what the parent held when it forked, so the kernel's own mark is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists() and (mark := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(mark[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 / (1024 if sys.platform == "darwin" else 1)


def in_a_process(program: str, *arguments: str, timeout: float = 300) -> str:
    """What the Python `program`, which can import `tests`, prints in a process of its own; AssertionError if it fails."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def alone() -> Generator[None]:
    """Within it what the process held before is passed over by the collector of garbage: what is timed pays for its own alone."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
