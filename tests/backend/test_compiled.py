"""What XLA compiles gives the numbers of what it does not: any lengths, masks and ends, and each half of the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.backends.tensorflow.compiled.regions import Region, parts
from rnndsl.backends.tensorflow.compiled.running import room_for
from rnndsl.backends.tensorflow.module import build
from rnndsl.plan.model import Scan
from rnndsl.plan.rewriting import used_ids
from rnndsl.plan.stretches import lengths_told
from tests.compiling import SPECS, artefact, plan_of
from tests.derive.derivatives.checking import numbers_for

pytestmark = [pytest.mark.tf, pytest.mark.xla]

CASES = sorted((Path(__file__).parents[1] / "derive/derivatives/cases").glob("*.rnn"))
IDS = "embedding_cross_entropy"
"""Whose `n` is no length but one of five ids."""
SIZES = [(4, 18), (3, 3)]
"""Rows in halves and not, a length that is widened and one that is not. Each is a compilation, of half a second."""


def inputs_of(batch: int, steps: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(batch * steps)
    return {
        "x": random.normal(size=(batch, steps, 3)),
        "y": random.normal(size=(batch, 2)),
        "n": random.integers(0, steps + 1, batch).astype("i4"),
        "mk": random.random((batch, steps)) < 0.6,
        "mem": random.normal(size=(batch, 5, 3)),
    }


FEW = ("attention_given", "delays", "gapped_mask_hold", "lengths_reverse_hold", "nested_scan", "until_steps")
"""Which stand for all where slow tests are left out: each takes XLA seconds."""


@pytest.mark.parametrize("path", [pytest.param(p, marks=() if p.stem in FEW else pytest.mark.slow, id=p.stem) for p in CASES])
def test_gradients(path: Path) -> None:
    plan = plan_of(path, 1)
    variables = {v.path: numbers_for(plan)[v.path] for v in plan.variables if v.kind in ("param", "var")}
    modules = [build(plan, jit=jit) for jit in ("never", "always")]
    for batch, steps in SIZES:
        given = inputs_of(batch, steps)
        given["n"] %= steps + 1 if path.stem != IDS else 5
        taken = plan.function("gradients").inputs
        inputs, targets = ({x.name: given[x.name] for x in taken if x.kind == kind} for kind in ("input", "target"))
        plain, compiled = (m.gradients(variables, inputs, targets) for m in modules)
        np.testing.assert_allclose(compiled["loss"], plain["loss"], rtol=1e-10)
        assert plain["gradients"]
        for name, value in plain["gradients"].items():
            np.testing.assert_allclose(compiled["gradients"][name], value, rtol=1e-8, atol=1e-10, err_msg=f"{name} {batch, steps}")


@pytest.mark.parametrize("path", [*CASES, SPECS / "deepspeech2.rnn"], ids=lambda p: p.stem)
def test_each_part_comes_after_what_it_reads(path: Path) -> None:
    """And after what first has an axis that its arguments lack; each node is in one part, constants and their copies apart."""
    for function in plan_of(path, 1).functions:
        known = {x.id for x in function.graph.inputs}
        axes = {axis for x in function.graph.inputs for axis in x.type.axes} | {axis for axis, _ in lengths_told(function.graph)}
        for part in parts(function.graph, function.ends()):
            nodes = part.nodes if isinstance(part, Region) else (part,)
            for node in nodes:
                own = set() if isinstance(node, Scan) else set(node.type.axes)
                assert own - axes <= set(() if isinstance(node, Scan) else node.attrs.about), node
                axes |= own
            if isinstance(part, Region):
                assert known >= set(part.reads) and any(isinstance(node, Scan) for node in part.nodes)
            else:
                assert known >= set(used_ids(part))
            known |= {node.id for node in nodes}
        assert known >= {node.id for node in function.graph.nodes}
        assert known >= set(function.ends())


def test_rooms() -> None:
    lengths = range(1, 300)
    rooms = [int(room_for(np.int32(n))) for n in lengths]
    assert rooms[:20] == [*range(1, 17), 20, 20, 20, 20]
    assert all(n <= room <= 1.25 * n for n, room in zip(lengths, rooms, strict=True))
    assert len(set(rooms)) < 40


MODEL = """
model m {
  input x: f32[batch, time, 3]
  input n: i32[batch]
  target y: f32[batch, 4]
  layer g = GRU(4)
  run = scan(g, x, lengths = n, reverse = true)
  output last = run.last
  loss l = mean(square(run.last - y))
  train step = sgd(rate = 0.1)
}"""


def test_an_artefact_takes_any_lengths(tmp_path: Path) -> None:
    """Saved, loaded and called with new shapes again and again: the same numbers, of the results and of what is trained."""
    random = np.random.default_rng(0)
    folders = {jit: tmp_path / jit for jit in ("never", "always")}
    for folder in folders.values():
        folder.mkdir()
    loaded = {jit: artefact(folder, MODEL, jit=jit) for jit, folder in folders.items()}
    for batch, steps in [(4, 33), (4, 35)]:
        x, y = random.normal(size=(batch, steps, 3)).astype("f4"), random.normal(size=(batch, 4)).astype("f4")
        n = random.integers(0, steps + 1, batch).astype("i4")
        lasts = {jit: m.predict(x=x, n=n)["last"] for jit, m in loaded.items()}
        losses = {jit: m.train("step", x=x, n=n, y=y)["loss"] for jit, m in loaded.items()}
        np.testing.assert_allclose(lasts["always"], lasts["never"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(losses["always"], losses["never"], rtol=1e-5)


def test_nothing_in_a_meta_graph_is_compiled(tmp_path: Path) -> None:
    """A session's own optimizer differentiates it."""
    artefact(tmp_path, MODEL, emit=["meta-graph"])
    assert b"_XlaMustCompile" in (tmp_path / "out/saved_model.pb").read_bytes()
    assert b"_XlaMustCompile" not in (tmp_path / "out/graph.meta").read_bytes()


RANDOM = """
model m(variational: bool = false) {
  input x: f32[batch, time, 3]
  input n: i32[batch]
  target y: f32[batch, 2]
  layer one = DropoutCell(Zoneout(LSTM(4), rate = 0.3), input = 0.4, output = 0.2, variational = variational)
  layer two = DropoutCell(GRU(4), state = 0.3, variational = variational)
  layer head = Dense(2)
  run = scan(two, scan(one, x, lengths = n), lengths = n, reverse = true)
  output last = head(run.last + 0.1 * random_normal(run.last))
  loss mse = mean(square(last - y))
  train step = sgd(rate = 0.5)
}
"""


@pytest.mark.parametrize("variational", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_draws_are_the_same_numbers(variational: bool) -> None:
    """In each half of the rows, an odd number of them too."""
    plan = plan_of(RANDOM, 1, variational=variational)
    scans = {node.id for node in plan.function("step").graph.nodes if isinstance(node, Scan)}
    modules = [build(plan, jit=jit) for jit in ("never", "always")]
    regions = [x for x in parts(plan.function("step").graph, plan.function("step").ends()) if isinstance(x, Region)]
    assert scans == {node.id for region in regions for node in region.nodes if isinstance(node, Scan)}
    random = np.random.default_rng(3)
    for batch in (5, 2):
        given = (random.normal(size=(batch, 7, 3)).astype("f4"), np.arange(2, 2 + batch, dtype="i4"), np.ones((batch, 2), "f4"))
        for _ in range(2):
            losses = [float(module.signature_functions["step"](*given)["loss"]) for module in modules]
            assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for path, variable in modules[0].variables_by_path.items():
        np.testing.assert_allclose(modules[1].variables_by_path[path], variable, rtol=1e-4, atol=1e-6, err_msg=path)


def test_layers_that_are_alike_share_what_is_compiled() -> None:
    """And one that is otherwise does not take theirs."""

    def compiled(cells: str, depth: int) -> int:
        layers = "".join(f"  layer c{k} = {cells}\n  z{k + 1} = scan(c{k}, z{k}, lengths = n)\n" for k in range(depth))
        text = f"""model m {{
  input x: f32[batch, time, 4]
  input n: i32[batch]
  z0 = x
{layers}  layer other = GRU(4)
  loss l = mean(scan(other, z{depth}, lengths = n))
  train step = sgd(rate = 0.1)
}}"""
        graph = build(plan_of(text, 1), jit="always").signature_functions["step"].get_concrete_function().graph.as_graph_def()
        nodes = [node for f in graph.library.function for node in f.node_def]
        return len({node.attr["f"].func.name for node in nodes if node.attr["_XlaMustCompile"].b})

    assert compiled("LSTM(4)", 2) == compiled("LSTM(4)", 4) > compiled("GRU(4)", 4)
