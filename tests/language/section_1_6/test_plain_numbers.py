"""Expressions on plain numbers are worked out at compile time: by ordinary arithmetic, before anything has a dtype."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.language.section_1_6.meaning import outputs_of, value_of

DEFINITIONS = "fn f(i, j) = 10 * i + j\nfn g(i, power = 2) = i ** power\nconst three = 3\nconst later = three + 1"
NUMBERS = {
    "7 // 2": 3, "-7 // 2": -4, "7 % 3": 1, "-7 % 3": 2, "7.5 // 2": 3.0, "7.5 % 2": 1.5, "7 / 2": 3.5, "6 / 2": 3.0,
    "2 ** 3": 8, "2 ** -1": 0.5, "2 ** 3 ** 2": 512, "-2 ** 2": -4, "1 - 2 - 3": -4, "8 / 4 / 2": 1, "2 + 3 * 4": 14,
    "sqrt(16)": 4, "log(1)": 0, "exp(0)": 1, "sigmoid(0)": 0.5, "tanh(0)": 0, "floor(2.7)": 2, "floor(-2.7)": -3,
    "minimum(3, 4)": 3, "maximum(2, 5)": 5, "clip(7, 0, 5)": 5, "clip(x = -1, low = 0, high = 5)": 0, "abs(-3)": 3,
    "sign(-2.5)": -1, "square(3)": 9, "relu(-1)": 0, "relu6(9)": 6, "atan2(1, 1)": math.pi / 4, "erf(0)": 0, "cos(0)": 1,
    "leaky_relu(-1)": -0.2, "leaky_relu(-1, alpha = 0.5)": -0.5, "elu(-1)": math.exp(-1) - 1, "selu(1)": 1.0507009873554805,
    "gelu(1)": (1 + math.erf(0.5**0.5)) / 2, "softplus(0)": math.log(2), "silu(1)": 1 / (1 + math.exp(-1)), "linear(3)": 3,
    "where(1 > 2, 3, 4)": 4, "where(true, 3, 4)": 3, "f(1, 2)": 12, "g(4)": 16, "g(4, power = 3)": 64, "f(j = 1, i = 2)": 21,
    "if 1 < 2 then 3 else 4": 3, "if 1 == 2 or not (3 > 4) and true then 5 else 6": 5, "later": 4,
    'if "a" == "a" then 1 else 0': 1, "if f32 == f64 then 1 else 0": 0, "len([1, 2, 3])": 3, "[4, 5, 6][1]": 5,
    "[4, 5, 6][-1]": 6, "len([1, 2, 3][1..])": 2, "three": 3, "cast(2.7, i32)": 2, "zeros_like(1.0)": 0,
}  # fmt: skip
ARRAYS = {
    "[1, 2, 3] * 2": [2, 4, 6], "[[1, 2], [3, 4]] @ [1, 1]": [3, 7], "sum([1, 2, 3], over = last)": 6, "[1, 2] @ [3, 4]": 11,
    "concat([[1, 2], [3]])": [1, 2, 3], "stack([1, 2])": [1, 2], "one_hot([0, 1], 2)": [[1, 0], [0, 1]], "argmax([1, 3, 2])": 1,
    "softmax([0, 0])": [0.5, 0.5], "gather([5, 6, 7], [2, 0])": [7, 5], "gather(w, 1)[0] - w[1, 0]": 0, "eye(2)[0]": [1, 0],
    "any([true, false], over = last)": True, "count([true, true], over = last)": 2,
    "not [true, false]": [False, True], "-[1, 2]": [-1, -2],
    "split([1, 2, 3, 4], 2)[1]": [3, 4],
    "cross_entropy([0, 0], 1)": math.log(2), "cross_entropy([[0, 0], [0, 0]], [1, 0])": [math.log(2)] * 2,
    "cross_entropy([0, 0], [0.5, 0.5])": math.log(2), "tabulate(2, g)": [0, 1], "tabulate(2, 2, maximum)": [[0, 1], [1, 1]],
    "tabulate(2, 2, lower)": [[1, 0], [1, 1]],
}  # fmt: skip


@pytest.mark.parametrize("expression", NUMBERS)
def test_a_number(expression: str) -> None:
    """Plain numbers alone take the dtype in force, f64 here."""
    found = value_of(expression, DEFINITIONS)
    assert found.dtype == ("int32" if "i32" in expression else "float64")
    np.testing.assert_allclose(found, NUMBERS[expression], rtol=1e-12)


@pytest.mark.parametrize("expression", ARRAYS)
def test_an_array(expression: str) -> None:
    found = value_of(expression, f"{DEFINITIONS}\nfn lower(i, j) = where(i >= j, 1, 0)")
    np.testing.assert_allclose(found, ARRAYS[expression], rtol=1e-12)


@pytest.mark.parametrize(("expression", "value"), [("3 >= 3", True), ("true and not true", False), ("false or 1 != 1", False)])
def test_a_truth_value_is_bool(expression: str, value: bool) -> None:
    found = value_of(expression)
    assert found.dtype == bool
    assert found == value


@pytest.mark.parametrize(("name", "dtype"), [("half", "float16"), ("single", "float32"), ("a", "float64")])
def test_a_number_takes_the_dtype_that_it_meets(name: str, dtype: str) -> None:
    assert value_of(f"{name} + 1").dtype == dtype
    assert value_of(f"maximum(0, {name})").dtype == dtype
    assert value_of(f"where({name} > 0, {name}, 0.5)").dtype == dtype


def test_a_dim_may_be_any_whole_number_worked_out() -> None:
    text = "model m(n: int = 3) { param w: [maximum(n, 2) * 2, floor(n / 2), len([1, 2])] ~ ones\n output y = w }"
    assert outputs_of(text, {})["y"].shape == (6, 1, 2)
    assert outputs_of(text, {}, n=9)["y"].shape == (18, 4, 2)
