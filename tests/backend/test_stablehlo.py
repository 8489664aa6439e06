"""The texts of StableHLO modules. That they compute what the plan says is shown where they run: in `tests/peers/jax`."""

from __future__ import annotations

import json
import re

import pytest

from rnndsl.artefact.reading.opening import open_artefact
from rnndsl.backends.stablehlo.files import check_sizes, files_of, lowered
from rnndsl.backends.stablehlo.ops.table import LOWERINGS
from rnndsl.cli.main import main
from rnndsl.language.ops.table import OPS
from tests.compiling import plan_of

LINE = """
model line {
  input x: f32[batch, 2]
  target y: f32[batch]
  param w: f32[2, 1] ~ zeros
  p = (x @ w)[0]
  output p
  loss l = mean(square(p - y), over = batch)
  train fit = sgd(0.1)
}
"""
LOOPS = """
cell Walk() {
  state h: [2] = zeros
  h = h[t-1] + 1.0
  output h
}
axis turn
model noisy {
  input x: f32[batch, 2]
  input many: i32[]
  layer walk = Walk()
  run = scan(walk, steps = many, along = turn, initial = (h = x))
  output p = sum(run, over = turn)
  output q = run.last + random_normal(x)
  signature whole = p
  signature end = q
}
"""

PREDICT = """module @"predict" {
  func.func public @main(%1: tensor<2x1xf32>, %2: tensor<3x2xf32>) -> (tensor<3xf32>) {
    %3 = "stablehlo.dot_general"(%2, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], \
rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>} : \
(tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
    %4 = "stablehlo.reshape"(%3) : (tensor<3x1xf32>) -> tensor<3xf32>
    func.return %4 : tensor<3xf32>
  }
}
"""

ABSENT = {"carried", "initial", "together", "rows_before"}
"""Operations that have no form; a model is told where it asks for one. The last two are in steps that no module is made of."""


def files(text: str, **sizes: int) -> dict[str, str]:
    plan = plan_of(text, 1)
    check_sizes(plan, sizes)
    return files_of(*lowered(plan, sizes), sizes)


def test_a_module_is_one_function_of_variables_and_data():
    assert files(LINE, batch=3)["predict.mlir"] == PREDICT


def test_the_same_plan_has_the_same_bytes():
    assert files(LINE, batch=3) == files(LINE, batch=3)


def test_the_index_names_arguments_and_results_in_order():
    told = json.loads(files(LINE, batch=3)["functions.json"])
    assert told["sizes"] == {"batch": 3} and told["absent"] == {}
    assert list(told["functions"]) == ["apply", "evaluate", "fit", "gradients", "predict"]
    x, y, w, step = (
        {"value": "x", "dtype": "float32", "shape": [3, 2]},
        {"value": "y", "dtype": "float32", "shape": [3]},
        {"variable": "w", "dtype": "float32", "shape": [2, 1]},
        {"variable": "train/fit/step", "dtype": "int64", "shape": []},
    )
    assert told["functions"]["fit"] == {
        "file": "fit.mlir",
        "arguments": [w, step, x, y],
        "results": [{"value": name, "dtype": "float32", "shape": []} for name in ("l", "loss")] + [w, step],
    }
    assert {"value": "w", "dtype": "float32", "shape": [2, 1], "group": "gradients"} in told["functions"]["gradients"]["results"]


def test_every_value_is_defined_once_before_it_is_read():
    for name, text in files(LINE, batch=3).items():
        defined = re.findall(r"(%\d+)(?::\d+)? =|(%\d+): ", text)
        names = [a or b for a, b in defined]
        assert len(names) == len(set(names)), name
        assert set(re.findall(r"%\d+", text)) == set(names)


def test_what_has_no_form_is_named_with_its_place():
    told = json.loads(files(LOOPS, batch=3)["functions.json"])
    assert list(told["functions"]) == ["end"]
    assert told["absent"]["whole"] == {
        "operation": "all outputs of a scan of as many steps as `many` says",
        "place": "spec.rnn:13:9",
    }


def test_draws_are_told_apart_by_an_argument():
    told = json.loads(files(LOOPS, batch=3)["functions.json"])["functions"]["end"]
    counter = {"variable": "call_counter", "dtype": "int64", "shape": []}
    assert counter in told["arguments"] and counter in told["results"]
    noisy = LINE.replace("(x @ w)[0]", "(dropout(x, 0.5) @ w)[0]")
    told = json.loads(files(noisy, batch=3)["functions.json"])["functions"]
    assert told["gradients"]["arguments"][-1] == {"step": "step", "dtype": "int64", "shape": []}


def test_every_operation_has_a_lowering_or_is_known_to_lack_one():
    finished = {name for name, row in OPS.items() if "temporary" not in row.traits and name != "if_training"}
    assert finished - set(LOWERINGS) == ABSENT
    assert set(LOWERINGS) <= set(OPS)


@pytest.mark.slow
def test_compile_writes_them_beside_the_saved_model(tmp_path, capsys):
    (tmp_path / "noisy.rnn").write_text("rnn 1\n" + LOOPS)
    words = ["compile", str(tmp_path / "noisy.rnn"), "-o", str(tmp_path / "out"), "--emit", "stablehlo", "--sizes", "batch=3"]
    assert main(words) == 0
    said = "no StableHLO of `whole`: no form for all outputs of a scan of as many steps as `many` says (noisy.rnn:13:9)\n"
    assert said in capsys.readouterr().out
    manifest = open_artefact(tmp_path / "out")
    names = sorted(name for name in manifest.outputs if name.startswith("stablehlo/"))
    assert names == ["stablehlo/end.mlir", "stablehlo/functions.json"]
    assert manifest.provenance.flags == {"emit": ["stablehlo"], "sizes": {"batch": 3}}
