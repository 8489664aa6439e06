"""The data of `rnndsl train`: its options, and the examples that they make of files."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.inputs import Offer, given_arrays, read_inputs
from rnndsl.cli.parser import Parser, UsageError, pairs
from rnndsl.cli.saying import complain
from rnndsl.cli.specs import counted
from rnndsl.language.builtins import BATCH
from rnndsl.records import Immutable, record
from rnndsl.text.faults import calls, columns, training
from rnndsl.text.faults import examples as faults

if TYPE_CHECKING:
    from rnndsl.arrays.values import Array
    from rnndsl.plan.model import TensorType
    from rnndsl.training.data.tabular import Cut, Tabled
    from rnndsl.training.examples import Examples, HoldOut, Split

POSITIVE = ("window", "stride", "batch", "buckets")


def add_data(parser: Parser) -> None:
    """The options that say what the examples are."""
    parser.add_argument(
        "data",
        nargs="?",
        metavar="FILE|MODULE:FUNCTION",
        help="a .npz of all inputs, a .csv or .parquet of columns, a .tfrecord of examples, a .npy of the only input; or a "
        "function of yours that returns a tf.data.Dataset, or an iterable, of dicts, one an example",
    )
    add = parser.add_argument_group("data").add_argument
    add("--input", metavar="NAME=FILE", action="append", default=[], dest="inputs", help="a .npy or .csv of one input")
    add(
        "--columns",
        metavar="NAME=COLUMN,…",
        action="append",
        default=[],
        help="the columns of FILE that an input is made of, a..b for all from a to b; that of the input's name if not given. A "
        "table without a header has the columns 1, 2, 3…",
    )
    add("--window", type=int, metavar="N", help="examples are windows of N rows: steps along `time`")
    add("--horizon", type=int, metavar="N", help="targets, which `predict` does not take, are read N rows further on than inputs")
    add("--stride", type=int, metavar="N", help="from the start of a window to that of the next (1)")
    add("--sequence", metavar="COLUMN", help="rows with one value in COLUMN are one sequence: an example, if there are no windows")
    add(
        "--lengths",
        metavar="AXIS=NAME",
        action="append",
        default=[],
        help="the input that is told how long the sequences are along AXIS; batches are padded to their longest",
    )
    add("--seed", type=int, default=0, metavar="N", help="of the order of the examples (0)")
    add("--hold-out", metavar="N", help="train without the last N examples, or N%% of them, and evaluate on them")
    add("--hold-out-random", action="store_true", help="hold out any examples, by --seed, and not the last")


def add_batches(parser: Parser) -> None:
    """The options that say what is in a step of training."""
    parser.add_argument("--batch", type=int, metavar="N", help="examples in a step; all if not given")
    parser.add_argument("--buckets", type=int, metavar="N", help="part the examples by length into N; a batch is of one of them")


@record
class _Asked(Immutable):
    """What the command line asks for. `along`: the inputs that have `batch`; `told`: by axis, the input of its lengths."""

    offer: Offer
    along: Mapping[str, TensorType]
    cut: Cut | None
    told: Mapping[str, str]
    arguments: Namespace


def read_examples(offer: Offer, predict: Offer | None, model: str, arguments: Namespace) -> Examples:
    """The examples that the command line names for a training signature. Raises UsageError, DataError."""
    from rnndsl.training.data.lengths import check_told
    from rnndsl.training.examples import examples

    split, told = _split(arguments), pairs("--lengths", arguments.lengths)
    check_told(told, offer.inputs)
    along = {name: type for name, type in offer.inputs.items() if BATCH in type.axes}
    tabled, fixed = _read(_Asked(offer, along, _cut(offer, predict, model, arguments), told, arguments))
    found = examples(tabled, fixed, offer.inputs, told, split)
    if found.left_out:
        complain(faults.between(found.left_out), kind="note")
    return found


def _split(arguments: Namespace) -> Split:
    from rnndsl.training.examples import Split

    for name in POSITIVE:
        given = getattr(arguments, name)
        if given is not None and given < 1:
            raise UsageError(training.not_positive(f"--{name}", given))
    if arguments.seed < 0:
        raise UsageError(training.negative("--seed", arguments.seed))
    if arguments.hold_out_random and arguments.hold_out is None:
        raise UsageError(faults.nothing_drawn())
    if arguments.buckets and arguments.batch is None:
        raise UsageError(faults.no_bucket_batch())
    return Split(_hold_out(arguments), arguments.batch, arguments.buckets, arguments.seed)


def _hold_out(arguments: Namespace) -> HoldOut | None:
    from rnndsl.training.examples import HoldOut

    text = arguments.hold_out
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9})(%?)", text)
    if match is None or not int(match[1]):
        raise UsageError(faults.no_share(text))
    return HoldOut(int(match[1]), bool(match[2]), arguments.hold_out_random)


def _cut(offer: Offer, predict: Offer | None, model: str, arguments: Namespace) -> Cut | None:
    from rnndsl.training.data.tabular import Cut

    if arguments.window is None:
        for option in ("horizon", "stride"):
            if getattr(arguments, option) is not None:
                raise UsageError(columns.no_window(f"--{option}"))
        return None
    if arguments.horizon is None:
        raise UsageError(columns.no_horizon())
    if arguments.horizon < 0:
        raise UsageError(training.negative("--horizon", arguments.horizon))
    if predict is None or predict.absent is not None:
        raise UsageError(columns.no_targets(model))
    targets = [name for name in offer.inputs if name not in predict.inputs]
    return Cut(arguments.window, arguments.horizon, arguments.stride or 1, targets)


def _read(asked: _Asked) -> tuple[Tabled, dict[str, Array]]:
    """The values by example, and those of inputs without `batch`."""
    from rnndsl.arrays import columns
    from rnndsl.arrays.files import SUFFIXES
    from rnndsl.training.data import features
    from rnndsl.training.data.functions import is_function
    from rnndsl.training.examples import of_arrays

    arguments, text = asked.arguments, asked.arguments.data or ""
    path = Path(text)
    if asked.cut and not asked.along:
        raise UsageError(faults.no_batch_axis())
    by_column = arguments.columns or arguments.sequence or asked.cut or len(asked.along) > 1
    if asked.along and columns.has_columns(path) and (by_column or path.suffix == ".parquet"):
        fixed = _fixed(asked)
        return _of_table(path, asked), fixed
    for option in ("columns", "sequence"):
        if getattr(arguments, option):
            raise UsageError(faults.only_tables(f"--{option}"))
    if is_function(text) or features.has_records(path):
        fixed = _fixed(asked)
        return _of_each(asked), fixed
    if text and not text.endswith(SUFFIXES):
        raise UsageError(faults.no_source(text, (*SUFFIXES, ".parquet", ".tfrecord")))
    if asked.cut:
        return _of_series(asked, asked.cut)
    arrays, _ = read_inputs(asked.offer, arguments.data, arguments.inputs, asked.told.values())
    return of_arrays(arrays, asked.offer.inputs)


def _of_table(path: Path, asked: _Asked) -> Tabled:
    from rnndsl.training.data.reading import of_table

    named = pairs("--columns", asked.arguments.columns)
    for name in named:
        if name not in asked.along:
            raise UsageError(calls.no_file_input(asked.offer.name, name, list(asked.along)))
    sequence = asked.arguments.sequence
    tabled = of_table(path, asked.along, named, sequence, asked.cut, asked.told.values())
    if not asked.cut and not sequence:
        _tell_one_sequence(tabled, asked.along)
    return tabled


def _of_each(asked: _Asked) -> Tabled:
    """Of what gives examples one by one."""
    from rnndsl.training.data.features import of_records
    from rnndsl.training.data.functions import is_function, of_function

    text = asked.arguments.data
    if asked.cut:
        raise UsageError(faults.no_windows(text))
    if is_function(text):
        return of_function(text, asked.along, asked.told.values())
    return of_records(Path(text), asked.along, asked.told.values())


def _fixed(asked: _Asked) -> dict[str, Array]:
    """The inputs without `batch`, each of a file of its own. Raises UsageError if one with it is given so."""
    offer, files = asked.offer, asked.arguments.inputs
    for name in pairs("--input", files):
        if name in asked.along:
            raise UsageError(faults.beside(name, asked.along[name], asked.arguments.data))
    rest = {name: type for name, type in offer.inputs.items() if name not in asked.along}
    return read_inputs(Offer(offer.name, offer.kind, rest, {}), None, files)[0]


def _tell_one_sequence(tabled: Tabled, types: Mapping[str, TensorType]) -> None:
    """Say so if the rows of a table are the steps of one sequence."""
    from rnndsl.training.data.per_example import Ragged

    for name, value in tabled.values.items():
        if isinstance(value, Ragged) and value.count == 1:
            steps = counted(len(value.arrays[0]), "step")
            complain(calls.one_sequence(name, types[name], steps), kind="note")


def _of_series(asked: _Asked, cut: Cut) -> tuple[Tabled, dict[str, Array]]:
    """Windows over arrays whose first axis is the rows of a series."""
    from rnndsl.arrays.values import fit_all
    from rnndsl.training.data.reading import of_series

    offer, arguments = asked.offer, asked.arguments
    given = {name: array for name, (array, _) in given_arrays(offer, arguments.data, arguments.inputs, asked.told.values()).items()}
    fixed = {name: type for name, type in offer.inputs.items() if name not in asked.along}
    series = {name: array for name, array in given.items() if name in asked.along}
    return of_series(series, asked.along, cut), fit_all(offer.name, fixed, {name: given[name] for name in fixed})
