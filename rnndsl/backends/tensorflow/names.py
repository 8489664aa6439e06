"""Names of operations in the graph, after paths of the plan."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_./-]")


def op_name(path: str) -> str:
    """`path` as a legal name of an operation: `h[t-2]` becomes `h_t-2_`, a leading underscore gets a dot before it."""
    legal = _FORBIDDEN.sub("_", path).strip("/")
    return legal if legal[:1].isalnum() else f".{legal}"
