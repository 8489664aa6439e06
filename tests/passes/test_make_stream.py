"""A stream's step t gives what the model gives at the end of the first t steps, and its states are the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.derive.functions import with_functions
from rnndsl.derive.stream import state_name
from rnndsl.language.builtins import TIME
from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.plan.model import Plan
from rnndsl.text.diagnostics import SpecError
from tests.passes.oracle import numbers
from tests.plan.interpreting import interpret
from tests.plan.reading import read_plan
from tests.plan.whole import as_plan, stream_of

HERE = Path(__file__).parent / "cases" / "make_stream"
PATHS = [p for p in sorted(HERE.glob("*.plan")) if not p.stem.startswith("none")]


def prefix(plan: Plan, inputs: dict, steps: int) -> dict:
    result = {}
    for x in plan.inputs:
        axes = x.type.axes
        result[x.name] = np.take(inputs[x.name], range(steps), axes.index(TIME)) if TIME in axes else inputs[x.name]
    return result


def outputs(plan: Plan, inputs: dict, variables: dict) -> dict:
    return {name: value for (title, _, name), value in interpret(plan, inputs, variables).items() if title == "outputs"}


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_a_step_at_a_time_is_the_whole_sequence(path, level):
    plan = read_plan(path.read_text().partition("\n---->")[0])
    derived = run_passes(with_functions(plan), level)
    verify(derived)
    function = derived.function("stream")
    step = as_plan(function, plan)
    inputs, variables = numbers(plan, seed=level)
    if "n" in inputs:
        inputs["n"] = np.full_like(inputs["n"], 4)
    sizes = {"batch": 3, "time": 4, "src": 2}
    state = {
        s.name: np.full([*(sizes[a] for a in s.type.axes), *s.type.dims], s.initial, NUMPY[s.type.dtype])
        for s in function.inputs
        if s.kind == "state"
    }
    for t in range(4):
        whole = outputs(plan, prefix(plan, inputs, t + 1), variables)
        now = {k: v for k, v in state.items() if k in {x.name for x in step.inputs}}
        for x in plan.inputs:
            axes = x.type.axes
            if x.name in {y.name for y in step.inputs}:
                now[x.name] = np.take(inputs[x.name], t, axes.index(TIME)) if TIME in axes else inputs[x.name]
        found = outputs(step, now, variables)
        live = inputs["m"][:, t] if "m" in inputs else np.ones(3, bool)
        for x in plan.outputs:
            value = whole[x.name]
            axes = next(n.type.axes for n in plan.graph.nodes if n.id == x.value)
            expected = value.take(-1, axes.index(TIME)) if TIME in axes else np.where(live[:, None], value, 0)
            np.testing.assert_allclose(found[x.name], expected, rtol=1e-10, atol=1e-12, err_msg=f"{x.name} at {t}")
        state = {name: found[name] for name in state}


def test_names():
    assert state_name("enc/lstm.h[t-2]") == "enc_lstm_h_t_2"


def read_case(name: str) -> Plan:
    return read_plan((HERE / f"{name}.plan").read_text().partition("\n---->")[0])


def test_what_a_stream_takes_and_gives():
    function = with_functions(read_case("until_hold")).function("stream")
    assert [x.name for x in function.inputs] == ["x", "run_s", "run_done", "run_output"]
    assert [x.name for x in function.outputs] == ["ys", "run_s", "run_done", "run_output"]


def test_the_plan_says_why_it_has_no_stream():
    plan = with_functions(read_case("none_reverse"))
    assert plan.absent == {"stream": "`run` runs in reverse"}
    assert "stream" not in {x.name for x in plan.functions}


def test_initial_states():
    function = with_functions(read_case("until_hold")).function("stream")
    states = {x.name: (x.state, x.initial) for x in function.inputs if x.kind == "state"}
    assert states == {"run_s": ("run/s", 0.0), "run_done": ("run/done", False), "run_output": ("run/output", 0)}


def test_names_that_meet_are_a_fault():
    """Two outputs, states or inputs of one name could not be told apart."""
    assert stream_of(read_case("until_hold")).name == "stream"
    clash = (HERE / "none_clash.plan").read_text().partition("\n---->")[0]
    with pytest.raises(SpecError, match="in the artefact"):
        stream_of(read_plan(clash))
