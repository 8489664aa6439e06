"""What functions compute and assign, in NumPy: against the plan's graph in both modes, and against numbers worked out by hand."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnndsl.derive.functions import with_functions
from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.plan.attributes import Constant
from rnndsl.plan.model import Assign, Named, Node, Optimizer, TensorType, Train
from rnndsl.records import replace
from tests.compiling import plan_of
from tests.derive.running import run
from tests.passes.oracle import numbers
from tests.plan.interpreting import interpret
from tests.plan.random_plans import random_plan
from tests.rules import with_trains

LEVELS = pytest.mark.parametrize("level", [0, 1])


def same(found, expected, message=""):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=message)


def ready(seed: int):
    """A random plan with a loss that depends on nothing, none of its variables trainable, and its functions."""
    plan = random_plan(Random(seed))
    zero = Node("zero_loss", "literal", (), Constant(0.0), TensorType("f64"))
    changed = {
        "graph": replace(plan.graph, nodes=(*plan.graph.nodes, zero)),
        "losses": (Named(name="l", value=zero.id, collection="losses"),),
        "variables": tuple(replace(v, trainable=False) for v in plan.variables),
    }
    plan = run_passes(with_functions(replace(plan, **changed)), seed % 2)
    verify(plan)
    return plan


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_functions_of_random_plans_mean_what_the_graph_means(seed):
    """`predict` is the graph outside training; `gradients` gives the updates as the graph has them in training."""
    plan = ready(seed)
    inputs, variables = numbers(plan, seed % 1000)
    variables |= {v.path: np.zeros(v.shape, np.int64) for v in plan.variables if v.kind == "counter"}  # a plan's graph is call 0
    expected = interpret(plan, inputs, variables)
    found, after = run(plan, "predict", inputs, variables)
    for i, x in enumerate(plan.outputs):
        same(found["", x.name], expected["outputs", i, x.name], x.name)
    assert {path for path in after if after[path] is not variables[path]} <= {"calls"}
    training = interpret(plan, inputs, variables, training=True)
    found, _ = run(plan, "gradients", inputs, variables)
    last = {x.variable: training["updates", i, x.name] for i, x in enumerate(plan.updates)}
    assert {("updates", path) for path in last} == {key for key in found if key[0] == "updates"}
    for path, value in last.items():
        same(found["updates", path], np.broadcast_to(value, plan.variable(path).shape), path)


MODEL = """
block Counter() {
  input x: [n]
  var total: [] ~ zeros
  update total <- total * 10 + sum(mean(x, over = leading), over = last)
  output x + total
}
model m with (dtype = f64) {
  input x: f64[batch, 1]
  collection late
  param w: [1] ~ ones
  var seen: [1] ~ zeros
  var twice: [1] ~ zeros
  layer counter = Counter()
  p = w * (counter(x) + counter(2 * x))
  update seen <- w in {late}
  update twice <- seen + w in {late}
  update twice <- 10 * twice in {late}
  output p
  loss mse = mean(square(p))
  train step = sgd(rate = 0.1)
  train early = sgd(rate = 0.1) before late
}
"""
X = np.full((2, 1), 3.0)
START = {"w": np.ones(1), "seen": np.full(1, 7.0), "twice": np.zeros(1), "counter/total": np.zeros(())}
AFTER_STEP = 1 - 0.1 * 2 * 81


@LEVELS
def test_after_updates_read_what_was_before_the_call(level):
    plan = plan_of(MODEL, level)
    results, after = run(plan, "step", {"x": X}, START)
    same(results["", "mse"], 81.0)
    same(after["counter/total"], (0 * 10 + 3) * 10 + 6)  # the second update reads what the first wrote
    np.testing.assert_allclose(after["w"], AFTER_STEP, rtol=1e-6)
    same(after["seen"], 7)
    steps = plan.function("step").steps
    assert [(s.name, s.after) for s in steps] == [
        ("counter/update_total", ()),
        ("counter/update_total_1", ("counter/update_total",)),
        ("train/step/w", ("counter/update_total", "counter/update_total_1")),
        ("train/step/step.next", ("counter/update_total", "counter/update_total_1")),
    ]


@LEVELS
def test_before_updates_read_what_the_optimizer_wrote(level):
    plan = plan_of(MODEL, level)
    _, after = run(plan, "early", {"x": X}, START)
    np.testing.assert_allclose(after["w"], AFTER_STEP, rtol=1e-6)
    same(after["seen"], after["w"])
    np.testing.assert_allclose(after["twice"], 10 * (7 + after["w"]))
    same(after["counter/total"], 0)
    steps = plan.function("early").steps
    assert [(s.name, s.after) for s in steps] == [
        ("train/early/w", ()),
        ("train/early/step.next", ()),
        ("update_seen", ("train/early/w", "train/early/step.next")),
        ("update_twice", ("update_seen",)),
        ("update_twice_1", ("update_twice",)),
    ]


def test_an_update_after_the_optimizer_runs_its_scan_again():
    """The scan's body reads the weight that has been stepped; what does not depend on it is not computed twice."""
    plan = plan_of("""
cell Sum { input x: []  param w: [] ~ ones  state s: [] = zeros  s = s[t-1] + w * x  output s }
model m with (dtype = f64) {
  input x: f64[batch, time]
  collection late
  layer c = Sum()
  var end: [] ~ zeros
  run = scan(c, exp(x))
  update end <- mean(run.last, over = batch) in {late}
  loss l = mean(run.last)
  train step = sgd(rate = 0.5) before late
}""")
    x = np.log(np.array([[1.0, 2.0], [3.0, 4.0]]))
    _, after = run(plan, "step", {"x": x}, {"c/w": np.asarray(1.0), "end": np.asarray(0.0)})
    np.testing.assert_allclose(after["c/w"], 1 - 0.5 * 5, rtol=1e-6)
    np.testing.assert_allclose(after["end"], 5 * after["c/w"])
    assert sum(getattr(n, "op", "") == "exp" for n in plan.function("step").graph.nodes) == 1


@pytest.mark.parametrize("order", ["after", "before"])
def test_updates_that_do_not_contain_each_other_compose(order):
    """`v` is doubled, then 1 is added to what that wrote, though the second equation is written over the first value of `v`."""
    from tests.plan.reading import read_plan

    plan = read_plan("""\
plan m: f64, seed 0, axes batch, time
variables
  param w: f64[] ~ zeros() (default), trainable, in {}
  var v: f64[] ~ zeros() (default), not trainable, in {}
graph
  %w0 = read variable="w" : f64[]
  %v0 = read variable="v" : f64[]
  %two = literal value=2.0 : f64[]
  %one = literal value=1.0 : f64[]
  %doubled = mul %v0, %two : f64[]
  %more = add %v0, %one : f64[]
  %l = square %w0 : f64[]
losses
  l = %l in losses
updates
  first: v <- %doubled in {update_ops}
  second: v <- %more in {update_ops}
""")
    train = Train(
        name="t",
        optimizer=Optimizer(name="sgd", arguments={"rate": 0.25}),
        losses=("l",),
        variables=("w",),
        updates=("first", "second"),
        order=order,
    )
    _, after = run(with_functions(with_trains(plan, train)), "t", {}, {"w": np.asarray(1.0), "v": np.asarray(3.0)})
    same(after["v"], 2 * 3 + 1)
    np.testing.assert_allclose(after["w"], 0.5, rtol=1e-6)


CARRY = """
cell Sum { input x: []  state s: [] = zeros  s = s[t-1] + x  output s }
model m with (dtype = f64) {
  input x: f64[batch, time]
  param w: [] ~ ones
  layer c = Sum()
  run = scan(c, dropout(w * x, 0.5), carry = true)
  output y = run.last
  loss l = mean(y)
  train step = sgd(rate = 0.0)
}"""


@LEVELS
def test_kept_states_and_the_counter(level):
    plan = plan_of(CARRY, level)
    start = {"w": np.asarray(1.0), "run/s": np.zeros([0]), "call_counter": np.asarray(0)}
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    results, after = run(plan, "predict", {"x": x}, start)
    same(results["", "y"], [3, 7])
    same(after["run/s"], [3, 7])
    again, later = run(plan, "predict", {"x": x}, after)
    same(again["", "y"], [6, 14])
    same(later["call_counter"], 0)
    same(run(plan, "apply", {"x": x}, after)[0]["", "y"], [3, 7])
    trained = run(plan, "step", {"x": x}, later)[1]
    same(trained["call_counter"], 1)
    assert plan.function("predict").draws is None
    assert plan.function("step").draws == "call_counter"
    assert plan.function("gradients").draws == "step"
    cleared = run(plan, "reset_states", {}, trained)[1]
    assert cleared["run/s"].shape == (0,)
    reset = run(plan, "reset", {}, {**trained, "w": np.asarray(7.0)})[1]
    assert (reset["w"], reset["call_counter"], reset["run/s"].size) == (1, 0, 0)


def test_losses_of_two_dtypes_are_summed_in_the_wider_one():
    plan = plan_of("""
model m {
  input x: f32[batch]
  param w: [] ~ ones
  loss a = mean(x * w)
  loss b = mean(cast(x * w, f64))
  train step = sgd(rate = 1.0)
}""")
    results, _ = run(plan, "step", {"x": np.array([2.0, 4.0], np.float32)}, {"w": np.asarray(1.0, np.float32)})
    assert results["", "loss"].dtype == np.float64
    same(results["", "loss"], 6)


def test_a_training_function_is_equations_and_assignments():
    function = plan_of(MODEL).function("step")
    assert all(isinstance(s, Assign) for s in function.steps)
    assert {s.variable for s in function.steps if s.name.startswith("train/")} == {"w", "train/step/step"}
    assert not [n for n in function.graph.nodes if getattr(n, "op", "") == "if_training"]


@pytest.mark.parametrize("optimizer", ["sgd(rate = 0.1)", "levenberg_marquardt()"])
def test_a_variable_may_be_called_as_what_an_optimizer_keeps(optimizer: str) -> None:
    names = ("step", "damping", "growth", "scale")
    params = "\n".join(f"  param {name}: [] ~ ones" for name in names)
    aim = "loss l = mean(square(r))" if "sgd" in optimizer else ""
    text = f"model m {{\n{params}\n  residual r = {' * '.join(names)} - 2.0\n  {aim}\n  train fit = {optimizer}\n}}\n"
    steps = plan_of(text).function("fit").steps
    assert {s.variable for s in steps if s.name == f"train/fit/{s.variable}"} == set(names)
