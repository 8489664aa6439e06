"""Tables whose columns are taken by name, and what is made of their rows: sequences and windows.

`path`: of the table; `names` and `known`: of its columns; `type`: of an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault
from rnndsl.text.wording import counted, did_you_mean

_MOST = 12
"""Columns that are listed."""


def no_column(path: PurePath, name: str, known: Sequence[str]) -> Fault:
    return Fault(f"`{path}` has no column `{name}`", did_you_mean(name, known) or _listed(known))


def lacks_column(path: PurePath, name: str, type: object, known: Sequence[str], lengths: bool) -> Fault:
    """For the input `name`, which no option gives columns to. `lengths`: whether it can be the lengths of sequences."""
    way = f"say --columns {name}=COLUMN{f', or --lengths time={name} if it is how long they are' if lengths else ''}"
    return Fault(f"`{path}` has no column `{name}` for the input {name}: {type}", f"{way}; {_listed(known)}")


def _listed(known: Sequence[str]) -> str:
    rest = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return f"its columns are {', '.join(known[:_MOST])}{rest}"


def column_twice(path: PurePath, name: str) -> Fault:
    return Fault(f"`{path}` has two columns `{name}`")


def backwards(path: PurePath, first: str, last: str) -> Fault:
    return Fault(f"`{first}..{last}`: in `{path}`, `{last}` comes before `{first}`")


def no_value(place: str, column: str, cell: str) -> Fault:
    """`place`: file and line."""
    if not cell.strip():
        wrong = "is empty"
    elif cell.strip().lower() in ("nan", "null", "none", "na"):
        wrong = f"is `{cell}`, which is no value"
    else:
        wrong = f"is `{cell[:40]}`, which is not a number"
    return Fault(f"{place}: column `{column}` {wrong}", "a loss of it would be no number: leave such rows out, or fill them")


# ---------------------------------------------------------------- windows over rows


def no_horizon() -> Fault:
    return Fault(
        "--window wants --horizon too: how many rows after its last one the target is",
        "--horizon 1 forecasts the next row; 0 is the last row itself",
    )


def no_window(option: str) -> Fault:
    return Fault(f"{option} is of windows: it wants --window N too")


def short_series(rows: int, window: int, horizon: int) -> Fault:
    """`rows`: of the longest series."""
    wanted = f"{window} and the {horizon} to the target" if horizon else str(window)
    return Fault(f"the series has {counted(rows, 'row')}, and a window takes {wanted}")


def no_targets(model: str) -> Fault:
    return Fault(f"`{model}` has no `predict`, so that its targets cannot be told from its inputs", "write an `output`")


def window_axes(name: str, type: object) -> Fault:
    return Fault(f"`{name}` is {type}; rows of a table go along `time` alone: give it as .npz")


# ---------------------------------------------------------------- sequences of rows


def apart(path: PurePath, column: str, value: object, row: int) -> Fault:
    """`row`: from 1."""
    wrong = f"`{path}`: row {row} is of the sequence {value} again, after other rows"
    return Fault(wrong, f"sort the rows so that those of one `{column}` stand together")


def varies(name: str, type: object, row: int) -> Fault:
    """`row`: from 1."""
    wrong = f"`{name}` is {type}, one value for a whole sequence; in row {row} it is not what it was in the row before"
    return Fault(wrong, "a series is cut into examples by --window, a table of several by --sequence")
