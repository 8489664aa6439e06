"""What a cell's plan must hold, without TensorFlow: variables as declared, one meaning at each level, a stream that is the scan."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.meaning.verifier import verify
from rnndsl.plan.model import Plan
from tests.compiling import plan_of
from tests.conformance.discovery import SPECIAL, cases, declared_names, places_elsewhere, variants
from tests.conformance.subject import SIZES, Array, Subject, final_name, text
from tests.plan.interpreting import interpret
from tests.plan.whole import as_plan


def outputs(plan: Plan, inputs: dict[str, Array], values: dict[str, Array]) -> dict[str, Array]:
    return {name: value for (title, _, name), value in interpret(plan, inputs, values).items() if title == "outputs"}


def test_the_library_is_found() -> None:
    assert {"std.core.LSTM", "std.cells.NAS"} <= {case.id for case in cases()}
    assert len({case.id for case in (*cases(), *variants())}) == len(cases()) + len(variants())


def test_special_cases_are_cells() -> None:
    assert set(SPECIAL) <= {case.id for case in cases()}


def test_variables_as_declared(planned: Subject) -> None:
    """The first segment below the layer is a param, a var or a layer of the cell's text, and none on every path is missing."""
    paths = [v.path for v in planned.plan.variables if v.path.startswith("net/")]
    found = {path.split("/")[1] for path in paths}
    always, everything = declared_names(planned.case)
    owners = {v.path.split("/")[0] for v in planned.plan.variables if v.kind in ("param", "var")}
    assert owners <= {"net", "still"}, "a variable outside of its layer"
    assert len(set(paths)) == len(paths)
    if places_elsewhere(planned.case):
        return
    for name in found:
        assert any(re.fullmatch(known.replace("*", r"\w+"), name) for known in everything), name
    without_variables = {name for name in always if not any(re.fullmatch(name.replace("*", r"\w+"), f) for f in found)}
    assert not without_variables


def test_a_frozen_copy_has_the_same_variables(planned: Subject) -> None:
    variables = {v.path: v for v in planned.plan.variables}
    mine = {path for path in variables if path.startswith("net/")}
    assert {path.replace("net/", "still/frozen/", 1) for path in mine} == {p for p in variables if p.startswith("still/")}
    for path in mine:
        copy = variables[path.replace("net/", "still/frozen/", 1)]
        assert (copy.shape, copy.dtype, copy.kind) == (variables[path].shape, variables[path].dtype, variables[path].kind)
        assert not copy.trainable
        assert variables[path].trainable == (variables[path].kind == "param" and variables[path].not_trainable is None)


@pytest.mark.parametrize("training", [False, True])
def test_levels_agree(planned: Subject, training: bool) -> None:
    verify(planned.optimised)
    expected = interpret(planned.plan, planned.data, planned.values, training)
    found = interpret(planned.optimised, planned.data, planned.values, training)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        assert np.all(np.isfinite(value)), key
        np.testing.assert_allclose(found[key], value, rtol=1e-10, atol=1e-12, err_msg=str(key))


@pytest.mark.parametrize("level", ["reference", "optimised"])
def test_a_stream_is_the_scan_step_by_step(planned: Subject, level: str) -> None:
    plan = planned.plan if level == "reference" else planned.optimised
    step = as_plan(plan.function("stream"), plan)
    data = {**planned.data, "n": np.full_like(planned.data["n"], SIZES["time"])}
    whole = outputs(plan, data, planned.values)
    state = first_states(planned, plan)
    for t in range(SIZES["time"]):
        now = {k: v[:, t] if plan_axes(plan)[k][1:] == ("time",) else v for k, v in data.items()}
        found = outputs(step, {x.name: {**now, **state}[x.name] for x in step.inputs}, planned.values)
        for run in ("run", "part"):
            np.testing.assert_allclose(found[f"{run}_out"], whole[f"{run}_out"][:, t], rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found[f"{run}_last"], whole[f"{run}_out"][:, t], rtol=1e-10, atol=1e-12)
        state = {name: found[name] for name in state}
    for run in ("run", "part"):
        for name in planned.finals:
            final = final_name(run, name)
            np.testing.assert_allclose(found[final], whole[final], rtol=1e-10, atol=1e-12, err_msg=final)


def plan_axes(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {x.name: x.type.axes for x in plan.inputs}


def first_states(planned: Subject, plan: Plan) -> dict[str, Array]:
    """Initial states by their names in the stream: what a scan leaves whose every step is masked, or the stream's own constant."""
    untouched = outputs(plan, {**planned.data, "m": np.zeros_like(planned.data["m"])}, planned.values)
    first: dict[str, Array] = {}
    for s in plan.function("stream").inputs:
        if s.kind != "state" or s.state.startswith("still/kept/"):
            continue
        shape = [*(SIZES[a] for a in s.type.axes), *s.type.dims]
        state = s.state.rpartition("/")[2]
        final = final_name("part", state)
        value = untouched[final] if state in planned.finals else s.initial
        assert value is not None, s
        first[s.name] = np.broadcast_to(np.asarray(value, NUMPY[s.type.dtype]), shape)
    return first


def test_the_default_dtype_compiles(planned: Subject) -> None:
    plan = plan_of(text(planned.case, planned.inputs, [], "f32"))
    assert {v.dtype for v in plan.variables if v.kind == "param"} == {"f32"}
