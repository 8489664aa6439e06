"""The examples of a run: which are held out, and the others in batches whose order a seed decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rnndsl.arrays.values import Array, DataError
from rnndsl.language.builtins import BATCH
from rnndsl.plan.model import TensorType
from rnndsl.records import Immutable, record
from rnndsl.text.faults import examples as faults
from rnndsl.training.data.lengths import Lengths, with_lengths
from rnndsl.training.data.per_example import PerExample, Rows, Whole, digest
from rnndsl.training.data.tabular import Tabled


@record
class HoldOut(Immutable):
    """`number` examples, or so many per cent of them, are held out: the last, or any, by a seed."""

    number: int
    percent: bool
    any: bool


@record
class Split(Immutable):
    """How examples are parted: what is held out, how many are in a batch, in how many buckets those of like length are, and the
    seed that decides what is drawn."""

    hold_out: HoldOut | None
    batch: int | None
    buckets: int | None
    seed: int


@record
class Examples(Immutable):
    """`values` by input; an input without `batch`, in `fixed`, goes into each call as it is. `trained` and `held`: the numbers of
    the examples. `trained` is None if no input has `batch`: then each call is given everything, and nothing can be held out.

    `lengths`: how long the sequences of the examples are along axes that an input tells it of. A batch is as long as its longest.
    """

    values: Mapping[str, PerExample]
    fixed: Mapping[str, Array]
    types: Mapping[str, TensorType]
    lengths: Lengths
    split: Split
    trained: Array | None
    held: Array

    @property
    def count(self) -> int | None:
        """How many are trained on."""
        return None if self.trained is None else len(self.trained)

    @property
    def held_out(self) -> int:
        return len(self.held)

    @property
    def left_out(self) -> int:
        """How many are in neither, since they overlap."""
        return sum(value.count for value in [*self.values.values()][:1]) - (self.count or 0) - self.held_out

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        size, parts = self.split.batch, self.split.buckets or 1
        if self.count is None or size is None:
            return 1
        least, more = divmod(self.count, parts)  # as many are in a bucket, and one more in so many of them
        return more * -(-(least + 1) // size) + (parts - more) * -(-least // size)

    def batches(self, epoch: int, after: int = 0) -> Iterator[dict[str, Array]]:
        """The batches of one epoch, `after` so many of them. Some may be smaller. With one batch, in order; else shuffled by seed
        and epoch."""
        if self.trained is None:
            yield dict(self.fixed)
            return
        for rows in self._parts(self.trained, epoch)[after:]:
            yield self._taken(rows)

    def validation(self) -> dict[str, Array]:
        """The examples that are held out."""
        return self._taken(_as_slice(self.held))

    def digests(self) -> dict[str, str]:
        """The SHA-256 of each input."""
        fixed = {name: digest([array]) for name, array in self.fixed.items()}
        found = {**fixed, **{name: value.digest() for name, value in self.values.items()}}
        return {name: found[name] for name in self.types}

    def _parts(self, trained: Array, epoch: int) -> Sequence[Rows]:
        """The numbers of the examples of each batch."""
        size, random = self.split.batch, np.random.default_rng([self.split.seed, epoch])
        if size is None or (size >= len(trained) and not self.split.buckets):
            return [_as_slice(trained)]
        shuffled = trained[random.permutation(len(trained))]
        if not self.split.buckets:
            return _cut(shuffled, size)
        lengths = np.sum(list(self.lengths.values()), axis=0)[shuffled]
        buckets = np.array_split(shuffled[np.argsort(lengths, kind="stable")], self.split.buckets)
        batches = [batch for bucket in buckets for batch in _cut(random.permutation(bucket), size)]
        order: list[int] = random.permutation(len(batches)).tolist()
        return [batches[number] for number in order]

    def _taken(self, rows: Rows) -> dict[str, Array]:
        found = {**self.fixed, **{name: value.take(rows) for name, value in self.values.items()}}
        longest = {axis: int(np.max(lengths[rows])) for axis, lengths in self.lengths.items()}
        return {name: _shortened(found[name], type.axes, longest) for name, type in self.types.items()}


def examples(
    tabled: Tabled, fixed: Mapping[str, Array], types: Mapping[str, TensorType], told: Mapping[str, str], split: Split
) -> Examples:
    """The examples of a run. `told`: by axis, the input that tells the lengths along it, which the data need not give.

    Raises DataError where so many cannot be held out, or so many are no batch, and for lengths that are not as they must be.
    """
    if any(not value.count for value in tabled.values.values()):
        raise DataError(faults.no_examples())
    values, lengths = with_lengths(tabled.values, types, told)
    if split.buckets and not lengths:
        raise DataError(faults.nothing_to_bucket())
    if not values:
        if split.hold_out or split.batch is not None:
            raise DataError(faults.no_batch_axis())
        return Examples(values, fixed, types, lengths, split, None, np.arange(0))
    whole = next(iter(values.values())).count
    trained, held = _parted(whole, tabled.spans, split)
    if split.batch is not None and split.batch > len(trained):
        raise DataError(faults.batch_too_large(split.batch, len(trained), len(held)))
    if split.buckets is not None and split.buckets > len(trained):
        raise DataError(faults.too_many_buckets(split.buckets, len(trained)))
    return Examples(values, fixed, types, lengths, split, trained, held)


def of_arrays(arrays: Mapping[str, Array], types: Mapping[str, TensorType]) -> tuple[Tabled, dict[str, Array]]:
    """What has the axis `batch`, by example, and what has not."""
    along = {name: types[name].axes.index(BATCH) for name in arrays if BATCH in types[name].axes}
    fixed = {name: array for name, array in arrays.items() if name not in along}
    return Tabled({name: Whole(arrays[name], place) for name, place in along.items()}), fixed


def _parted(whole: int, spans: tuple[Array, Array] | None, split: Split) -> tuple[Array, Array]:
    """The numbers of the examples to train on and of those held out, both rising. One that forecasts what a held out one does is
    in neither."""
    everything = np.arange(whole)
    asked = split.hold_out
    if asked is None:
        return everything, everything[:0]
    number = whole * asked.number // 100 if asked.percent else asked.number
    if not 0 < number < whole:
        raise DataError(faults.too_many_held_out(number, whole) if number else faults.none_held_out(asked.number, whole))
    if not asked.any:
        trained, held = np.split(everything, [whole - number])
    elif spans is None:
        drawn = np.random.default_rng([split.seed, 0]).permutation(whole)
        trained, held = np.sort(drawn[number:]), np.sort(drawn[:number])
    else:
        raise DataError(faults.overlapping())
    if spans is not None:
        trained = trained[spans[1][trained] < spans[0][held[0]]]
        if not trained.size:
            raise DataError(faults.too_many_held_out(number, whole))
    return trained, held


def _cut(rows: Array, size: int) -> list[Array]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _as_slice(rows: Array) -> Rows:
    """Rising `rows` as a slice if there are no gaps: what it takes of an array is no copy."""
    return slice(int(rows[0]), int(rows[-1]) + 1) if rows[-1] - rows[0] + 1 == len(rows) else rows


def _shortened(array: Array, axes: Sequence[str], longest: Mapping[str, int]) -> Array:
    if not any(axis in longest for axis in axes):
        return array
    return array[tuple(slice(longest.get(axis)) for axis in axes)]
