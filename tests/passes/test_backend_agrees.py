"""What TensorFlow computes from a plan is the same before and after the passes, draws included; the interpreter agrees."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from rnndsl.plan.model import Plan
from tests import lowering
from tests.passes.oracle import numbers
from tests.passes.test_specs import SPECS, plans
from tests.plan.interpreting import interpret
from tests.plan.random_plans import random_plan
from tests.plan.whole import through_passes

pytestmark = pytest.mark.tf


def lowered(plan: Plan, inputs: dict, variables: dict, training: bool) -> dict:
    import tensorflow as tf

    tensors = {k: tf.constant(v) for k, v in inputs.items()}
    tables = {"outputs": plan.outputs, "losses": plan.losses, **({"updates": plan.updates} if training else {})}
    wanted = {(title, i, x.name): x.value for title, table in tables.items() for i, x in enumerate(table)}
    found = lowering.lowered(plan, list(wanted.values()), tensors, lambda path: tf.constant(variables[path]), training=training)
    return {key: value.numpy() for key, value in zip(wanted, found, strict=True)}


def assert_close(found: dict, expected: dict, rtol: float):
    for key, value in found.items():
        np.testing.assert_allclose(value, expected[key], rtol=rtol, atol=rtol, err_msg=str(key))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_random_plans(seed, training):
    plan = random_plan(Random(seed))
    inputs, variables = numbers(plan, seed)
    before, after = (lowered(p, inputs, variables, training) for p in (plan, through_passes(plan)))
    assert_close(after, before, 1e-9)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_specs(path):
    for plan in plans(path):
        inputs, variables = numbers(plan)
        expected = interpret(plan, inputs, variables)
        for level in (0, 1):
            assert_close(lowered(through_passes(plan, level), inputs, variables, False), expected, 2e-4)
