"""Where something stands, in one `.npz` that is replaced as a whole: groups of arrays, and beside them what JSON can say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from rnndsl.arrays.npy import Archive, write_npz
from rnndsl.arrays.values import Array, DataError
from rnndsl.regular import replacing
from rnndsl.text.fault import Fault
from rnndsl.text.faults import files
from rnndsl.text.faults import training as faults

_TOLD = "state"

Groups = Mapping[str, Mapping[str, Array]]


def write_state(path: Path, told: Mapping[str, Any], groups: Groups) -> None:
    """Write the file `path`, whose folder is made. The same bytes for the same values. Raises DataError."""
    arrays: dict[str, Array] = {_TOLD: np.frombuffer(json.dumps(dict(told)).encode(), np.uint8)}
    arrays |= {f"{group}/{name}": value for group, members in groups.items() for name, value in members.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            write_npz(file, arrays)
    except OSError as error:
        raise DataError(files.unwritable(path, error)) from None


def read_state(
    path: Path, run: Mapping[str, object], other: Callable[[Path, list[str]], Fault]
) -> tuple[dict[str, Any], dict[str, dict[str, Array]]]:
    """What `write_state` wrote: what it tells, and the groups. Its `run`, what decides the numbers, has to be this one.

    Raises DataError if there is none, or, with the fault `other`, which is given what differs, if the file is of another run.
    """
    with Archive(path) as archive:
        arrays = {name: archive.read(name) for name in archive.headers}
    try:
        told: Any = json.loads(arrays.pop(_TOLD).tobytes())
        theirs = cast("dict[str, object]", told["run"])
    except (KeyError, ValueError, TypeError):
        raise DataError(faults.no_checkpoint(path)) from None
    differing = [name for name, value in run.items() if theirs.get(name) != value]
    if differing:
        raise DataError(other(path, differing))
    groups: dict[str, dict[str, Array]] = {}
    for name, value in arrays.items():
        group, _, member = name.partition("/")
        groups.setdefault(group, {})[member] = value
    return told, groups
