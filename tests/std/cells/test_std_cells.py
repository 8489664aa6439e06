"""Every cell of `std.cells` against NumPy written from its paper, without optimisation: outputs and final states.

All cells stand in one model, whose variables get random values. `oracle_*.py` list the cells and their oracles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.compiling import plan_of, takes
from tests.std.cells import oracle_gated, oracle_lstm, oracle_plain
from tests.std.cells.cell_oracle import Array, Case, Weights

pytestmark = pytest.mark.tf

CASES: tuple[Case, ...] = (*oracle_lstm.CASES, *oracle_gated.CASES, *oracle_plain.CASES)
INPUTS = """
  input x: {dtype}[batch, time, 3]
  input times: {dtype}[batch, time]
  input signal: {dtype}[batch, time, 5, 2]
  input image: {dtype}[batch, time, 4, 3, 2]
  input volume: {dtype}[batch, time, 2, 3, 4, 2]
  input memory: {dtype}[batch, src, 6]
  input valid: bool[batch, src]
  input there: bool[batch, time]
  input seen: bool[batch, time, 3]
  input elapsed: {dtype}[batch, time]
"""
ELSEWHERE = {"MemoryDropLSTM", "UpdateDropLSTM"}
"""Which are an LSTM but for what they drop: see `test_recurrent_dropout`."""
TOLERANCES = {"f64": 1e-11, "f32": 2e-6}
RANGES = {"period": (2.0, 5.0), "shift": (0.0, 3.0), "open": (0.3, 0.8), "moving_variance": (0.5, 2.0)}
"""Of variables that a normal distribution does not suit."""


def output_name(case: Case, result: str) -> str:
    plain = re.sub(r"\W", "_", result)
    return f"{case.name}__{plain}"


def text(dtype: str, options: str = "", cases: Iterable[Case] = CASES) -> str:
    """The model of all cells, each scanned with further `options`."""
    used = sorted({(case.module, case.definition) for case in cases})
    lines = ["rnn 1", *(f"import {module} ({name})" for module, name in used if module != "std.core")]
    lines += ["axis src", f"model cells with (dtype = {dtype}) {{", INPUTS.format(dtype=dtype)]
    for case in cases:
        lines.append(f"layer {case.name} = {case.constructor}")
        lines.append(f"{case.name}_run = scan({case.name}, {case.scan}{options})")
        lines.append(f"output {output_name(case, 'out')} = {case.name}_run")
        lines += [f"output {output_name(case, s)} = {case.name}_run.final.{s}" for s in case.states.split()]
    return "\n".join([*lines, "}"])


def values_of(plan: Any, dtype: Any) -> dict[str, Array]:
    rng = np.random.default_rng(20)
    made: dict[str, Array] = {}
    for v in plan.variables:
        low, high = RANGES.get(v.path.rpartition("/")[2], (None, None))
        drawn = 0.5 * rng.normal(size=v.shape) if low is None else rng.uniform(low, high, size=v.shape)
        made[v.path] = drawn.astype(dtype)
    return made


def data_of(dtype: Any) -> dict[str, Array]:
    rng = np.random.default_rng(21)
    shapes = {"x": (3,), "signal": (5, 2), "image": (4, 3, 2), "volume": (2, 3, 4, 2)}
    data = {name: rng.normal(size=(2, 5, *shape)).astype(dtype) for name, shape in shapes.items()}
    data["times"] = np.cumsum(rng.uniform(0.3, 1.5, size=(2, 5)), -1).astype(dtype)
    data["memory"] = rng.normal(size=(2, 7, 6)).astype(dtype)
    data["valid"] = np.arange(7) < np.array([[4], [7]])
    data["there"] = np.array([[True, True, False, True, True]] * 2)
    data["seen"] = np.random.default_rng(22).random((2, 5, 3)) < 0.5
    data["elapsed"] = np.diff(data["times"], prepend=data["times"][:, :1])
    return data


class Run:
    """The model built and called once."""

    def __init__(self, dtype: str) -> None:
        from rnndsl.backends.tensorflow.module import build

        plan = plan_of(text(dtype))
        numbers = {"f64": np.float64, "f32": np.float32}[dtype]
        self.dtype, self.variables, self.data = dtype, values_of(plan, numbers), data_of(numbers)
        used = {name: self.data[name] for name in takes(plan, "apply")}
        self.results = {k: v.numpy() for k, v in build(plan).apply(self.variables, used, 0).items()}

    def weights(self, case: Case) -> Weights:
        prefix = f"{case.name}/"
        return Weights({path.removeprefix(prefix): v for path, v in self.variables.items() if path.startswith(prefix)})


@pytest.fixture(scope="module")
def runs() -> Any:
    return cache(Run)


@pytest.mark.parametrize("dtype", ["f64", pytest.param("f32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_outputs_and_final_states_are_the_papers(case: Case, dtype: str, runs: Any) -> None:
    run = runs(dtype)
    weights = run.weights(case)
    outputs, finals = case.oracle(weights, run.data)
    assert weights.read == set(weights), "the oracle and the cell have different variables"
    assert set(case.states.split()) == set(finals)
    for name, expected in {"out": outputs, **finals}.items():
        found = run.results[output_name(case, name)]
        assert found.shape == expected.shape, name
        np.testing.assert_allclose(found, expected, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype], err_msg=name)
