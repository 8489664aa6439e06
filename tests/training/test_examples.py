"""Examples of rows, sequences and windows, and how they are parted: beside loops over the same data. No TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from rnndsl.plan.model import TensorType
from rnndsl.training.data.elements import of_each
from rnndsl.training.data.per_example import PerExample
from rnndsl.training.data.reading import of_series, of_table
from rnndsl.training.data.tabular import Cut, Tabled
from rnndsl.training.examples import Examples, HoldOut, Split, examples, of_arrays

X = TensorType("f32", ("batch", "time"), (2,))
Y = TensorType("f32", ("batch",), (1,))
SAME = TensorType("f32", ("batch", "time"), ())
LENGTHS = TensorType("i32", ("batch",), ())
TABLE = "day,a,b,y,id\n" + "".join(f"{i},{i / 4},{i * i},{i - 7},{'kmz'[i // 5]}\n" for i in range(12))
"""Of sequences of 5, 5 and 2 rows."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path / "t.csv"


def split(**wanted: object) -> Split:
    return Split(**{"hold_out": None, "batch": None, "buckets": None, "seed": 0, **wanted})  # type: ignore[arg-type]


def made(tabled: Tabled, types: Mapping[str, TensorType], told: Mapping[str, str] | None = None, **wanted: object) -> Examples:
    return examples(tabled, {}, types, told or {}, split(**wanted))


def everything(values: Mapping[str, PerExample]) -> dict[str, np.ndarray]:
    return {name: value.take(slice(None)) for name, value in values.items()}


@pytest.mark.parametrize(("window", "horizon", "stride"), [(3, 1, 1), (4, 0, 2), (1, 5, 3)])
def test_windows_are_the_rows_from_each_start_and_targets_lie_ahead(table: Path, window: int, horizon: int, stride: int) -> None:
    types = {"x": X, "now": Y, "y": Y, "path": SAME}
    columns = {"x": "a,b", "now": "y", "y": "y", "path": "day"}
    tabled = of_table(table, types, columns, None, Cut(window, horizon, stride, {"y", "path"}), ())
    found = everything(tabled.values)
    x, y, path, now = [], [], [], []
    for start in range(0, 12, stride):
        if start + window + horizon > 12:
            break
        steps = range(start, start + window)
        x.append([[i / 4, i * i] for i in steps])
        now.append([steps[-1] - 7])
        y.append([steps[-1] + horizon - 7])
        path.append([i + horizon for i in steps])
    for name, value in {"x": x, "y": y, "path": path, "now": now}.items():
        np.testing.assert_array_equal(found[name], np.array(value, np.float32), err_msg=name)
        assert found[name].dtype == np.float32


def test_time_may_stand_before_batch(table: Path) -> None:
    types = {"x": TensorType("f32", ("time", "batch"), (2,)), "day": TensorType("i32", ("time", "batch"))}
    other = {"x": X, "day": TensorType("i32", ("batch", "time"))}
    for key, cut in ((None, Cut(3, 1, 1, {"day"})), ("id", None)):
        turned = of_table(table, types, {"x": "a,b"}, key, cut, ()).values
        for name, value in of_table(table, other, {"x": "a,b"}, key, cut, ()).values.items():
            np.testing.assert_array_equal(np.swapaxes(turned[name].take(slice(1, 3)), 0, 1), value.take(slice(1, 3)))


def test_windows_stay_within_their_sequence(table: Path) -> None:
    tabled = of_table(table, {"x": SAME, "y": Y}, {"x": "day"}, "id", Cut(3, 1, 1, {"y"}), ())
    found = everything(tabled.values)
    np.testing.assert_array_equal(found["x"][:, 0], [0, 1, 5, 6])
    np.testing.assert_array_equal(found["y"][:, 0], [-4, -3, 1, 2])


def test_arrays_are_cut_as_tables_are(table: Path) -> None:
    cut = Cut(3, 2, 2, {"y"})
    days = np.arange(12.0)
    of_file = of_table(table, {"x": X, "y": Y}, {"x": "a,b"}, None, cut, ())
    for y in (days - 7, (days - 7)[:, None]):
        of_array = of_series({"x": np.stack([days / 4, days**2], 1), "y": y}, {"x": X, "y": Y}, cut)
        for name, value in everything(of_file.values).items():
            np.testing.assert_array_equal(of_array.values[name].take(slice(None)), value)
        assert made(of_array, {"x": X, "y": Y}).digests() == made(of_file, {"x": X, "y": Y}).digests()


@pytest.mark.parametrize(("window", "horizon"), [(3, 1), (3, 4)])
def test_the_last_windows_are_held_out(table: Path, window: int, horizon: int) -> None:
    tabled = of_table(table, {"x": SAME, "y": Y}, {"x": "day"}, None, Cut(window, horizon, 1, {"y"}), ())
    found = made(tabled, {"x": SAME, "y": Y}, hold_out=HoldOut(2, False, False))
    count = 12 - window - horizon + 1
    assert (found.count, found.held_out) == (count - 2, 2)
    np.testing.assert_array_equal(found.validation()["y"][:, 0], [3, 4])
    np.testing.assert_array_equal(next(found.batches(1))["y"][:, 0], np.arange(count - 2) + window + horizon - 8)


def test_no_step_that_is_held_out_is_a_target_of_training(table: Path) -> None:
    """Targets over time overlap: the windows whose targets reach into the first one that is held out are left out."""
    tabled = of_table(table, {"x": SAME, "y": SAME}, {"x": "day", "y": "day"}, None, Cut(4, 1, 1, {"y"}), ())
    found = made(tabled, {"x": SAME, "y": SAME}, hold_out=HoldOut(25, True, False))
    held, trained = found.validation()["y"], next(found.batches(1))["y"]
    assert held[:, 0].tolist() == [7, 8]
    assert trained[:, -1].tolist() == [4, 5, 6]


def test_sequences_are_padded_to_the_longest_of_a_batch_and_their_lengths_told(table: Path) -> None:
    types = {"x": X, "n": LENGTHS}
    tabled = of_table(table, types, {"x": "a,b"}, "id", None, {"n"})
    found = made(tabled, types, {"time": "n"}, hold_out=HoldOut(1, False, False))
    batch = next(found.batches(1))
    assert batch["n"].tolist() == [5, 5] and batch["n"].dtype == np.int32
    np.testing.assert_array_equal(batch["x"].reshape(10, 2), [[i / 4, i * i] for i in range(10)])
    assert found.validation()["x"].shape == (1, 2, 2)
    whole = made(tabled, types, {"time": "n"})
    padded = next(whole.batches(1))
    assert padded["n"].tolist() == [5, 5, 2]
    np.testing.assert_array_equal(padded["x"][2], [[2.5, 100], [2.75, 121], [0, 0], [0, 0], [0, 0]])


def test_padded_arrays_are_cut_to_the_longest_of_a_batch() -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    tabled, _ = of_arrays({"x": x, "n": np.array([1, 6, 3, 2], np.int32)}, {"x": SAME, "n": LENGTHS})
    found = made(tabled, {"x": SAME, "n": LENGTHS}, {"time": "n"}, batch=1, seed=3)
    for batch in found.batches(1):
        [row], [n] = batch["x"], batch["n"]
        np.testing.assert_array_equal(row, x[[1, 6, 3, 2].index(n)][:n])


def ragged(count: int, seed: int = 0) -> Tabled:
    lengths = np.random.default_rng(seed).integers(1, 40, count)
    return of_each({"x": [np.full(n, i, np.float32) for i, n in enumerate(lengths)]}, {"x": SAME})


def test_a_batch_is_of_one_bucket_and_an_epoch_of_all_examples() -> None:
    found = made(ragged(100), {"x": SAME, "n": LENGTHS}, {"time": "n"}, batch=8, buckets=5, seed=1)
    lengths = np.sort(np.concatenate([batch["n"] for batch in found.batches(1)]))
    limits = lengths.reshape(5, 20)[:, [0, -1]]
    orders = []
    for epoch in (1, 2):
        batches = list(found.batches(epoch))
        assert sorted(len(batch["n"]) for batch in batches) == sorted([8, 8, 4] * 5)
        assert len(batches) == found.steps
        for batch in batches:
            assert any(low <= batch["n"].min() and batch["n"].max() <= high for low, high in limits)
            assert batch["x"].shape[1] == batch["n"].max()
            for row, n in zip(batch["x"], batch["n"], strict=True):
                assert len(set(row[:n])) == 1 and not row[n:].any()
        orders.append([batch["x"][0, 0] for batch in batches])
        seen = np.concatenate([batch["x"][:, 0] for batch in batches])
        assert sorted(seen.tolist()) == list(range(100))
    assert orders[0] != orders[1]
    again = [batch["x"][0, 0] for batch in found.batches(2)]
    assert again == orders[1]
    padding = sum(int(np.sum(batch["n"].max() - batch["n"])) for batch in found.batches(1))
    plain = made(ragged(100), {"x": SAME, "n": LENGTHS}, {"time": "n"}, batch=8, seed=1)
    assert padding < 0.5 * sum(int(np.sum(batch["n"].max() - batch["n"])) for batch in plain.batches(1))


def test_any_examples_are_held_out_by_the_seed() -> None:
    x = np.arange(50, dtype=np.float32)[:, None]
    tabled, _ = of_arrays({"x": x}, {"x": Y})
    held = []
    for seed in (1, 1, 2):
        found = made(tabled, {"x": Y}, hold_out=HoldOut(20, True, True), seed=seed)
        held.append(found.validation()["x"][:, 0].tolist())
        rest = next(found.batches(1))["x"][:, 0].tolist()
        assert sorted(held[-1] + rest) == list(range(50)) and rest == sorted(rest)
    assert len(held[0]) == 10
    assert held[0] == held[1] != held[2]


def test_rows_are_examples_and_a_wide_row_is_a_sequence(tmp_path: Path) -> None:
    """No header: the columns are numbers."""
    table = np.arange(21.0).reshape(3, 7)
    np.savetxt(tmp_path / "d.csv", table, delimiter=",", fmt="%d")
    types = {"image": X, "label": TensorType("i32", ("batch",), ())}
    found = everything(of_table(tmp_path / "d.csv", types, {"image": "1..6", "label": "7"}, None, None, ()).values)
    np.testing.assert_array_equal(found["image"], table[:, :6].reshape(3, 3, 2))
    np.testing.assert_array_equal(found["label"], [6, 13, 20])


def test_digests_tell_what_differs(table: Path) -> None:
    types = {"x": SAME, "y": Y}

    def digests(cut: Cut) -> list[str]:
        return list(made(of_table(table, types, {"x": "day"}, None, cut, ()), types).digests().values())

    cuts = [Cut(3, 1, 1, {"y"}), Cut(4, 1, 1, {"y"}), Cut(3, 2, 1, {"y"}), Cut(3, 1, 2, {"y"})]
    assert len({tuple(digests(cut)) for cut in cuts}) == 4
    assert digests(cuts[0]) == digests(cuts[0])
