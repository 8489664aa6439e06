"""Arrays as the golden files write them."""

from __future__ import annotations

from typing import Any

import numpy as np


def array(value: dict[str, Any]) -> np.ndarray:
    """`{data, shape, dtype}`, `{fill, shape, dtype}` or `{arange, divide_by, shape}` as an array."""
    dtype = value.get("dtype", "float32")
    if "fill" in value:
        return np.full(value["shape"], value["fill"], dtype)
    if "arange" in value:
        return (np.arange(value["arange"]).reshape(value["shape"]) / value.get("divide_by", 1)).astype(dtype)
    return np.array(value["data"], dtype).reshape(value["shape"])
