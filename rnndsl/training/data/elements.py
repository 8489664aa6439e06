"""Examples that come one by one: an array by input for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from rnndsl.arrays.values import Array, DataError, converted
from rnndsl.language.builtins import BATCH
from rnndsl.plan.model import TensorType
from rnndsl.text.fault import Fault
from rnndsl.text.faults import records as faults
from rnndsl.training.data.per_example import PerExample, Ragged, Whole
from rnndsl.training.data.tabular import Tabled

T = TypeVar("T")


def of_each(found: Mapping[str, Sequence[Array]], types: Mapping[str, TensorType]) -> Tabled:
    """Of an array for each example, by input, laid out as the type has it but for `batch`."""
    values: dict[str, PerExample] = {}
    for name, arrays in found.items():
        place = types[name].axes.index(BATCH)
        same = len({array.shape for array in arrays}) == 1
        values[name] = Whole(np.stack(arrays, place), place) if same else Ragged(arrays, place)
    return Tabled(values)


def gathered(
    elements: Iterable[Mapping[str, T]],
    types: Mapping[str, TensorType],
    optional: Container[str],
    lacking: Callable[[int, str, Sequence[str]], Fault],
    fitted: Callable[[int, str, T], Array],
) -> Tabled | None:
    """The examples of `elements`, each of which has a value for each input of `types`; None if there are none.

    An input that is `optional` may lack in the first, and then in all. `lacking` words that the element of a number, from 1, has no
    value of a name, but others; `fitted` is the value of a name as the type of the input has it. Raises DataError.
    """
    found: dict[str, list[Array]] = {}
    for number, element in enumerate(elements, start=1):
        found = found or {name: [] for name in types if name in element or name not in optional}
        for name, arrays in found.items():
            if name not in element:
                raise DataError(lacking(number, name, list(element)))
            arrays.append(fitted(number, name, element[name]))
    return of_each(found, types) if found else None


def shaped(name: str, flat: Array, type: TensorType, example: int) -> Array:
    """The numbers of one example, in a row, as `type` but for `batch`. Raises DataError. `example`: its number, from 1."""
    axes = [axis for axis in type.axes if axis != BATCH]
    size = math.prod(type.dims)
    fits = len(flat) == size if not axes else size > 0 and len(flat) % size == 0
    if len(axes) > 1:
        raise DataError(faults.no_row_holds(name, type, axes))
    if not fits:
        raise DataError(faults.row_size(name, type, example, len(flat), size, whole=not axes))
    return converted(name, flat.reshape((*([-1] if axes else []), *type.dims)), type)
