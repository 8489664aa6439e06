"""NIST's reference data sets for nonlinear regression: each as a model whose unknowns are params, from both of its starts, to six
certified digits or more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import artefact, plan_of

PROBLEMS = json.loads((Path(__file__).parents[2] / "golden/nist_strd.json").read_text(encoding="utf-8"))["problems"]
STARTS = [(problem, start) for problem in PROBLEMS for start in (0, 1)]
MOST_CALLS = 8000
LONG = {("MGH10", 0)}
"""Thousands of steps along a curved valley: MGH10 starts where its model is 1e-48."""


def name(case: tuple[dict[str, Any], int]) -> str:
    return f"{case[0]['name']}-{case[1] + 1}"


def spec(problem: dict[str, Any], start: int, options: str) -> str:
    inputs = "".join(f"  input {x}: f64[batch]\n" for x in problem["predictors"])
    params = "".join(f"  param b{k}: [] ~ constant({value!r})\n" for k, value in enumerate(problem["starts"][start], 1))
    return (
        f"model fitted with (dtype = f64) {{\n{inputs}  target y: f64[batch]\n{params}"
        f"  residual r = {problem['model']} - {problem['response']}\n"
        f"  train fit = levenberg_marquardt({options})\n}}\n"
    )


def data(problem: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in {**problem["predictors"], "y": problem["y"]}.items()}


def digits(found: list[Any], problem: dict[str, Any]) -> float:
    """How many digits of each parameter are certified, of the worst (McCullough 1998, equation 1)."""
    certified = np.array(problem["certified"])
    return float(-np.log10(np.maximum(np.abs(np.array(found) - certified) / np.abs(certified), 1e-16)).max())


def fitted(problem: dict[str, Any], start: int, options: str) -> list[Any]:
    """The parameters once nothing changes any more."""
    model = Model(plan_of(spec(problem, start, options), level=1))
    feeds = data(problem)
    for _ in range(MOST_CALLS):
        if model.call("fit", feeds)["converged"]:
            break
    return [model.variables[f"b{k + 1}"] for k in range(len(problem["certified"]))]


def marked(slow: bool) -> list[Any]:
    return [pytest.param(x, marks=pytest.mark.slow) if slow or (x[0]["name"], x[1]) in LONG else x for x in STARTS]


@pytest.mark.parametrize("case", marked(slow=False), ids=name)
def test_certified_digits(case: tuple[dict[str, Any], int]) -> None:
    problem, start = case
    assert digits(fitted(problem, start, "tolerance = 1e-15"), problem) >= 6


@pytest.mark.parametrize("case", marked(slow=True), ids=name)
def test_certified_digits_by_qr(case: tuple[dict[str, Any], int]) -> None:
    problem, start = case
    assert digits(fitted(problem, start, "tolerance = 1e-15, solver = qr"), problem) >= 6


@pytest.mark.tf
@pytest.mark.parametrize("case", [x for x in STARTS if name(x) in ("Thurber-1", "Nelson-1", "Lanczos3-2")], ids=name)
def test_certified_digits_in_an_artefact(case: tuple[dict[str, Any], int], tmp_path: Path) -> None:
    problem, start = case
    loaded = artefact(tmp_path, spec(problem, start, "tolerance = 1e-15"))
    for _ in range(200):
        told = loaded.train("fit", data(problem))
        if told["converged"]:
            break
    found = [loaded.variables[f"b{k + 1}"] for k in range(len(problem["certified"]))]
    assert digits(found, problem) >= 6
    np.testing.assert_allclose(told["loss"], problem["squares"], rtol=1e-8)
