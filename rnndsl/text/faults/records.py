"""Files that hold whole examples in a row. `path`: of the file; `type`: of an input; numbers of examples start at 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault
from rnndsl.text.wording import counted, did_you_mean, quoted

# ---------------------------------------------------------------- Parquet


def no_numbers(path: PurePath, column: str, kind: object) -> Fault:
    """`kind`: what the file says that the column holds."""
    return Fault(f"`{path}`: column `{column}` holds {kind}, and no numbers")


def needs_pyarrow(path: PurePath) -> Fault:
    return Fault(f"`{path}`: reading Parquet needs the package `pyarrow`: pip install rnndsl[parquet]")


def no_parquet(path: PurePath, reason: object) -> Fault:
    return Fault(f"`{path}` cannot be read as .parquet: {reason}")


def lists_in_rows(path: PurePath, column: str) -> Fault:
    wrong = f"`{path}`: the cells of column `{column}` are lists, each a whole sequence: nothing to cut into windows or sequences"
    return Fault(wrong, "leave --window and --sequence out")


def lists_beside(name: str, type: object) -> Fault:
    return Fault(f"`{name}` is {type}: a column of lists holds a whole example, and stands alone in --columns")


# ---------------------------------------------------------------- TensorFlow's records


def no_records(path: PurePath, number: int, reason: str) -> Fault:
    """After so many records."""
    return Fault(f"`{path}` cannot be read as .tfrecord after {counted(number, 'record')}: {reason}")


def no_example(path: PurePath, number: int) -> Fault:
    return Fault(f"`{path}`: record {number} is no tf.train.Example")


def no_examples(path: PurePath) -> Fault:
    return Fault(f"`{path}` holds no records")


def lacks_feature(path: PurePath, number: int, name: str, type: object, given: Sequence[str]) -> Fault:
    wrong = f"`{path}`: example {number} has no feature `{name}` for the input {name}: {type}"
    return Fault(wrong, did_you_mean(name, given) or f"it has {quoted(given) or 'none'}")


def bytes_feature(path: PurePath, number: int, name: str, type: object) -> Fault:
    wrong = f"`{path}`: example {number}: `{name}` is {type}, and its feature holds bytes"
    return Fault(wrong, "a feature of numbers is a float_list or an int64_list; what has to be decoded is given by MODULE:FUNCTION")


# ---------------------------------------------------------------- numbers in a row


def no_row_holds(name: str, type: object, axes: Sequence[str]) -> Fault:
    return Fault(f"`{name}` is {type}: numbers in a row do not say how long it is along {' and '.join(axes)}")


def row_size(name: str, type: object, example: int, given: int, size: int, whole: bool) -> Fault:
    """`size`: numbers of one step, or of all if `whole`."""
    wanted = str(size) if whole else f"a multiple of {size}"
    return Fault(f"example {example}: `{name}` is {type}, which wants {wanted} numbers and has {given}")
