"""Values that users give for tensors: what fits as it is, what is converted, what is refused."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from rnndsl.arrays.values import DataError, fit, fit_all
from rnndsl.plan.model import TensorType

ROWS = TensorType("f32", ("batch",), (3,))


def scalar(dtype: Any) -> TensorType:
    return TensorType(dtype)


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("i32", 7.0, 7),
        ("i32", True, 1),
        ("i32", np.int64(-(2**31)), -(2**31)),
        ("i64", 2**62, 2**62),
        ("bool", 1, True),
        ("f32", 1 / 3, np.float32(1 / 3)),
        ("f32", float("inf"), np.inf),
        ("f16", 65504, 65504),
        ("bf16", 1.5, 1.5),
        ("f32", ml_dtypes.bfloat16(1.5), 1.5),
        ("i32", ml_dtypes.bfloat16(2), 2),
    ],
)
def test_a_number_that_the_type_has(dtype: str, value: object, expected: object) -> None:
    array = fit("x", value, scalar(dtype))
    assert array.shape == ()
    assert array == expected


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("i32", 2**32 + 1),
        ("i32", 2**31),
        ("i32", 1.7),
        ("i32", float("nan")),
        ("i32", float("inf")),
        ("i64", 2.0**63),
        ("i64", np.uint64(2**63)),
        ("i64", 2**70),
        ("bool", 2),
        ("bool", 0.5),
        ("f16", 70_000.0),
        ("f32", 1e39),
        ("bf16", 1e39),
        ("f32", 1j),
        ("f32", "1"),
        ("i32", "1"),
        ("f32", b"1"),
        ("f32", None),
        ("f32", np.datetime64("2020-01-01")),
        ("f32", object()),
    ],
)
def test_a_value_that_the_type_has_not(dtype: str, value: object) -> None:
    with pytest.raises(DataError, match=f"^`x` is {dtype}\\[\\]; "):
        fit("x", value, scalar(dtype))


@pytest.mark.parametrize("value", [[1, 2, 3], [[1, 2]], [[[1, 2, 3]]], 1.0, [[1, 2, 3], [1]], {"a": 1}])
def test_another_shape(value: object) -> None:
    with pytest.raises(DataError, match=r"^`x` is f32\[batch, 3\]; "):
        fit("x", value, ROWS)


def test_rows_of_none_are_of_any_dtype() -> None:
    assert fit("x", np.zeros((0, 3)), ROWS).shape == (0, 3)
    assert fit("ids", [], TensorType("i32", ("batch",))).dtype == np.int32


def test_what_a_function_takes() -> None:
    wanted = {"x": ROWS, "y": TensorType("f32", ("batch", "time"))}
    found = fit_all("predict", wanted, {"y": np.zeros((2, 5)), "x": np.zeros((2, 3))})
    assert [*found] == ["x", "y"]
    with pytest.raises(DataError, match="`predict` takes no `z`; it takes `x`, `y`"):
        fit_all("predict", wanted, {"z": 1})
    with pytest.raises(DataError, match=r"`predict` wants `y` too, f32\[batch, time\]"):
        fit_all("predict", wanted, {"x": np.zeros((2, 3))})
    with pytest.raises(DataError, match="`x` has the length 2 along `batch`, and `y` has 4"):
        fit_all("predict", wanted, {"x": np.zeros((2, 3)), "y": np.zeros((4, 5))})
