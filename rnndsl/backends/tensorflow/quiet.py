"""TensorFlow without its chatter.

TensorFlow 2.21 logs some lines on import before it has read TF_CPP_MIN_LOG_LEVEL. They are taken off standard error; all else
that came is passed on.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

LOG_LINE = re.compile(rb"^([IWEF]\d{4} |WARNING: All log messages before absl|\d{4}-\d\d-\d\d .*: [IWE] |To enable the following)")


def import_tensorflow() -> None:
    """Import TensorFlow by way of the backend, quietly."""
    if "tensorflow" not in sys.modules:
        begin(lambda tf: tf.config.list_logical_devices())  # looks for devices, and logs what it misses


def begin(first: Callable[[Any], Any]) -> Any:
    """What `first` gives, the first thing that is done with TensorFlow: quietly."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _without_log_lines():
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        return first(tf)


@contextmanager
def _without_log_lines() -> Generator[None]:
    """Hold what is written to standard error, and pass on at the end what is no line of TensorFlow's log."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not LOG_LINE.match(line):
                    os.write(2, line)
