"""Sections 7 and 8: what is kept from call to call, and models without some of the usual parts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import gives, module_of, plan_of, takes

pytestmark = pytest.mark.tf

COUNT = "cell Count { state n: [] = zeros\nn = n[t-1] + 1\noutput n }\n"
UNTIL = "cell Until { input x: []\nstate n: [] = 0\nstate done: bool[] = false\nn = n[t-1] + x\ndone = n >= 3\noutput n }\n"
BLOCK = "block Total { input x\nlayer c = Sum()\noutput scan(c, x, carry = true).last }\n"
SUM = "cell Sum { input x: []\nstate s: [] = zeros\ns = s[t-1] + x\noutput s }\n"


def caller(spec):
    import tensorflow as tf

    plan, module = plan_of(spec), module_of(spec, 2)

    def call(name, **inputs):
        kinds = {x.name: x.type.dtype for x in plan.inputs}
        cast = {"i32": tf.int32, "f32": tf.float32, "bool": tf.bool}
        given = {k: tf.constant(v, cast[kinds[k]]) for k, v in inputs.items()}
        found = {k: v.numpy() for k, v in module.signature_functions[name](**given).items()}
        assert set(found) == set(gives(plan, name))
        assert set(given) == set(takes(plan, name))
        return found

    call.module = module
    return call


def test_initial_holds_for_the_first_call_then_the_state_is_kept():
    call = caller(
        f"{COUNT}model m {{ input k: i32[]\ninput a: f32[batch]\nlayer c = Count()\n"
        "output y = scan(c, steps = k, carry = true, initial = (n = a)) }"
    )
    np.testing.assert_allclose(call("predict", k=2, a=[0, 10])["y"], [[1, 2], [11, 12]])
    np.testing.assert_allclose(call("predict", k=1, a=[0, 10])["y"], [[3], [13]])
    call("reset_states")
    np.testing.assert_allclose(call("predict", k=1, a=[5, 5, 5])["y"], [[6], [6], [6]])


def test_a_row_that_has_ended_stays_ended_in_the_next_call():
    call = caller(
        f"{UNTIL}model m {{ input x: f32[batch, time]\nlayer c = Until()\noutput y = scan(c, x, until = done, carry = true) }}"
    )
    x = [[1, 1], [2, 2]]
    np.testing.assert_allclose(call("predict", x=x)["y"], [[1, 2], [2, 4]])
    np.testing.assert_allclose(call("predict", x=x)["y"], [[3, 0], [0, 0]])


def test_each_application_keeps_a_state_of_its_own():
    call = caller(
        f"{SUM}{BLOCK}model m {{ input x: f32[batch, time]\nlayer a = Total()\nlayer b = Total()\n"
        "output y = a(x)\noutput z = b(10 * x)\noutput again = a(100 * x) }"
    )
    for k in (1, 2):
        found = call("predict", x=[[1, 2]])
        assert {name: float(v[0]) for name, v in found.items()} == {"y": 3 * k, "z": 30 * k, "again": 300 * k}


def test_carry_counts_valid_steps():
    call = caller(
        f"{SUM}model m {{ input x: f32[batch, time]\ninput n: i32[batch]\nlayer c = Sum()\n"
        "run = scan(c, x, lengths = n, carry = true)\noutput y = run\noutput last = run.last }"
    )
    call("predict", x=[[1, 2], [3, 4]], n=[1, 0])
    found = call("predict", x=[[1, 2], [3, 4]], n=[2, 1])
    np.testing.assert_allclose(found["y"], [[2, 4], [3, 0]])
    np.testing.assert_allclose(found["last"], [4, 3])


def test_updates_of_a_scan_in_a_collection_of_their_own_run_where_they_are_asked_for():
    call = caller(
        "collection late\ncell C { input x: []\nparam w: [] ~ ones\nvar v: []\n"
        "update v <- 10 * v + x * w in {late}\noutput x * w }\n"
        "model m { input x: f32[time]\nlayer c = C()\nloss l = mean(scan(c, x))\n"
        "train plain = sgd(rate = 0.5)\ntrain first = sgd(rate = 0.5) after late\ntrain last = sgd(rate = 0.5) before late }"
    )
    module, v = call.module, "c/v"
    call("plain", x=[1, 3])
    assert module.variables_by_path[v].numpy() == 0
    call("reset")
    call("first", x=[1, 3])
    assert module.variables_by_path[v].numpy() == 10 * 1 + 3
    assert module.variables_by_path["c/w"].numpy() == 0
    call("reset")
    call("last", x=[1, 3])
    assert module.variables_by_path[v].numpy() == 0  # w is 0 after the optimizer's step


def test_a_model_without_inputs_or_outputs_fits_its_params():
    call = caller("model m { param w: [2] ~ zeros\nloss l = mean(square(w - 1))\ntrain s = sgd(rate = 0.5) }")
    assert [float(call("s")["loss"]) for _ in range(3)] == [1, 0.25, 0.0625]
    assert "predict" not in call.module.signature_functions


def test_losses_of_other_collections_are_minimised_by_name_alone():
    call = caller(
        "collection other\nmodel m { input x: f32[batch]\ntarget q: f32[]\nparam w: [] ~ ones\noutput y = w * x\n"
        "loss a = mean(y)\nloss b in other = mean(y) * q\nloss c in regularization_losses = 3 * w\n"
        "train both = sgd()\ntrain one = sgd() on b\ntrain two = sgd() on b, a }"
    )
    assert call("both", x=[2]) == {"loss": 5, "a": 2, "c": 3}
    call("reset")
    assert call("one", x=[2], q=5) == {"loss": 10, "b": 10}
    call("reset")
    assert call("two", x=[2], q=5) == {"loss": 12, "a": 2, "b": 10}
