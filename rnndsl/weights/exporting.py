"""Values of a model's variables as another tool keeps them: what `load`s say, the other way; and files that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.layouts import Foreign, Layout
from rnndsl.plan.model import Load
from rnndsl.regular import replacing
from rnndsl.text.faults import files
from rnndsl.text.faults import weights as faults
from rnndsl.text.source import Span
from rnndsl.weights.layouts import values_of
from rnndsl.weights.source import Array, WeightsFileError

_DOTTED = (".pt", ".pth", ".bin", ".safetensors")
"""Formats whose names are joined by `.`; elsewhere it is `/`."""


def exported(loads: Sequence[Load], values: Mapping[str, Array], to: Path) -> dict[str, Array]:
    """The tensors that `loads` take, by name, from the `values` of variables by path. `to`: the file that they are for.

    A layout's sums go to the first of their tensors, zeros to the rest. Raises WeightsFileError for a variable without a value, and
    for a tensor of which a part is of none.
    """
    found: dict[str, Array] = {}
    for load in loads:
        lacking = next((path for path in load.paths if path not in values), None)
        if lacking is not None:
            raise WeightsFileError(faults.no_value(lacking))
        start = _start(load.at, to)
        found.update({start + key: values[path] for path, key in load.keys})
    parts = [part for load in loads if load.layout is not None for part in _parts(load.layout, values, _start(load.at, to))]
    shapes: dict[str, tuple[int, ...]] = {}
    for foreign, value in parts:
        ends = tuple(stop for _, stop in foreign.box)
        before = shapes.get(foreign.key, ends)
        shapes[foreign.key] = tuple(map(max, before, ends))
        found.setdefault(foreign.key, np.zeros(0, value.dtype))
    given = {key: np.zeros(shape, bool) for key, shape in shapes.items()}
    found.update({key: np.zeros(shape, found[key].dtype) for key, shape in shapes.items()})
    for foreign, value in parts:
        found[foreign.key][foreign.slices] = value
        given[foreign.key][foreign.slices] = True
    hole = next((key for key, places in given.items() if not places.all()), None)
    if hole is not None:
        raise WeightsFileError(faults.part_missing(hole))
    return found


def by_layout(layouts: Sequence[tuple[str, Layout]], using: str, loads: Sequence[Load], file: Span) -> list[Load]:
    """Loads of what none of `loads` takes, by the layouts called `using`, such as `torch(0)`, or by those of that name without
    arguments; the tensors of each layer below its path. `layouts`: by the layers' paths. `file`: what they are said to stand in."""
    taken = {path for load in loads for path in load.paths}
    found: list[Load] = []
    for name in (using, using.partition("(")[0]):
        for path, layout in layouts:
            if layout.name == name and taken.isdisjoint(layout.paths):
                taken.update(layout.paths)
                found.append(Load("", file, path, (), False, file, layout))
    return found


def _start(at: str | None, to: Path) -> str:
    if at is None or at.endswith(("/", ".")):
        return at or ""
    return f"{at.replace('/', '.')}." if to.suffix in _DOTTED else f"{at}/"


def _parts(layout: Layout, values: Mapping[str, Array], start: str) -> list[tuple[Foreign, Array]]:
    rights = values_of(layout.graph, {}, values, [x.value for x in layout.equations])
    found: list[tuple[Foreign, Array]] = []
    for equation, right in zip(layout.equations, rights, strict=True):
        value = right.astype(numpy_dtype(equation.type.dtype), copy=False)
        for each in equation.foreign:
            found.append((Foreign(start + each.key, each.items, each.sizes), value))
            value = np.zeros_like(value)
    return found


def save(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write `tensors` to `path` in the format of its name, in place of what was there. Raises WeightsFileError."""
    match path.suffix:
        case ".npz":
            from rnndsl.weights.formats.npz import write
        case ".safetensors":
            from rnndsl.weights.formats.safetensors import write
        case ".h5" | ".hdf5":
            from rnndsl.weights.formats.hdf5 import write
        case ".pt" | ".pth" | ".bin":
            from rnndsl.weights.formats.torch import write
        case _:
            raise WeightsFileError(faults.no_writer(path))
    try:
        with replacing(path) as file:
            write(file, {name: np.ascontiguousarray(x).reshape(x.shape) for name, x in tensors.items()})
    except KeyError as error:
        raise WeightsFileError(faults.no_dtype(path, str(error.args[0]))) from None
    except OSError as error:
        raise WeightsFileError(files.unwritable(path, error)) from None
