"""`levenberg_marquardt(chunk = n)`: the steps are those of the whole batch, whose Jacobian is never there as a whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from rnndsl.plan.model import Plan, Scan, TensorType, all_nodes
from tests.compiling import plan_of

RECURRENT = """model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input n: i32[batch]
  input weight: f64[batch]
  target y: f64[batch, 2]
  layer frozen = Dense(2)
  layer cell = GRU(3)
  layer head = Dense(2)
  run = scan(cell, frozen(x), lengths = n)
  residual r = sqrt(weight) * log(square(head(run.last) - y) + 0.1 * square(x[time = 0]))
  residual small = 1e-2 * head.kernel
  metric size = mean(abs(r))
  freeze frozen/**
  train fit = levenberg_marquardt(damping = 0.1 OPTIONS) on r, small
}
"""
RANDOM = np.random.default_rng(1)
FEEDS: dict[str, np.ndarray] = {
    "x": RANDOM.normal(size=(7, 5, 2)),
    "n": np.array([5, 0, 3, 4, 1, 5, 2], np.int32),
    "weight": RANDOM.uniform(0.5, 2.0, size=7),
    "y": RANDOM.normal(size=(7, 2)),
}
CALLS = 3


def chunked(options: str, level: int = 1) -> Plan:
    return plan_of(RECURRENT.replace("OPTIONS", f", {options}"), level=level)


@pytest.mark.parametrize(
    ("options", "chunk", "level"),
    [
        ("jacobian = forward", 3, 1),
        ("jacobian = reverse", 3, 0),
        ("jacobian = reverse, robust = huber", 1, 1),
        ("jacobian = forward, solver = qr, scaled = false", 7, 1),
        ("jacobian = reverse, solver = qr", 2, 1),
        ("jacobian = reverse, solver = qr", 20, 1),
    ],
)
def test_chunks_make_no_difference(options: str, chunk: int, level: int) -> None:
    """Batches that do not divide, one that is smaller than a chunk; where the last is filled up, the logarithm is infinite."""
    whole, parts = Model(chunked(options)), Model(chunked(f"{options}, chunk = {chunk}", level))
    for _ in range(CALLS):
        expected, found = whole.call("fit", FEEDS), parts.call("fit", FEEDS)
        assert expected["accepted"]
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-8, err_msg=name)
    for path, value in whole.variables.items():
        np.testing.assert_allclose(parts.variables[path], value, rtol=1e-7, atol=1e-9, err_msg=path)


def scans(plan: Plan, end: str) -> Iterator[Scan]:
    return (x for x in all_nodes(plan.function("fit").graph) if isinstance(x, Scan) and x.path.endswith(end))


@pytest.mark.parametrize("jacobian", ["forward", "reverse"])
def test_outside_of_the_scans_no_value_has_both_the_batch_and_the_unknowns(jacobian: str) -> None:
    """The passes leave it so: what is fed to the scans has the sizes of the data."""
    plan = chunked(f"chunk = 3, jacobian = {jacobian}")
    unknowns = sum(int(np.prod(plan.variable(path).shape)) for path in plan.trains[0].variables)

    def wide(t: TensorType) -> bool:
        return bool({"batch", "chunk"} & {*t.axes}) and (
            "direction" in t.axes or "row" in t.axes or max(t.dims, default=0) >= unknowns
        )

    graph = plan.function("fit").graph
    assert not [x for x in graph.nodes if not isinstance(x, Scan) and wide(x.type)]
    assert len({x.id for x in scans(plan, "/chunks")}) == 2
    for scan in scans(plan, "/chunks"):
        assert scan.again
        assert not scan.outputs
        assert not any("chunk" in x.type.axes for x in scan.body.inputs)


@pytest.mark.tf
@pytest.mark.parametrize("jit", ["auto", pytest.param("never", marks=pytest.mark.slow)])
def test_tensorflow_takes_chunks_of_any_batch_in_one_trace(jit: str) -> None:
    from rnndsl.backends.tensorflow.module import build

    plan = chunked("chunk = 3, jacobian = reverse")
    model, module = Model(plan), build(plan, jit=jit)
    for rows in (7, 3, 2):
        feeds = {name: value[:rows] for name, value in FEEDS.items()}
        expected, found = model.call("fit", feeds), module.fit(**feeds)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name].numpy(), value, rtol=1e-6, err_msg=name)
    for path, value in model.variables.items():
        np.testing.assert_allclose(module.variables_by_path[path].numpy(), value, rtol=1e-6, atol=1e-8, err_msg=path)
    assert module.fit.experimental_get_tracing_count() == 1


MEASURED = """
import sys
import numpy as np
from rnndsl.backends.tensorflow.module import build
from tests.compiling import plan_of
from tests.memory import peak

rows, options, jit = int(sys.argv[1]), sys.argv[2], sys.argv[3]
text = '''model m with (dtype = f64) {
  input x: f64[batch, 8]
  target y: f64[batch, 1]
  layer hidden = Dense(150, activation = tanh)
  layer head = Dense(1)
  residual r = head(hidden(x)) - y
  metric mse = mean(square(r))
  train fit = levenberg_marquardt(attempts = 2, OPTIONS)
}
'''
module = build(plan_of(text.replace("OPTIONS", options), level=1), jit=jit)
random = np.random.default_rng(0)
feeds = {"x": random.normal(size=(rows, 8)), "y": random.normal(size=(rows, 1))}
for _ in range(2):
    module.fit(**feeds)
print(round(1024 * peak()))
"""


def most_memory(rows: int, options: str, jit: str) -> int:
    """Of a process that takes two steps, in KiB."""
    command = [sys.executable, "-c", MEASURED, str(rows), options, jit]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    return int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.tf
@pytest.mark.parametrize("jit", ["never", "auto"])
def test_memory_stays_as_residuals_grow(jit: str) -> None:
    """1,501 unknowns: 16,000 rows of their Jacobian are 190 MB, and without chunks they are seen."""
    few, many = (most_memory(rows, "chunk = 250", jit) for rows in (1000, 16000))
    assert many < 1.1 * few
    assert most_memory(16000, "jacobian = reverse", jit) > 1.2 * few
