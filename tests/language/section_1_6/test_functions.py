"""Every operator and function of section 6 with its argument forms, by the tables of `functions`."""

from __future__ import annotations

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest

from rnndsl.language.initializers import numpy_dtype
from rnndsl.language.ops.table import functions
from tests.compiling import plan_of, takes
from tests.language.section_1_6.functions import DEFINITIONS, ROWS
from tests.language.section_1_6.meaning import VALUES, inputs_of, model_of, outputs_of, value_of

DRAWN = {"dropout", "bernoulli", "random_uniform", "random_normal", "categorical"}
TOLERANCE = {"float16": 1e-2, "float32": 1e-5}


def agrees(found, expected) -> None:
    expected = np.asarray(expected)
    found = np.asarray(found)
    assert found.shape == expected.shape
    assert found.dtype.kind == expected.dtype.kind
    tolerance = TOLERANCE.get(found.dtype.name, 1e-9)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("expression", ROWS)
def test_an_expression_is_worth_what_numpy_says(expression: str) -> None:
    agrees(value_of(expression, DEFINITIONS), ROWS[expression](VALUES))


def test_every_function_of_the_language_is_in_the_table() -> None:
    text = " ".join(ROWS)
    assert {name for name in functions() if f"{name}(" not in text} <= DRAWN | {"ctc", "eye", "if_training"}


def _run(expressions: list[str], dtype: str = "f64") -> dict[str, np.ndarray]:
    """Their values by TensorFlow, with `dtype` wherever the table has f64."""
    from rnndsl.backends.tensorflow.module import build

    names = {f"y{n}": expression for n, expression in enumerate(expressions)}
    plan = plan_of(model_of(names, DEFINITIONS).replace("f64", dtype))
    needed = takes(plan, "predict")
    given = {name: value for name, value in inputs_of(plan).items() if name in needed}
    given = {name: value.astype(numpy_dtype(dtype)) if value.dtype == np.float64 else value for name, value in given.items()}
    return {names[name]: value.numpy() for name, value in build(plan).predict(**given).items()}


@pytest.mark.tf
def test_tensorflow_agrees_with_every_row() -> None:
    for expression, found in _run(list(ROWS)).items():
        try:
            agrees(found, ROWS[expression](VALUES))
        except AssertionError as error:
            raise AssertionError(f"{expression}: {error}") from None


@pytest.mark.tf
@pytest.mark.parametrize(("dtype", "tolerance"), [("f16", 0.02), ("bf16", 0.12)])
def test_every_function_works_in_a_narrow_dtype(dtype: str, tolerance: float) -> None:
    """Beside NumPy's f64 on the same rounded inputs."""
    rounded = {k: v.astype(numpy_dtype(dtype)).astype(float) if v.dtype == np.float64 else v for k, v in vars(VALUES).items()}
    rows = [e for e in ROWS if not re.search(r"\b(half|single)\b|1e9", e)]
    for expression, found in _run(rows, dtype).items():
        expected = np.asarray(ROWS[expression](SimpleNamespace(**rounded)))
        if expected.dtype.kind == "f":
            assert found.dtype == numpy_dtype(dtype), expression
        np.testing.assert_allclose(found.astype(expected.dtype), expected, tolerance, tolerance, err_msg=expression)


@pytest.mark.tf
@pytest.mark.parametrize("dtype", ["bf16", "f32"])
def test_a_masked_mean_counts_in_whole_numbers(dtype: str) -> None:
    """bf16 has no number between 256 and 258."""
    from rnndsl.backends.tensorflow.module import build

    plan = plan_of(f"model m() {{ input x: {dtype}[batch]  output y = mean(x, over = batch, mask = x > 0) }}")
    found = build(plan).predict(x=np.ones(1000).astype(numpy_dtype(dtype)))["y"].numpy()
    np.testing.assert_allclose(found.astype(float), 1, rtol=0.01)


def test_a_shared_dropout_is_one_draw_for_all_of_an_axis() -> None:
    """Srivastava et al. 2014: what is kept is scaled by 1 / (1 - rate). Over 400 rows a third is dropped."""
    outputs = {"y": "dropout(x, 1 / 3, shared = time)", "z": "dropout(x, 1 / 3)"}
    text = f"model m() with (dtype = f64) {{ input x: [batch, time, 6]  output y = {outputs['y']}  output z = {outputs['z']} }}"
    found = outputs_of(text, {"x": np.ones((400, 5, 6))}, training=True)
    np.testing.assert_array_equal(found["y"], np.broadcast_to(found["y"][:, :1], (400, 5, 6)))
    assert {*np.unique(found["y"].round(12))} == {0.0, 1.5}
    assert abs(np.mean(found["y"] == 0) - 1 / 3) < 0.04
    assert (found["y"][0] != found["y"][1]).any()
    assert (found["z"][:, 0] != found["z"][:, 1]).any()
    np.testing.assert_array_equal(outputs_of(text, {"x": np.ones((2, 3, 6))})["y"], np.ones((2, 3, 6)))


@pytest.mark.tf
def test_ctc_is_the_probability_of_all_paths_that_spell_the_labels() -> None:
    """Graves et al. 2006, equation 3, by enumerating the paths; lengths below the whole ones."""
    from rnndsl.backends.tensorflow.module import build

    text = """
axis place
model m() {
  input x: f32[batch, time, 3]
  input y: i32[batch, place]
  input n: i32[batch]
  input k: i32[batch]
  output default = ctc(x, y, n, k)
  output last = ctc(logits = x, labels = y, logit_lengths = n, label_lengths = k, blank = 2)
}"""
    x = np.random.default_rng(3).normal(size=(2, 4, 3)).astype("float32")
    n, k = np.array([4, 3], "int32"), np.array([2, 1], "int32")
    for name, blank, y in (("default", 0, [[1, 2], [2, 0]]), ("last", 2, [[0, 1], [1, 0]])):
        found = build(plan_of(text)).predict(x=x, y=np.array(y, "int32"), n=n, k=k)[name].numpy()
        expected = [_ctc(x[b, : n[b]].astype(float), y[b][: k[b]], blank) for b in range(2)]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def _ctc(logits: np.ndarray, labels: list[int], blank: int) -> float:
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(3), repeat=len(logits)):
        spelt = [c for c, _ in itertools.groupby(path) if c != blank]
        total += np.prod([chances[t, c] for t, c in enumerate(path)]) if spelt == labels else 0
    return -np.log(total)
