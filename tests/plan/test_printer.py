"""Plans as text: everything is there, and the text reads back."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnndsl.plan.attributes import NOTHING, Constant, OfVariable, Reduction
from rnndsl.plan.model import (
    Assign,
    Clear,
    Function,
    Graph,
    GraphInput,
    Initializer,
    Named,
    Node,
    Optimizer,
    Output,
    Plan,
    PlanInput,
    Rule,
    Signature,
    Slot,
    TensorType,
    Train,
    Update,
    Variable,
)
from rnndsl.plan.printer import print_plan
from tests.plan.random_plans import random_plan
from tests.plan.reading import read_plan

F = TensorType("f32")
X = TensorType("f32", ("batch",), (2,))
NORMAL = Initializer(name="normal", arguments={"mean": 0.0, "stddev": 0.1})
RULE = Rule(
    ("enc/w",),
    Graph(
        (*(GraphInput(x, TensorType("f32", (), (2, 4))) for x in ("value", "gradient", "m")), GraphInput("step", F)),
        (Node("7", "sub", ("value", "gradient"), NOTHING, TensorType("f32", (), (2, 4))),),
    ),
    "7",
    (Slot("m", TensorType("f32", (), (2, 4)), Initializer("zeros"), "gradient"), Slot("z", F, None, "step")),
)
FULL = Plan(
    name="m",
    dtype="f32",
    seed=7,
    parameters={"units": 4, "name": "a"},
    inputs=(PlanInput(name="x", kind="input", type=X), PlanInput(name="rate", kind="input", type=F)),
    variables=(
        Variable(
            path="enc/w", kind="param", dtype="f32", shape=(2, 4), initializer=NORMAL,
            initializer_origin="selector at m.rnn:3:1", trainable=True,
            collections=("global_variables", "mine"), rate=0.1, device="/gpu:0",
        ),
        Variable(
            path="enc/h", kind="carried", dtype="f32", shape=(4,), axes=("batch",), initializer=Initializer(name="zeros"),
            initializer_origin="default", trainable=False, not_trainable="a carried state",
            collections=("local_variables",),
        ),
    ),
    graph=Graph(
        (GraphInput("x", X), GraphInput("rate", F)),
        (
            Node("1", "read", (), OfVariable("enc/w"), TensorType("f32", (), (2, 4)), "m.rnn:5:3"),
            Node("2", "matmul", ("x", "1"), NOTHING, TensorType("f32", ("batch",), (4,)), "m.rnn:6:7"),
            Node("3", "sum", ("2",), Reduction(("batch",), (-1,)), F),
        ),
    ),
    outputs=(Named(name="y", value="2"),),
    losses=(Named(name="l", value="3", collection="losses"),),
    metrics=(Named(name="total", value="3", collection="metrics"),),
    residuals=(Named(name="r", value="2"),),
    updates=(Update(name="u", variable="enc/w", value="1", collections=("update_ops", "mine")),),
    trains=(
        Train(
            name="fit", optimizer=Optimizer("adam", {"rate": "cosine(0.1, 10)"}, (RULE,), clip_norm=1.0),
            losses=("l",), variables=("enc/w",), updates=("u",),
        ),
        Train(
            name="tune", optimizer=Optimizer(name="levenberg_marquardt", arguments={"damping": 0.01}), residuals=("r",),
            variables=("enc/w",), order="before",
        ),
    ),
    collections={"global_variables": ("enc/w",), "mine": ("enc/w", "u"), "losses": ("l",), "metrics": ()},
    signatures=(Signature(name="decode", outputs=("y",)),),
    functions=(
        Function(
            name="fit", kind="train", axes=("batch", "time"), draws="calls",
            inputs=(PlanInput(name="x", kind="input", type=X), PlanInput(name="s", kind="state", type=F, state="run/s", initial=0)),
            graph=Graph((GraphInput("x", X), GraphInput("s", F)), (Node("one", "literal", (), Constant(1.0), F),)),
            outputs=(Output("y", "x", "y"), Output("enc/w", "x", group="gradients")),
            steps=(
                Assign("u", "enc/w", "one", place="m.rnn:7:1"),
                Assign("train/fit/enc/w", "enc/w", "one", after=("u",)),
                Clear("enc/h/clear", "enc/h"),
            ),
        ),
    ),
    absent={"stream": "nothing in it is scanned over `time`"},
)  # fmt: skip

TEXT = """\
plan m: f32, seed 7, axes batch, time
parameters
  units = 4
  name = "a"
inputs
  input x: f32[batch, 2]
  input rate: f32[]
variables
  param enc/w: f32[2, 4] ~ normal(mean = 0.0, stddev = 0.1) (selector at m.rnn:3:1), trainable, in {global_variables, mine}, rate by 0.1, on /gpu:0
  carried enc/h: f32[batch, 4] ~ zeros() (default), not trainable (a carried state), in {local_variables}
graph
  %1 = read variable="enc/w" : f32[2, 4]
  %2 = matmul %x, %1 : f32[batch, 4]
  %3 = sum %2 axes=["batch"] dims=[-1] : f32[]
outputs
  y = %2
losses
  l = %3 in losses
metrics
  total = %3 in metrics
residuals
  r = %2
updates
  u: enc/w <- %1 in {update_ops, mine}
trains
  fit = adam(rate = "cosine(0.1, 10)", clip_norm = 1.0) on l over {enc/w} after {u}
    rule of {enc/w}
      m: f32[2, 4] ~ zeros() <- %gradient
      z: f32[] ~ value <- %step
      %7 = sub %value, %gradient : f32[2, 4]
      value <- %7
  tune = levenberg_marquardt(damping = 0.01) on r over {enc/w}
collections
  global_variables: enc/w
  mine: enc/w, u
  losses: l
signatures
  decode = y
function fit: train, draws by calls
  inputs
    input x: f32[batch, 2]
    state s: f32[] of run/s from 0
  graph
    %one = literal value=1.0 : f32[]
  outputs
    y = %x
    enc/w = %x in gradients
  steps
    u: enc/w <- %one
    train/fit/enc/w: enc/w <- %one after u
    enc/h/clear: enc/h is cleared
no function stream: nothing in it is scanned over `time`
"""  # noqa: E501


def test_everything_is_there():
    assert print_plan(FULL) == TEXT


SCAN = """\
plan m: f32, seed 0, axes batch, time
inputs
  input x: f32[batch, time, 2]
  input n: i32[batch]
  input m: bool[batch, time]
variables
  var v: f32[] ~ zeros() (default), not trainable, in {}
graph
  %v0 = read variable="v" : f32[]
  %run = scan enc/run over time lengths %n mask %m reverse hold
    each %x1 of %x : f32[batch, 2]
    given %c1 = %v0 : f32[]
    state h[t-2]: %h1 from %v0 then %h2 : f32[batch, 2]
    variable v: %v1 from %v0 then %v2 : f32[]
    %h2 = add %h1, %x1 : f32[batch, 2]
    %v2 = add %v1, %c1 : f32[]
    output %h2
  %y = result %run of="output" at=0 : f32[batch, time, 2]
outputs
  y = %y
"""


def test_a_scan_is_indented():
    assert print_plan(read_plan(SCAN)) == SCAN


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_text_reads_back(seed):
    plan = random_plan(Random(seed))
    assert print_plan(read_plan(print_plan(plan))) == print_plan(plan)


@pytest.mark.parametrize("path", sorted((Path(__file__).parent.parent / "passes" / "cases").glob("*/*.plan")), ids=lambda p: p.stem)
def test_cases_read_back(path):
    text = print_plan(read_plan(path.read_text().partition("\n---->")[0]))
    assert print_plan(read_plan(text)) == text
