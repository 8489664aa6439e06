"""Each thing that the verifier checks, by a plan that breaks it."""

from __future__ import annotations

import re

import pytest

from rnndsl.derive.functions import with_functions
from rnndsl.meaning.verifier import VerificationError, verify
from rnndsl.plan.function import Clear
from rnndsl.plan.model import Assign, Function, Named, Node, Optimizer, Plan, Scan, Signature, Slot, TensorType, Train, Update
from rnndsl.records import replace
from tests.plan.reading import read_plan
from tests.plan.told import told
from tests.rules import ruled, with_trains

GOOD = """\
plan m: f32, seed 0, axes batch, time
inputs
  input x: f32[batch, time, 2]
  input n: i32[batch]
  input m: bool[batch, time]
  input rate: f32[]
variables
  param w: f32[2, 2] ~ zeros() (default), trainable, in {global_variables, trainable_variables}
  param frozen: f32[2] ~ zeros() (default), not trainable, in {global_variables}
  var v: f32[] ~ zeros() (default), not trainable, in {global_variables}
graph
  %w0 = read variable="w" : f32[2, 2]
  %v0 = read variable="v" : f32[]
  %false = literal value=false : bool[]
  %run = scan run over time lengths %n mask %m until done
    each %xt of %x : f32[batch, 2]
    given %w1 = %w0 : f32[2, 2]
    state h: %h from %v0 then %h2 : f32[batch, 2]
    state done: %d from %false then %d2 : bool[batch]
    variable v: %v1 from %v0 then %v2 : f32[]
    %a = matmul %xt, %w1 : f32[batch, 2]
    %h2 = add %a, %h : f32[batch, 2]
    %d2 = not %d : bool[batch]
    %v2 = square %v1 : f32[]
    output %h2
  %y = result %run of="output" at=0 : f32[batch, time, 2]
  %last = result %run of="last" at=0 : f32[batch, 2]
  %fin = result %run of="final" at=0 : f32[batch, 2]
  %vv = result %run of="variable" at=0 : f32[]
  %eye = eye n=2 : f32[2, 2]
  %l = mean %last axes=["batch"] dims=[-1] : f32[]
outputs
  y = %y
losses
  l = %l in losses
metrics
  fin = %fin
residuals
  r = %last
updates
  u: v <- %vv in {update_ops}
"""

BARE = Train(name="t", optimizer=Optimizer(name="sgd", arguments={"rate": 0.5}), losses=("l",), variables=("w",), updates=("u",))
TRAIN = ruled(BARE, read_plan(GOOD).variables)
RULE = TRAIN.optimizer.rules[0]


def with_rule(**fields) -> Train:
    return replace(TRAIN, optimizer=replace(TRAIN.optimizer, rules=(replace(RULE, **fields),)))


def good() -> Plan:
    plan = read_plan(GOOD)
    custom = Signature(name="s", outputs=("y",))
    collections = {**plan.collections, "losses": ("l",), "update_ops": ("u",)}
    return with_trains(replace(plan, signatures=(custom,), collections=collections), TRAIN)


def test_a_good_plan_passes():
    verify(good())


TEXT_FAULTS = [
    ("%d2 = not %d", "%d = not %d", "the id %d is defined twice"),
    ("%a = matmul %xt, %w1", "%a = matmul %xt, %w9", "uses %w9, which is not defined"),
    ("%a = matmul %xt, %w1", "%a = matmul %xt, %w0", "uses %w0, which is not defined"),
    ("%h2 = add %a, %h : f32[batch, 2]", "%h2 = add %a, %h : f32[batch, 3]", "its rule gives f32[batch, 2]"),
    ("%h2 = add %a, %h : f32[batch, 2]", "%h2 = add %a, %d : f32[batch, 2]", "mixes f32 and bool"),
    ('%w0 = read variable="w" : f32[2, 2]', '%w0 = read variable="w" : f32[4]', "has the type f32[4], but is f32[2, 2]"),
    ('%w0 = read variable="w"', '%w0 = read variable="z"', "reads the variable `z`, which the plan lacks"),
    ("literal value=false : bool[]", "literal value=false : bool[1]", "but is bool[]"),
    ("%eye = eye n=2", "%eye = eye n=3", "but is f32[3, 3]"),
    ('of="output" at=0', 'of="output" at=1', "asks for output 1"),
    ('of="final" at=0', 'of="final" at=-1', "asks for final -1"),
    ('of="variable" at=0', 'of="variable" at=1', "asks for variable 1"),
    ('of="last" at=0 : f32[batch, 2]', 'of="last" at=0 : f32[batch, 3]', "reads last 0 of f32[batch, 2]"),
    ("%fin = result %run", "%fin = result %y", "is no scan"),
    ("state h: %h from %v0", "state h: %h from %false", "initial value %false, bool[], which does not broadcast"),
    ("then %h2 : f32[batch, 2]", "then %w1 : f32[batch, 2]", "next value %w1, f32[2, 2], which does not broadcast"),
    ("then %v2 : f32[]", "then %v3 : f32[]", "has no %v3 in its body"),
    ("variable v: %v1", "variable z: %v1", "updates the variable `z`"),
    ("each %xt of %x : f32[batch, 2]", "each %xt of %w0 : f32[2, 2]", "goes over `time`, which %w0"),
    ("each %xt of %x : f32[batch, 2]", "each %xt of %x : f32[batch, time, 2]", "has the axis `time` in one step"),
    ("given %w1 = %w0 : f32[2, 2]", "given %w1 = %w0 : f32[2, 3]", "the given %w0"),
    ("lengths %n", "lengths %rate", "has lengths f32[]"),
    ("mask %m", "mask %n", "has a mask i32[batch]"),
    ("mask %m until", "mask %m steps 3 until", "both an input to go over and a number of steps"),
    ("until done", "until h", "ends by `h`, which is no bool state"),
    ("until done", "until done reverse carry", "carries its state between calls in reverse"),
    ("until done", "until done carry", "no carried variable `run/h`"),
    ("state done:", "state h:", "two states of one name"),
    ("output %h2\n", "output %w0\n", "has no %w0 in its body to put out"),
    ("y = %y\n", "y = %z\n", "`y` among the outputs is %z"),
    ("l = %l in", "l = %last in", "the loss `l` is no scalar"),
    ("u: v <- %vv", "u: z <- %vv", "writes `z`, which the plan lacks"),
    ("u: v <- %vv", "u: v <- %run", "is %run, which the graph lacks"),
    ("u: v <- %vv", "u: v <- %last", "writes f32[batch, 2] to `v`"),
    ("var v: f32[] ~ zeros() (default), not trainable", "var w: f32[] ~ zeros() (default), not trainable", "`w` is twice"),
    ("fin = %fin\n", "fin = %fin\n  fin = %fin\n", "`fin` is twice among the metrics"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), TEXT_FAULTS, ids=[words for *_, words in TEXT_FAULTS])
def test_a_fault_in_the_text_is_found(old, new, words):
    assert old in GOOD
    with pytest.raises(VerificationError, match=re.escape(words)):
        verify(read_plan(GOOD.replace(old, new, 1)))


def changed(**fields):
    return replace(good(), **fields)


TABLE_FAULTS = [
    ({"trains": (replace(TRAIN, losses=()),)}, "has nothing to minimise"),
    ({"trains": (replace(TRAIN, losses=("z",)),)}, "minimises `z`"),
    ({"trains": (replace(TRAIN, residuals=("z",)),)}, "minimises `z`"),
    ({"trains": (replace(TRAIN, updates=("z",)),)}, "runs `z`"),
    ({"trains": (replace(TRAIN, variables=("z",)),)}, "trains `z`, which the plan lacks"),
    ({"trains": (replace(TRAIN, variables=("frozen",)),)}, "trains `frozen`, which is not trainable"),
    ({"trains": (BARE,)}, "has no rule for each variable that it trains"),
    ({"trains": (with_rule(value="step"),)}, "gives `w` f32[]"),
    ({"trains": (with_rule(value="z"),)}, "the optimizer of `t`: uses %z, which is not defined before it"),
    ({"trains": (with_rule(slots=(Slot("m", TensorType("f32"), None, "value"),)),)}, "gives its slot `m`, f32[], f32[2, 2]"),
    ({"signatures": (Signature(name="s", outputs=("z",)),)}, "gives `z`"),
    (
        {"collections": {"global_variables": ("w", "v", "frozen"), "trainable_variables": ("w", "v")}},
        "has `v`, which does not say so",
    ),
    ({"collections": {"global_variables": ("w", "v"), "trainable_variables": ("w",)}}, "`frozen` is in `global_variables`"),
    ({"collections": {**good().collections, "mine": ("z",)}}, "the collection `mine` has `z`"),
    ({"residuals": (Named(name="r", value="run"),)}, "`r` among the residuals is %run"),
    ({"updates": (Update(name="u", variable="v", value="false", collections=()),)}, "writes bool[] to `v`"),
    ({"inputs": good().inputs[:-1]}, "the input `rate` is None in the table"),
]


@pytest.mark.parametrize(("fields", "words"), TABLE_FAULTS, ids=[words for _, words in TABLE_FAULTS])
def test_a_fault_in_the_tables_is_found(fields, words):
    with pytest.raises(VerificationError, match=re.escape(words)):
        verify(changed(**fields))


def test_a_trainable_var_is_found():
    variables = tuple(replace(v, trainable=True) for v in good().variables)
    with pytest.raises(VerificationError, match="the var `v` is trainable"):
        verify(changed(variables=variables))


def test_axes_out_of_order_are_found():
    plan = good()
    node = plan.graph.nodes[-5]
    assert TensorType("f32", ("time", "batch"), (2,)) != node.type
    text = GOOD.replace('of="output" at=0 : f32[batch, time, 2]', 'of="output" at=0 : f32[time, batch, 2]')
    with pytest.raises(VerificationError, match="not in the plan's order"):
        verify(read_plan(text))


def test_the_message_names_stage_node_and_place():
    with pytest.raises(VerificationError, match=r"^after fuse: plan `m`: %a = matmul \(no place\) uses %w9"):
        verify(read_plan(GOOD.replace("matmul %xt, %w1", "matmul %xt, %w9")), "fuse")


# ---------------------------------------------------------------- functions


def test_its_functions_pass():
    verify(with_functions(good()))


def step_of(function: Function, name: str):
    return next(step for step in function.steps if step.name == name)


def with_step(function: Function, name: str, **fields) -> Function:
    return replace(function, steps=tuple(replace(s, **fields) if s.name == name else s for s in function.steps))


def with_node(function: Function, *nodes: Node) -> Function:
    return replace(function, graph=replace(function.graph, nodes=(*function.graph.nodes, *nodes)))


def with_scan(function: Function, **fields) -> Function:
    nodes = tuple(replace(n, **fields) if n.id == "run" else n for n in function.graph.nodes)
    return replace(function, graph=replace(function.graph, nodes=nodes))


def in_scan(function: Function, node: Node) -> Function:
    scan = next(n for n in function.graph.nodes if n.id == "run")
    return with_scan(function, body=replace(scan.body, nodes=(*scan.body.nodes, node)))


def a_node(op: str, *args: str, **attrs) -> Node:
    return Node("new", op, args, told(op, **attrs), TensorType("f32"))


INITIAL = Node("new", "initial", (), told("initial", variable="v"), TensorType("f32"))
DROP = a_node("dropout", "l", "l", stream=1)


FUNCTION_FAULTS = [
    ("t", lambda f: replace(f, inputs=f.inputs[1:]), "takes other inputs than its graph"),
    ("t", lambda f: replace(f, outputs=(*f.outputs, f.outputs[0])), "gives `l` twice"),
    ("t", lambda f: with_step(f, "u", value="z"), "reads %z, which its graph lacks"),
    ("t", lambda f: with_step(f, "u", variable="z"), "writes `z`, which the plan lacks"),
    ("t", lambda f: with_step(f, "u", variable="frozen"), "the step `u` writes f32[] to `frozen`"),
    ("t", lambda f: with_step(f, "u", variable="w", value="w0"), "the step `u` writes the trainable `w`"),
    ("t", lambda f: with_step(f, "u", after=("train/t/w",)), "after `train/t/w`, which is no step before it"),
    ("t", lambda f: replace(f, steps=(*f.steps, step_of(f, "u"))), "has two steps `u`"),
    ("t", lambda f: replace(f, steps=(*f.steps, Assign("v", "v", "vv"))), "the steps `u` and `v` write `v` in no order"),
    ("t", lambda f: with_step(f, "train/t/w", value="l"), "the step `train/t/w` writes f32[] to `w`"),
    ("t", lambda f: with_node(f, a_node("if_training", "l", "l")), "leaves open whether %new is in training"),
    ("t", lambda f: replace(f, draws="calls"), "does not draw, and says the contrary"),
    ("t", lambda f: with_node(f, DROP), "draws, and says the contrary"),
    ("t", lambda f: replace(with_node(f, DROP), draws="v"), "draws by `v`, which counts no calls"),
    ("t", lambda f: replace(f, steps=(*f.steps, Clear("c", "v"))), "clears `v`, which is no carried state"),
    ("t", lambda f: in_scan(f, INITIAL), "has the initial %new in a scan"),
    ("predict", lambda f: with_scan(f, carry=True), "no carried variable"),
    ("apply", lambda f: replace(f, steps=(Assign("a", "v", "v0"),)), "is a function of its arguments, and has the step `a`"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "words"), FUNCTION_FAULTS, ids=[words for *_, words in FUNCTION_FAULTS])
def test_a_fault_in_a_function_is_found(name, change, words):
    plan = with_functions(good())
    wrong = change(plan.function(name))
    with pytest.raises(VerificationError, match=re.escape(words)):
        verify(replace(plan, functions=(wrong,)))


def test_a_scan_that_updates_outside_training_is_found():
    plan = with_functions(good())
    scan = next(n for n in plan.graph.nodes if isinstance(n, Scan))
    predict = plan.function("predict")
    given = tuple(x for x in next(n for n in predict.graph.nodes if isinstance(n, Scan)).given if x.inner != "v1")
    with pytest.raises(VerificationError, match="updates `v` in %run outside training"):
        verify(
            replace(
                plan, functions=(with_scan(replace(predict, kind="custom"), given=given, variables=scan.variables, body=scan.body),)
            )
        )
