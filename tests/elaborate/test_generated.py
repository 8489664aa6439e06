"""A generated valid spec compiles, formats to the same plan, and means the same at each level."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.records import replace
from rnndsl.syntax import format_module, parse
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile
from tests.compiling import plan_of, takes
from tests.elaborate.spec_strategy import specs
from tests.passes.oracle import assert_same_meaning
from tests.plan.whole import through_passes

UNTRAINABLE = "RNN0506"
"""A model whose losses reach a layer without params is fine, but has nothing to train: not what is tested here."""


def _plan(text: str):
    try:
        return plan_of(text)
    except DiagnosticsError as error:
        assert {d.code for d in error.diagnostics if d.severity == "error"} == {UNTRAINABLE}, f"{error}\n{text}"
        return plan_of(text.replace("  train step = sgd(rate = 0.1)\n", ""))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(specs())
def test_levels_mean_the_same(text):
    plan = _plan(text)
    optimised = through_passes(run_passes(plan, 1))
    verify(optimised)
    assert_same_meaning(plan, optimised)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(specs())
def test_formatting_changes_nothing(text):
    plan = _plan(text)
    formatted = format_module(parse(SourceFile("spec.rnn", text), Sink()))
    again = _plan(formatted)
    assert [replace(v, place="", initializer_origin="") for v in plan.variables] == [
        replace(v, place="", initializer_origin="") for v in again.variables
    ]
    assert_same_meaning(plan, again)


@pytest.mark.tf
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
@given(specs())
def test_tensorflow_agrees_with_the_meaning(text):
    import numpy as np

    from rnndsl.backends.tensorflow.module import build
    from tests.passes.oracle import numbers
    from tests.plan.interpreting import interpret

    plan = _plan(text)
    inputs, variables = numbers(plan)
    module = build(run_passes(plan, 1))
    names = takes(plan, "apply")
    found = module.apply(
        {v.path: variables[v.path] for v in plan.variables if v.kind in ("param", "var")}, {k: inputs[k] for k in names}, 0
    )
    expected = interpret(plan, inputs, variables)
    for i, output in enumerate(plan.outputs):
        wanted = expected["outputs", i, output.name]
        np.testing.assert_allclose(found[output.name], wanted, rtol=1e-9, atol=1e-11, err_msg=text)
