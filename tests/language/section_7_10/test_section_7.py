"""Section 7, claim by claim: in NumPy, and by TensorFlow at two levels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import plan_of
from tests.language.section_7_10 import loops, outputs, over_time, scans, states
from tests.language.section_7_10.examples import assert_gives, initial_values, interpreted
from tests.lowering import lowered
from tests.plan.whole import through_passes

EXAMPLES = [*states.EXAMPLES, *scans.EXAMPLES, *loops.EXAMPLES, *over_time.EXAMPLES, *outputs.EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.claim.replace(" ", "_"))
def test_numpy(example):
    assert_gives(interpreted(example.text(), example.given), example.gives)


@pytest.mark.tf
@pytest.mark.parametrize("level", [0, 1])
def test_tensorflow(level):
    import tensorflow as tf

    for example in EXAMPLES:
        plan = plan_of(example.text())
        inputs = {k: tf.constant(v) for k, v in example.inputs(plan).items()}
        values = initial_values(plan)
        wanted = {x.name: x.value for x in (*plan.outputs, *plan.losses, *plan.metrics)}
        tensors = lowered(through_passes(plan, level), list(wanted.values()), inputs, lambda p, v=values: tf.constant(v[p]))
        found = {name: np.asarray(tensor) for name, tensor in zip(wanted, tensors, strict=True)}
        try:
            assert_gives(found, example.gives)
        except AssertionError as error:
            raise AssertionError(f"{example.claim}: {error}") from None
