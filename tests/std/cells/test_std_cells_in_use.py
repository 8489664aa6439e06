"""Every cell of `std.cells` optimised, step by step, and over gaps: the numbers are those of the plain scan."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.std.cells.cell_oracle import Array
from tests.std.cells.test_std_cells import CASES, data_of, output_name, takes, text, values_of

pytestmark = [pytest.mark.tf, pytest.mark.slow]

STILL = ("memory", "valid")
"""Inputs without a time axis."""
DTYPES = {"f64": np.float64, "i32": np.int32, "bool": np.bool_}


class Model:
    """The model of all cells in f64, scanned with a mask."""

    def __init__(self, level: int) -> None:
        from rnndsl.backends.tensorflow.module import build

        self.plan = plan_of(text("f64", ", mask = there"), level)
        self.module = build(self.plan)
        for path, value in values_of(self.plan, np.float64).items():
            self.module.variables_by_path[path].assign(value)

    def predict(self, data: dict[str, Array]) -> dict[str, Array]:
        used = {name: data[name] for name in takes(self.plan, "predict")}
        return {k: v.numpy() for k, v in self.module.signature_functions["predict"](**used).items()}

    def stream(self, data: dict[str, Array]) -> list[dict[str, Array]]:
        states = {x.name: x for x in self.plan.function("stream").inputs if x.kind == "state"}
        values = {n: np.full((2, *s.type.dims), s.initial, DTYPES[s.type.dtype]) for n, s in states.items()}
        steps: list[dict[str, Array]] = []
        for t in range(data["x"].shape[1]):
            used = {name: data[name] for name in takes(self.plan, "stream") if name in data}
            now = {k: v if k in STILL else v[:, t] for k, v in used.items()}
            results = self.module.signature_functions["stream"](**now, **values)
            steps.append({k: v.numpy() for k, v in results.items()})
            values = {name: steps[-1][name] for name in states}
        return steps


@pytest.fixture(scope="module")
def model() -> Any:
    return cache(Model)


def same(found: Array, expected: Array, name: str) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11, err_msg=name)


def test_optimised_is_the_same(model: Any) -> None:
    data = data_of(np.float64)
    plain, optimised = model(0).predict(data), model(1).predict(data)
    for name, expected in plain.items():
        same(optimised[name], expected, name)


def test_a_masked_step_leaves_no_trace(model: Any) -> None:
    data = data_of(np.float64)
    there = data["there"][0]
    with_gap = model(0).predict(data)
    without = model(0).predict({k: v if k in STILL else v[:, there] for k, v in data.items()})
    for case in CASES:
        name = output_name(case, "out")
        assert not with_gap[name][:, ~there].any(), name
        with_gap[name] = with_gap[name][:, there]
    for name, expected in without.items():
        same(with_gap[name], expected, name)


def test_a_stream_is_the_scan_step_by_step(model: Any) -> None:
    data = data_of(np.float64)
    whole, steps = model(1).predict(data), model(1).stream(data)
    for case in CASES:
        name = output_name(case, "out")
        same(np.stack([step[name] for step in steps], 1), whole[name], name)
        for state in case.states.split():
            final = output_name(case, state)
            same(steps[-1][final], whole[final], final)
