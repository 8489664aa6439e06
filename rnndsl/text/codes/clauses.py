"""What does not fit a function, an initialiser or a schedule: clauses without a subject, which the diagnostics complete.

The rules of the language say them by these; the verifier, which meets only bugs, prints them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NewType

Clause = NewType("Clause", str)
"""A sentence that lacks its subject: `needs …`, `has …`."""


def _shape(shape: Iterable[int]) -> str:
    return str(list(shape))


# ---------------------------------------------------------------- initialisers


def combines_floats(dtype: object) -> Clause:
    return Clause(f"combines draws, which are floating-point numbers, not {dtype}")


def draws_floats(dtype: str) -> Clause:
    return Clause(f"draws floating-point numbers, not {dtype}")


def two_dims(shape: Iterable[int]) -> Clause:
    return Clause(f"needs two dims, not {_shape(shape)}")


def two_dims_or_more(shape: Iterable[int]) -> Clause:
    return Clause(f"needs two or more dims, not {_shape(shape)}")


def low_above_high(low: float, high: float) -> Clause:
    return Clause(f"has low = {low} above high = {high}")


def log_bounds(low: float, high: float) -> Clause:
    return Clause(f"needs 0 < low <= high, not low = {low} and high = {high}")


def negative_stddev(value: float) -> Clause:
    return Clause(f"has a negative stddev = {value}")


def scale_not_positive(value: float) -> Clause:
    return Clause(f"needs a positive scale, not {value}")


def no_mode(mode: object, known: Iterable[str]) -> Clause:
    return Clause(f'has no mode "{mode}": {", ".join(known)}')


def no_distribution(name: object, known: Iterable[str]) -> Clause:
    return Clause(f'has no distribution "{name}": {", ".join(known)}')


def ragged_values() -> Clause:
    return Clause("has lists of different lengths")


def values_shape(given: Iterable[int], wanted: Iterable[int]) -> Clause:
    return Clause(f"has the shape {_shape(given)}, not {_shape(wanted)}")


# ---------------------------------------------------------------- optimizers and schedules


def starts_in_turn(path: str) -> Clause:
    """Of a variable whose initial value `path` is to start from."""
    return Clause(f"starts from `{path}` in turn")


def start_of_other_shape(shape: Iterable[int], wanted: Iterable[int]) -> Clause:
    return Clause(f"has the shape {_shape(shape)}, which does not broadcast to {_shape(wanted)}")


def above_zero(name: str, value: float) -> Clause:
    return Clause(f"needs `{name}` above 0, not {value:g}")


def above_one(name: str, value: float) -> Clause:
    return Clause(f"needs `{name}` above 1, not {value:g}")


def from_on(name: str, least: float, value: float) -> Clause:
    return Clause(f"needs `{name}` from {least:g} up, not {value:g}")


def up_to(name: str, most: float, value: float) -> Clause:
    return Clause(f"needs `{name}` up to {most:g}, not {value:g}")


def between_zero_and_one(name: str, value: float) -> Clause:
    return Clause(f"needs `{name}` above 0 and below 1, not {value:g}")
