"""Real models through the passes: verified after each, meaning kept, the loop lighter, a stream that is the model step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.driver import Job
from rnndsl.language.builtins import TIME
from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.plan.model import Node, Plan, Scan, all_nodes
from rnndsl.plan.rewriting import draws
from tests.passes.oracle import assert_same_meaning, numbers
from tests.plan.interpreting import interpret
from tests.plan.whole import as_plan, through_passes

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.rnn"))
NOT_SCANNED = ("adsorption", "attention_decoder", "captions", "deepspeech2")
NO_STREAM = {
    "digits": "runs in reverse",
    "wavernn": "works over `time`",
    **dict.fromkeys(NOT_SCANNED, "nothing in it is scanned over"),
}

DRAWN = {"planet"}


def plans(path: Path) -> list[Plan]:
    job = Job(path)
    module = job.resolve()
    models = [d for d in module.tree.items if getattr(d, "kind", "") == "model"]
    return [job.derive(plan) for plan in job.plan(module, models, {})]


def in_loops(plan: Plan) -> list[Node]:
    bodies = [n.body for n in plan.graph.nodes if isinstance(n, Scan)]
    return [n for body in bodies for n in all_nodes(body) if isinstance(n, Node)]


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_passes(path):
    for before in plans(path):
        run_passes(before, 1, lambda name, plan: verify(plan, name))
        after = through_passes(before)
        assert_same_meaning(before, after)
        assert len(in_loops(after)) <= len(in_loops(before))
        assert not any(n.op == "read" for n in in_loops(after))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
@pytest.mark.parametrize("level", [0, 1])
def test_stream(path, level):
    for plan in plans(path):
        if path.stem in NO_STREAM:
            assert NO_STREAM[path.stem] in plan.absent["stream"]
            continue
        function = run_passes(plan, level).function("stream")
        if draws(function.graph):  # each call of a stream draws anew
            assert path.stem in DRAWN
            continue
        step = as_plan(function, plan)
        inputs, variables = numbers(plan)
        if "lengths" in inputs:
            inputs["lengths"] = np.full_like(inputs["lengths"], 4)
        state = {s.name: np.full([3, *s.type.dims], s.initial, NUMPY[s.type.dtype]) for s in function.inputs if s.kind == "state"}
        axes = {x.name: x.type.axes for x in plan.inputs}
        types = {n.id: n.type for n in plan.graph.nodes if isinstance(n, Node)}
        for t in range(4):
            part = {k: np.take(v, range(t + 1), axes[k].index(TIME)) if TIME in axes[k] else v for k, v in inputs.items()}
            part |= {"lengths": np.full_like(inputs["lengths"], t + 1)} if "lengths" in inputs else {}
            now = {k: np.take(v, t, axes[k].index(TIME)) if TIME in axes[k] else v for k, v in inputs.items()}
            whole = interpret(plan, part, variables)
            found = {key[2]: value for key, value in interpret(step, {**now, **state}, variables).items()}
            for i, x in enumerate(plan.outputs):
                value = whole["outputs", i, x.name]
                expected = value.take(-1, types[x.value].axes.index(TIME)) if TIME in types[x.value].axes else value
                np.testing.assert_allclose(found[x.name], expected, rtol=1e-4, atol=1e-5)
            state = {name: found[name] for name in state}
