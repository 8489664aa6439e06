"""Examples from a function of the user's: `module:function` returns a `tf.data.Dataset` of dicts, or any iterable of them."""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from rnndsl.arrays.values import Array, DataError, fit
from rnndsl.language.builtins import BATCH
from rnndsl.plan.model import TensorType
from rnndsl.text.fault import Fault
from rnndsl.text.faults import functions as faults
from rnndsl.training.data.elements import gathered
from rnndsl.training.data.tabular import Tabled

_PLACE = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
_INFINITE = -1
"""What `tf.data.Dataset.cardinality` says of a dataset without an end."""


def is_function(text: str) -> bool:
    """Whether `text` is of the form module:function."""
    return _PLACE.fullmatch(text) is not None


def of_function(text: str, types: Mapping[str, TensorType], optional: Container[str]) -> Tabled:
    """The examples that the function gives, each a dict with an array for each input of `types` but for its axis `batch`.

    Other names are left aside, and what is `optional` may lack. The function is called once, and all that it gives is kept.
    Raises DataError if there is no such function, if it raises, and for what it gives that does not fit.
    """

    def lacking(number: int, name: str, given: Sequence[str]) -> Fault:
        return faults.lacks_input(text, number, name, types[name], given)

    def fitted(number: int, name: str, value: object) -> Array:
        type = types[name]
        try:
            return fit(name, value, TensorType(type.dtype, tuple(axis for axis in type.axes if axis != BATCH), type.dims))
        except DataError as error:
            raise DataError(faults.no_fit(text, number, error.fault)) from None

    found = gathered(_dicts(text), types, optional, lacking, fitted)
    if found is None:
        raise DataError(faults.nothing(text))
    return found


def _dicts(text: str) -> Iterator[Mapping[str, object]]:
    for number, element in enumerate(_elements(text), start=1):
        if not isinstance(element, Mapping):
            raise DataError(faults.no_dict(text, number, type(element).__name__))
        yield cast("Mapping[str, object]", element)


def _elements(text: str) -> Iterator[object]:
    """What the function gives, one by one."""
    function = _function(text)
    with _told(text):
        given: Any = function()
    if not hasattr(given, "__iter__"):
        raise DataError(faults.no_iterable(text, type(given).__name__))
    if hasattr(given, "as_numpy_iterator"):  # a tf.data.Dataset
        if int(given.cardinality()) == _INFINITE:
            raise DataError(faults.infinite(text))
        given = given.as_numpy_iterator()
    with _told(text):
        yield from given


def _function(text: str) -> Callable[[], object]:
    module_name, name = text.split(":")
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` has it
    try:
        with _told(text):
            module = importlib.import_module(module_name)
    finally:
        sys.path.pop(0)
    function = getattr(module, name, None)
    if function is None:
        raise DataError(faults.no_function(module_name, name, [each for each, x in vars(module).items() if callable(x)]))
    if not callable(function):
        raise DataError(faults.no_callable(text, type(function).__name__))
    return function


@contextmanager
def _told(text: str) -> Generator[None]:
    """What the user's code raises becomes a DataError that says where."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{text.split(':')[0]}.".startswith(f"{missing}."):
            raise DataError(faults.no_module(text, missing)) from None
        raise DataError(faults.raised(text, type(error).__name__, *_reason(error))) from None


def _reason(error: Exception) -> tuple[str, str, int | None]:
    """What an exception says, and the file and line of it."""
    if isinstance(error, SyntaxError):
        return error.msg, str(error.filename), error.lineno
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    return str(error), frames[-1].filename, frames[-1].lineno
