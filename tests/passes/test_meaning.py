"""Passes keep what random plans mean, and what they make is a plan."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from rnndsl.derive.inference import apply_function
from rnndsl.derive.mode import Modes
from rnndsl.meaning.verifier import verify
from rnndsl.passes import PASSES, run_passes
from rnndsl.passes.remove_dead import remove_dead
from rnndsl.plan.model import Function, Scan, all_nodes
from rnndsl.plan.printer import print_plan
from tests.passes.oracle import assert_same_meaning, numbers
from tests.plan.interpreting import interpret
from tests.plan.random_plans import random_plan
from tests.plan.whole import as_plan, over, stream_of, through_passes

SEEDS = st.integers(0, 2**32)
SIZES = st.fixed_dictionaries({"batch": st.integers(1, 3), "time": st.integers(1, 4), "src": st.integers(1, 2)})


@pytest.mark.parametrize("name", dict(PASSES))
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, sizes=SIZES)
def test_each_pass_alone(name, seed, sizes):
    before = random_plan(Random(seed))
    verify(before)
    note(print_plan(before))
    after = over(before, dict(PASSES)[name])
    note(print_plan(after))
    verify(after, name)
    assert_same_meaning(before, after, seed % 1000, sizes)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, sizes=SIZES)
def test_all_passes(seed, sizes):
    before = random_plan(Random(seed))
    after = through_passes(before, 1, lambda name, plan: verify(plan, name))
    note(print_plan(before))
    note(print_plan(after))
    assert_same_meaning(before, after, seed % 1000, sizes)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_nothing_dead_is_left(seed):
    after = through_passes(random_plan(Random(seed)))
    assert print_plan(over(after, remove_dead)) == print_plan(after)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, sizes=SIZES)
def test_inference_is_the_plan_outside_training(seed, sizes):
    before = random_plan(Random(seed))
    after = as_plan(apply_function(before, Modes(before)), before)
    verify(after)
    inputs, variables = numbers(before, seed % 1000, sizes)
    expected = {k: v for k, v in interpret(before, inputs, variables).items() if k[0] == "outputs"}
    found = interpret(after, inputs, variables)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        assert value == pytest.approx(found[key], rel=1e-9, abs=1e-12, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_a_stream_is_a_plan_or_a_reason(seed):
    plan = random_plan(Random(seed))
    step = stream_of(plan)
    if isinstance(step, Function):
        verify(as_plan(step, plan))
        assert all("time" not in x.type.axes for x in step.inputs)
        assert all(n.axis != "time" for n in all_nodes(step.graph) if isinstance(n, Scan))
    else:
        assert step


def test_level_0_changes_nothing():
    plan = random_plan(Random(1))
    assert run_passes(plan, 0) is plan


def test_time_grows_with_nodes_not_with_their_square():
    """20,000 nodes in the body of one scan, a chain, go through all passes in seconds."""
    from time import process_time

    from tests.passes.large import chain

    start = process_time()
    through_passes(chain(1_000))
    small = process_time() - start
    start = process_time()
    through_passes(chain(10_000))
    assert process_time() - start < 40 * max(small, 0.02)
