"""A stream's step t gives what the model gives at the end of the first t steps, and its states are the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.derive.stream import TIME, add_stream_signature, artefact_name, stream_plan, stream_states
from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.plan.model import Plan
from tests.passes.oracle import numbers
from tests.plan.interpreter import NUMPY, interpret
from tests.plan.reading import read_plan

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
    plan = run_passes(read_plan(path.read_text().partition("\n---->")[0]), level)
    step = stream_plan(plan)
    assert isinstance(step, Plan), step
    verify(step)
    inputs, variables = numbers(plan, seed=level)
    if "n" in inputs:
        inputs["n"] = np.full_like(inputs["n"], 4)
    sizes = {"batch": 3, "time": 4, "src": 2}
    state = {
        s.name: np.full([*(sizes[a] for a in s.type.axes), *s.type.dims], s.initial, NUMPY[s.type.dtype])
        for s in stream_states(plan)
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
    assert artefact_name("enc/lstm.h[t-2]") == "enc_lstm_h_t_2"


def read_case(name: str) -> Plan:
    return read_plan((HERE / f"{name}.plan").read_text().partition("\n---->")[0])


def test_the_plan_says_what_its_stream_takes():
    signature = add_stream_signature(add_stream_signature(read_case("until_hold"))).signature("stream")
    assert signature.inputs == ("x", "run_s", "run_done", "run_output")
    assert signature.outputs == ("ys", "run_s", "run_done", "run_output")


def test_the_plan_says_why_it_has_no_stream():
    plan = add_stream_signature(read_case("none_reverse"))
    assert plan.signature("stream").absent == "`run` runs in reverse"
    assert stream_states(plan) == ()


def test_initial_states():
    states = {s.name: (s.path, s.state, s.initial) for s in stream_states(read_case("until_hold"))}
    assert states == {"run_s": ("run", "s", 0.0), "run_done": ("run", "done", False), "run_output": ("run", "output", 0)}
