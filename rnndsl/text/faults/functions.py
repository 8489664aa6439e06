"""Examples from a function of the user's. `text`: module:function; `number`: of the example, from 1."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.fault import Fault
from rnndsl.text.wording import did_you_mean, quoted


def no_module(text: str, missing: str) -> Fault:
    return Fault(f"`{text}`: there is no module `{missing}`", "modules are looked for in this folder and among those installed")


def no_function(module: str, name: str, known: Sequence[str]) -> Fault:
    return Fault(f"the module `{module}` has no `{name}`").suggest(did_you_mean(name, known))


def no_callable(text: str, kind: str) -> Fault:
    return Fault(f"`{text}` is of type {kind}, and no function")


def raised(text: str, kind: str, reason: str, file: str, line: int | None) -> Fault:
    """`kind`: of the exception, which was raised in this line."""
    return Fault(f"`{text}` raises {kind}{f': {reason}' if reason else ''} ({file}:{line})")


def no_iterable(text: str, kind: str) -> Fault:
    return Fault(f"`{text}` returns an object of type {kind}", "return a tf.data.Dataset, or an iterable, of dicts")


def infinite(text: str) -> Fault:
    return Fault(f"`{text}` returns a dataset without an end", "leave `.repeat()` out: --epochs says how often it is gone through")


def no_dict(text: str, number: int, kind: str) -> Fault:
    return Fault(f"`{text}`: example {number} is of type {kind}", "an example is a dict: an array for each input, by its name")


def lacks_input(text: str, number: int, name: str, type: object, given: Sequence[str]) -> Fault:
    wrong = f"`{text}`: example {number} has no `{name}` for the input {name}: {type}"
    return Fault(wrong, did_you_mean(name, given) or f"it has {quoted(given) or 'nothing'}")


def no_fit(text: str, number: int, fault: Fault) -> Fault:
    """`fault`: of the value of one input."""
    wrong = f"`{text}`: example {number}: {fault.message}"
    return Fault(wrong, "an example is of one row, without the axis `batch`: a dataset of batches is taken apart by `.unbatch()`")


def nothing(text: str) -> Fault:
    return Fault(f"`{text}` gives no examples")
