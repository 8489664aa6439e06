"""States over time from call to call, and step by step: the interpreter runs the functions of an artefact."""

from __future__ import annotations

import numpy as np

from rnndsl.derive.functions import with_functions
from rnndsl.meaning.running import Model
from tests.compiling import plan_of

SPEC = """
cell Sum { input x: []  state s: [] = 10.0  s = s[t-1] + x  output s }
model m() {
  input x: f32[batch, time]
  input k: bool[batch, time]
  layer c = Sum()
  run = scan(c, x, mask = k, carry = %s)
  output s = run.states.s
}
"""
X = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
K = np.array([[True, False, True], [False, True, False]])


def test_what_is_carried_into_a_call_stands_where_its_first_steps_are_left_out() -> None:
    model = Model(with_functions(plan_of(SPEC % "true")))
    first = model.call("predict", {"x": X, "k": K})["s"]
    np.testing.assert_array_equal(first, [[11, 11, 14], [10, 15, 15]])
    second = model.call("predict", {"x": X, "k": K})["s"]
    np.testing.assert_array_equal(second, [[15, 15, 18], [15, 20, 20]])


def test_step_by_step() -> None:
    plan = with_functions(plan_of(SPEC % "false"))
    model = Model(plan)
    whole = model.call("predict", {"x": X, "k": K})["s"]
    stream = next(f for f in plan.functions if f.kind == "stream")
    states = {x.name: np.full(2, 10, np.float32) for x in stream.inputs if x.kind == "state"}
    for at in range(3):
        found = model.call("stream", {"x": X[:, at], "k": K[:, at], **states})
        np.testing.assert_array_equal(found["s"], whole[:, at])
        states = {name: found[name] for name in states}
