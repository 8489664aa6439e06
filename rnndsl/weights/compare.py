"""How two sources of tensors differ, name by name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnndsl.records import Immutable, record
from rnndsl.weights.source import Array, Source


@record
class Difference(Immutable):
    """largest: the largest |a - b|; relative: the largest |a - b| over max(|a|, |b|), 0 where both are 0.

    Both are None for tensors that cannot be compared; `note` then says why. Equal NaNs in equal places do not differ;
    a NaN or an infinity beside another value differs by infinity.
    """

    name: str
    largest: float | None
    relative: float | None
    note: str = ""


def compare(a: Source, b: Source) -> Iterator[Difference]:
    """The tensors of `a` in their order, each with its namesake in `b`, then those that `b` alone has."""
    for name, info in a.tensors.items():
        if name not in b.tensors:
            yield Difference(name, None, None, "only in the first")
            continue
        other = b.tensors[name]
        if info.shape != other.shape:
            yield Difference(name, None, None, f"{list(info.shape)} and {list(other.shape)}")
            continue
        note = "" if info.dtype == other.dtype else f"{info.dtype} and {other.dtype}"
        yield Difference(name, *_distances(a.read(name), b.read(name)), note)
    for name in b.tensors:
        if name not in a.tensors:
            yield Difference(name, None, None, "only in the second")


def _distances(a: Array, b: Array) -> tuple[float, float]:
    wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        wide = np.dtype(object)  # Python's integers: i64 has no room in a float
    x, y = a.astype(wide).reshape(-1), b.astype(wide).reshape(-1)
    differ = np.asarray(x != y, bool)
    if wide != np.dtype(object):
        differ &= ~(np.isnan(x) & np.isnan(y))
    x, y = x[differ], y[differ]
    if not x.size:
        return 0.0, 0.0
    with np.errstate(all="ignore"):
        distance = np.abs(x - y).astype(np.float64)
        size = np.maximum(np.abs(x).astype(np.float64), np.abs(y).astype(np.float64))
        finite = np.isfinite(distance)
        distance = np.where(finite, distance, np.inf)
        relative = np.where(finite, distance / size, np.inf)
    return float(distance.max()), float(relative.max())
