"""When updates run beside a step, before, after or not at all: in the numbers, and in the edges of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import module_of, plan_of

SPEC = """
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  target y: f64[batch, 1]
  layer norm = BatchNorm(momentum = 0.5)
  layer cell = RNN(3)
  layer head = Dense(1)
  var seen: [3, 1] ~ zeros
  update seen <- head.kernel
  output p = head(scan(cell, norm(x)).last)
  loss mse = mean(square(p - y))
  train behind = sgd(rate = 0.1)
  train ahead = sgd(rate = 0.1) before update_ops
  train alone = sgd(rate = 0.1) after none
  train top = adam(rate = 0.1) over head/**
  train rest = adamw(rate = 0.1, weight_decay = 0.5) over cell/**
  freeze cell/wt
}"""
RANDOM = np.random.default_rng(0)
FED = {"x": 3.0 + RANDOM.normal(size=(4, 5, 2)), "y": RANDOM.normal(size=(4, 1))}
UPDATES = {"norm/update_moving_mean", "norm/update_moving_variance", "update_seen"}


@pytest.mark.parametrize("train", ["behind", "ahead", "alone"])
def test_what_an_update_sees_of_the_step(train: str) -> None:
    """`seen` takes what the step writes: from before it, from after it, or never. The moments are of all examples and steps."""
    model = Model(plan_of(SPEC, level=1))
    before = model.variables["head/kernel"].copy()
    model.call(train, FED)
    after = model.variables["head/kernel"]
    assert not np.allclose(before, after)
    expected = {"behind": before, "ahead": after, "alone": np.zeros((3, 1))}[train]
    np.testing.assert_array_equal(model.variables["seen"], expected)
    mean = 0.5 * FED["x"].mean((0, 1)) if train != "alone" else np.zeros(2)
    np.testing.assert_allclose(model.variables["norm/moving_mean"], mean)


@pytest.mark.tf
def test_the_edges_of_the_graph() -> None:
    """Every assignment of the optimizer waits for every update, or every update for it, or there is no update."""
    module = module_of(SPEC, 1)
    for train in ("behind", "ahead", "alone"):
        graph = module.signature_functions[train].get_concrete_function().graph.as_graph_def()
        nodes = {node.name: node for node in graph.node}
        own = [n.name for n in graph.node if n.op.startswith("Assign") and n.name.startswith(f"train/{train}/")]
        assert len(own) == 6 + 1  # the trained variables and the step
        assert (nodes.keys() & UPDATES) == (set() if train == "alone" else UPDATES)
        for update in nodes.keys() & UPDATES:
            assert all((update in behind(nodes, name)) == (train == "behind") for name in own)
            assert all((name in behind(nodes, update)) == (train == "ahead") for name in own)


def behind(nodes: dict[str, Any], start: str) -> set[str]:
    """What `start` waits for."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop().lstrip("^").split(":")[0]
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        waiting.extend(nodes[name].input)
    return seen


def test_two_trains_move_their_own_and_decay_leaves_what_is_frozen() -> None:
    """In turn, twice; by weight decay too, which no gradient is needed for."""
    model = Model(plan_of(SPEC, level=1))
    start = {path: np.array(value) for path, value in model.variables.items()}

    def moved(train: str) -> set[str]:
        before = {path: value.tobytes() for path, value in model.variables.items()}
        model.call(train, FED)
        return {path for path, value in model.variables.items() if value.tobytes() != before[path]}

    updated = {"norm/moving_mean", "norm/moving_variance"}
    for turn in (1, 2):
        top = moved("top")
        assert {path for path in top if not path.startswith("train/top/")} <= updated | {"head/kernel", "head/bias", "seen"}
        assert {"head/kernel", "head/bias"} <= top
        rest = moved("rest")
        assert {path for path in rest if not path.startswith("train/rest/")} <= updated | {"cell/wx", "cell/bi", "seen"}
        assert {"cell/wx", "cell/bi"} <= rest
        assert model.variables["train/top/step"] == model.variables["train/rest/step"] == turn
    assert model.variables["cell/wt"].tobytes() == start["cell/wt"].tobytes()
    assert not any(path.startswith("train/rest/cell/wt") for path in model.variables)
