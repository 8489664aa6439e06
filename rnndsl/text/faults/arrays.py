"""Arrays that a user gives: values that do not fit a type, and files that do not hold what their format asks for.

`reason`: the words of the library that read a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault

# ---------------------------------------------------------------- values and types


def shape(name: str, type: object, given: Sequence[int]) -> Fault:
    return Fault(f"`{name}` is {type}; an array of shape {shown_shape(given)} does not fit")


def no_array(name: str, type: object, reason: object) -> Fault:
    return Fault(f"`{name}` is {type}; the value is no array: {reason}")


def kind(name: str, type: object, given: object) -> Fault:
    """`given`: NumPy's dtype of the value."""
    kinds = {"U": "text", "S": "text", "O": "an array of Python objects", "c": "an array of complex numbers"}
    return Fault(f"`{name}` is {type}; {kinds.get(getattr(given, 'kind', ''), f'an array of {given}')} does not fit")


def no_value(name: str, type: object, dtype: str, value: object, place: Sequence[int]) -> Fault:
    """`place`: where in the array the value stands; empty for a scalar."""
    return Fault(f"`{name}` is {type}; {value}{f' at {shown_shape(place)}' if place else ''} is no {dtype}")


def lengths(axis: str, first: str, known: int, name: str, length: int) -> Fault:
    return Fault(f"`{first}` has the length {known} along `{axis}`, and `{name}` has {length}")


def shown_shape(shape: Sequence[int]) -> str:
    """`[2, 24]`."""
    return f"[{', '.join(map(str, shape))}]"


# ---------------------------------------------------------------- files of any form


def suffix(path: PurePath, known: Sequence[str]) -> Fault:
    return Fault(f"`{path}`: a file of arrays ends in {', '.join(known)}")


def output_suffix(path: PurePath, known: Sequence[str]) -> Fault:
    return Fault(f"`{path}`: the output is written as {' or '.join(known)}")


def unpacked(path: PurePath, most: int, size: int | None = None) -> Fault:
    """`size`: to how many bytes, if the file says it."""
    if size is None:
        return Fault(f"`{path}` unpacks to more than {most:,} bytes")
    return Fault(f"`{path}` unpacks to {size:,} bytes, where {most:,} is the most")


# ---------------------------------------------------------------- .npz and .npy


def not_in_archive(path: PurePath, name: str | None, names: Sequence[str]) -> Fault:
    return Fault(f"`{path}` holds no array `{name}`; it holds {', '.join(names) or 'none'}")


def twice(path: PurePath, name: str) -> Fault:
    return Fault(f"`{path}` holds `{name}` twice")


def no_npz(path: PurePath, reason: str) -> Fault:
    return Fault(f"`{path}` is no .npz: {reason}")


def no_npy(path: PurePath, reason: str) -> Fault:
    return Fault(f"`{path}` is no .npy: {reason}")


def broken(path: PurePath, name: str | None, reason: str) -> Fault:
    """`name`: of the array in an archive."""
    return Fault(f"{_what(path, name)} cannot be read: {reason}")


def no_header(path: PurePath, name: str, reason: str) -> Fault:
    return Fault(f"{_what(path, name)} is no array: {reason}")


def pickled(path: PurePath, name: str | None) -> Fault:
    return Fault(f"{_what(path, name)} holds Python objects (a pickle), which are not read")


def no_numbers(path: PurePath, name: str | None, dtype: object) -> Fault:
    return Fault(f"{_what(path, name)} holds {dtype}, and no numbers")


def size(path: PurePath, name: str | None, declared: int, found: int) -> Fault:
    """Both in bytes."""
    return Fault(f"{_what(path, name)} says {declared:,} bytes and has {found:,}")


def _what(path: PurePath, name: str | None) -> str:
    return f"`{path}`" if name is None else f"`{path}`: `{name}`"


def version(major: int, minor: int) -> Fault:
    """The reason for `no_npy` and `no_header`, as are the next two."""
    return Fault(f"its version is {major}.{minor}")


def long_header(length: int, most: int) -> Fault:
    return Fault(f"its header has {length:,} bytes, where {most:,} is the most")


def negative_length() -> Fault:
    return Fault("a length is negative")


# ---------------------------------------------------------------- tables


def not_utf8(path: PurePath) -> Fault:
    return Fault(f"`{path}` is not text in UTF-8")


def no_table(path: PurePath, reason: object) -> Fault:
    return Fault(f"`{path}` cannot be read as {path.suffix}: {reason}")


def ragged(place: str, columns: int, before: int) -> Fault:
    """`place`: file:line, as below."""
    return Fault(f"{place}: {columns} columns, where the rows before have {before}")


def empty(path: PurePath) -> Fault:
    return Fault(f"`{path}` holds no numbers")


def long_line(place: str, most: int) -> Fault:
    return Fault(f"{place}: a line of more than {most:,} characters")


def no_number(place: str, column: int, cell: str) -> Fault:
    return Fault(f"{place}: column {column}: `{cell[:40]}` is not a number")


def table_shape(name: str, type: object, rows: int, columns: int) -> Fault:
    return Fault(f"`{name}` is {type}; a table of {rows} rows and {columns} columns does not fit")


def no_table_holds(name: str, type: object) -> Fault:
    return Fault(f"`{name}` is {type}, which no table can hold: give it as .npz or .npy")


def wide_integers(name: str, type: object) -> Fault:
    return Fault(f"`{name}` is {type}; a table holds whole numbers below 2**53: give it as .npz or .npy")


def columns(name: str, type: object, given: int, step: int, whole: bool) -> Fault:
    """`step`: columns of one step; `whole`: a row is one step."""
    wanted = str(step) if whole else f"a multiple of {step}"
    return Fault(f"`{name}` is {type}; its table wants {wanted} columns and has {given}")


def rows_differ(outputs: Iterable[tuple[str, Sequence[int]]]) -> Fault:
    """`outputs`: names and shapes."""
    listed = ", ".join(f"{name} {shown_shape(shape)}" for name, shape in outputs)
    return Fault(f"the outputs have different numbers of rows ({listed}): write them as .npz")
