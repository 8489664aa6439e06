"""Pullbacks of functions outside training, in NumPy: against central differences, and shared where functions are alike."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.derive.pullback import with_pullbacks
from rnndsl.meaning.running import Model
from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.plan.function import Function, cotangent_of
from rnndsl.plan.model import Plan
from rnndsl.records import replace
from tests.compiling import plan_of

PLAIN = """
model m with (dtype = f64) {
  input x: f64[batch, time, 3]
  input n: i32[batch]
  layer cell = GRU(2)
  layer head = Dense(2)
  run = scan(cell, x, lengths = n)
  output y = head(run)
  output last = run.last
  output ids = argmax(run)
  loss far = sum(square(y))
}
"""
CARRIED = PLAIN.replace("lengths = n)", "lengths = n, carry = true)")

RNG = np.random.default_rng(4)
INPUTS = {"x": RNG.normal(size=(3, 4, 3)), "n": np.array([4, 0, 2], "int32")}


def pulled(text: str, level: int = 1) -> Plan:
    plan = run_passes(with_pullbacks(plan_of(text), lambda _: True), level)
    verify(plan)
    return plan


def called(plan: Plan, function: Function, variables: dict, inputs: dict) -> dict:
    return Model(replace(plan, functions=(function,))).pure(function.name, variables, inputs)


def test_functions_that_compute_the_same_share_one():
    assert [x.forward for x in pulled(PLAIN).pullbacks] == [("predict", "apply"), ("evaluate",)]
    assert [x.forward for x in pulled(CARRIED).pullbacks] == [("predict",), ("evaluate",), ("apply",)]


def test_there_is_none_of_what_is_not_real():
    whole = "model m {\n  input x: i32[batch]\n  output y = x + 1\n}\n"
    assert pulled(whole).pullbacks == ()


def test_only_the_wanted_ones():
    plan = plan_of(PLAIN)
    assert [x.forward for x in with_pullbacks(plan, lambda f: f.kind == "evaluate").pullbacks] == [("evaluate",)]


@pytest.mark.parametrize("text", [PLAIN, CARRIED, PLAIN.replace("output last = run.last", "output again = y")])
@pytest.mark.parametrize("level", [0, 1])
def test_cotangents_are_those_of_central_differences(text, level):
    plan = pulled(text, level)
    back, forward = plan.pullbacks[0], plan.function("predict")
    model = Model(plan)
    variables = {path: RNG.normal(size=value.shape) if value.size else value for path, value in model.variables.items()}
    if "carry" in text:
        variables["cell/h"] = RNG.normal(size=(3, 2))
    seeds = {x.name: RNG.normal(size=called(plan, forward, variables, INPUTS)[x.name].shape) for x in forward.outputs}
    real = {x.name for x in back.inputs if x.kind == "cotangent"}
    given = {**INPUTS, **{cotangent_of(name): seed for name, seed in seeds.items() if cotangent_of(name) in real}}
    found = called(plan, back, variables, given)
    assert "n" not in found["inputs"]

    def value(variables: dict, inputs: dict) -> float:
        results = called(plan, forward, variables, inputs)
        return sum(float(np.sum(seeds[name] * results[name])) for name in seeds if cotangent_of(name) in real)

    for group, at in (("inputs", INPUTS), ("variables", variables)):
        for name, cotangent in found[group].items():
            for place in np.ndindex(cotangent.shape):
                moved = [np.array(at[name]) for _ in range(2)]
                moved[0][place] += 1e-6
                moved[1][place] -= 1e-6
                both = [
                    value({**variables, name: x}, INPUTS) if group == "variables" else value(variables, {**INPUTS, name: x})
                    for x in moved
                ]
                assert cotangent[place] == pytest.approx((both[0] - both[1]) / 2e-6, rel=1e-6, abs=1e-7), (name, place)
